import type { ComponentChildren } from 'preact';
import type { Loaded } from '../data/loaded.ts';
import { Icon } from './icons.tsx';

/** Why there is nothing here, or nothing newer. */
export function LoadNote<T>({ of }: { readonly of: Loaded<T> }) {
  if (of.problem.value !== null) {
    return (
      <p class="note" data-level={of.absent.value ? 'quiet' : 'fail'}>
        {of.problem}
        {of.value.value !== null && ' What you see is what was read last.'}
      </p>
    );
  }
  return of.value.value === null ? <p class="note">Reading…</p> : null;
}

/** A word with a sign before it. */
export function Badge(props: {
  readonly level: 'ok' | 'warn' | 'fail' | 'plain';
  readonly title?: string | undefined;
  readonly children: ComponentChildren;
}) {
  return (
    <span class="badge" data-level={props.level} title={props.title}>
      {props.level !== 'plain' && <Icon name={props.level} size={12} />}
      {props.children}
    </span>
  );
}
