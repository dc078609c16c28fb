import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ask, Refused, tokenGiven, wordsFor } from '../link/ask.ts';
import { follow } from '../link/follow.ts';
import type { Traced } from '../words/shapes.ts';

/** What the page keeps of one ladder; older messages are in the daemon's own ring, or gone. */
export const mostMessages = 500;

export interface Ladder {
  /** Oldest first. */
  readonly messages: Signal<readonly Traced[]>;
  readonly live: Signal<boolean>;
  /** How often messages passed too fast to be shown. */
  readonly missed: Signal<number>;
  readonly problem: Signal<string | null>;
}

/** The SIP messages that a query names, those to come included. */
export function useTrace(query: string): Ladder {
  const messages = useSignal<readonly Traced[]>([]);
  const live = useSignal(false);
  const missed = useSignal(0);
  const problem = useSignal<string | null>(null);

  useEffect(() => {
    messages.value = [];
    live.value = false;
    missed.value = 0;
    problem.value = null;
    const stop = new AbortController();
    let pending: Traced[] = [];
    const show = () => {
      messages.value = merged(messages.peek(), pending);
      pending = [];
    };
    const failed = (error: unknown) => {
      live.value = false;
      if (stop.signal.aborted) return;
      if (error !== null) problem.value = wordsFor(error);
      // Asking again would help as little.
      if (error instanceof Refused && (error.status === 403 || error.status === 404)) stop.abort();
    };
    void follow(
      `/api/v1/trace/stream?${query}`,
      {
        connected: async (resumed) => {
          if (resumed) {
            live.value = true;
            problem.value = null;
            return;
          }
          const path = `/api/v1/trace?${query}&limit=${mostMessages}`;
          messages.value = merged([], await ask<Traced[]>('GET', path, undefined, stop.signal));
          live.value = true;
          problem.value = null;
        },
        told: ({ event, data }) => {
          if (event === 'missed') missed.value++;
          if (event !== 'message') return;
          if (pending.length === 0) requestAnimationFrame(show);
          pending.push(JSON.parse(data) as Traced);
          // Nobody looks: frames do not come, and what is older than the last of these would be left out anyway.
          if (pending.length > mostMessages) pending = pending.slice(-mostMessages);
        },
        lost: failed,
      },
      stop.signal,
    );
    return () => stop.abort();
  }, [query, tokenGiven.value]);

  return { messages, live, missed, problem };
}

function merged(before: readonly Traced[], more: readonly Traced[]): readonly Traced[] {
  const known = new Set(before.map(({ id }) => id));
  return [...before, ...more.filter(({ id }) => !known.has(id))].slice(-mostMessages);
}
