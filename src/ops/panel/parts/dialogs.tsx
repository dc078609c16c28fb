import { type Signal, signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** A modal window while it is in the page; Esc closes it where `onClose` is given. */
export function Modal(props: {
  readonly title: string;
  readonly onClose: (() => void) | null;
  readonly children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        props.onClose?.();
      }}
      onKeyDown={(event) => {
        // A second Esc would close what refuses to be closed.
        if (event.key === 'Escape') {
          event.preventDefault();
          event.stopPropagation();
          props.onClose?.();
        }
      }}
    >
      <h2 id="dialog-title">{props.title}</h2>
      {props.children}
    </dialog>
  );
}

interface Question {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
  readonly act: () => void;
}

const question: Signal<Question | null> = signal(null);

/** Asks before what cannot be taken back. */
export function askFirst(asked: Question): void {
  question.value = asked;
}

export function QuestionDialog() {
  const asked = question.value;
  if (asked === null) return null;
  const close = () => {
    question.value = null;
  };
  return (
    <Modal title={asked.title} onClose={close}>
      <p>{asked.text}</p>
      <div class="row end">
        <button type="button" onClick={close}>
          Cancel
        </button>
        <button
          type="button"
          class="main"
          onClick={() => {
            close();
            asked.act();
          }}
        >
          {asked.yes}
        </button>
      </div>
    </Modal>
  );
}
