import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { attempt, whyNot } from '../data/session.ts';
import type { Role } from '../words/shapes.ts';

interface Action {
  /** Who may press it. */
  readonly needs: Role;
  readonly act: () => Promise<unknown>;
  /** What it does, to whom: read out. */
  readonly label?: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A button that does something: off while it does, and where the role may not, with the reason. */
export function ActionButton({ needs, act, label, children, ...more }: Action) {
  const busy = useSignal(false);
  const reason = whyNot(needs);
  const press = async () => {
    if (busy.value) return;
    busy.value = true;
    await attempt(act);
    busy.value = false;
  };
  return (
    <button
      type="button"
      class={more.class}
      disabled={reason !== null}
      title={reason ?? label}
      aria-label={label}
      aria-busy={busy.value}
      onClick={() => void press()}
    >
      {children}
    </button>
  );
}
