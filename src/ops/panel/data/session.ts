import { computed, signal } from '@preact/signals';
import { ask, wordsFor } from '../link/ask.ts';
import type { Role, Status } from '../words/shapes.ts';
import { typedAs } from '../words/typed.ts';

/** What Lamplighter says of itself; null: not asked yet. */
export const status = signal<Status | null>(null);

/** A text with its commands as they are typed where the daemon runs. */
export function typed(text: string): string {
  return typedAs(text, status.value?.program ?? 'lamplighter');
}

/** `lost`: what is shown may be old. */
export const connection = signal<'connecting' | 'live' | 'lost'>('connecting');
/** When the last of it was heard; milliseconds since the epoch. */
export const lastHeard = signal(Date.now());

/** What went wrong with what was pressed last; null: nothing. */
export const problem = signal<string | null>(null);

/** Grows each second while somebody looks. */
export const now = signal(Date.now());

export function startClock(): void {
  setInterval(() => {
    if (!document.hidden) now.value = Date.now();
  }, 1000);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) now.value = Date.now();
  });
}

const ranks: Readonly<Record<Role, number>> = { read: 0, operate: 1, admin: 2 };

/** Servers that know no roles let everybody in who holds the token. */
export const role = computed<Role>(() => status.value?.you?.role ?? 'admin');

/** null: this client may; else why not, for people. */
export function whyNot(needed: Role): string | null {
  if (ranks[role.value] >= ranks[needed]) return null;
  return `needs a token of role ${needed}; yours is ${role.value}`;
}

/** Does what was pressed; what goes wrong is shown. True: it went well. */
export async function attempt(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    problem.value = null;
    return true;
  } catch (error) {
    problem.value = wordsFor(error);
    return false;
  }
}

export async function loadStatus(): Promise<void> {
  status.value = await ask<Status>('GET', '/api/v1/status');
}
