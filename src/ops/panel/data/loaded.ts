import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ask, isAbsent, tokenGiven, wordsFor } from '../link/ask.ts';
import { connection } from './session.ts';

export interface Loaded<T> {
  /** The last that was read; null: nothing yet. It stands while `problem` says why there is nothing newer. */
  readonly value: Signal<T | null>;
  readonly problem: Signal<string | null>;
  /** The server has no such route: it is of a version without it. */
  readonly absent: Signal<boolean>;
  readonly again: () => void;
}

/**
 * Reads a path now, each `everyMs` while the page is looked at, when the connection is back, and when `again` is called: then
 * at most twice a second.
 */
export function useLoaded<T>(path: string | null, everyMs = 10_000): Loaded<T> {
  const value = useSignal<T | null>(null);
  const problem = useSignal<string | null>(null);
  const absent = useSignal(false);
  const again = useRef<() => void>(() => undefined);

  useEffect(() => {
    value.value = null;
    problem.value = null;
    absent.value = false;
    if (path === null) return;
    const stop = new AbortController();
    let busy = false;
    let asked = false;
    const read = async (): Promise<void> => {
      asked = true;
      if (busy) return;
      busy = true;
      while (asked && !stop.signal.aborted) {
        asked = false;
        try {
          const next = await ask<T>('GET', path, undefined, stop.signal);
          value.value = next;
          problem.value = null;
          absent.value = false;
        } catch (error) {
          if (stop.signal.aborted) break;
          absent.value = isAbsent(error);
          problem.value = wordsFor(error);
        }
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      busy = false;
    };
    again.current = () => void read();
    void read();
    const timer = setInterval(() => {
      if (!document.hidden && !absent.peek() && connection.peek() === 'live') void read();
    }, everyMs);
    const seen = { token: tokenGiven.peek(), connection: connection.peek() };
    const ends = [
      tokenGiven.subscribe((count) => {
        if (count !== seen.token) void read();
        seen.token = count;
      }),
      connection.subscribe((state) => {
        if (state === 'live' && seen.connection !== 'live') void read();
        seen.connection = state;
      }),
    ];
    return () => {
      stop.abort();
      clearInterval(timer);
      for (const end of ends) end();
    };
  }, [path, everyMs]);

  return { value, problem, absent, again: () => again.current() };
}
