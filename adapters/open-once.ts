import { type Clock, within } from '../src/model/clock.ts';
import { Fault } from '../src/model/errors.ts';
import type { LinkHandlers } from './link.ts';

/** A stream of events that can be listened to for a while. */
export interface Heard<E> {
  /** Answers how to stop. */
  hear(listener: (event: E) => void): () => void;
}

/** A connection for the time of the checks. */
export type Opened<E> = Heard<E> & { close(): void };

/** How long it may take to come up; milliseconds. */
const openMs = 4_000;
/** How long an event may take from the PBX to here; milliseconds. */
const eventMs = 3_000;

/** Opens a link once: one that tries again and again would be no answer. */
export function openOnce<E>(
  link: { start(handlers: LinkHandlers<E>): void; stop(): void },
  clock: Clock,
): Promise<Opened<E> | Fault> {
  const listeners = new Set<(event: E) => void>();
  const opened = new Promise<Opened<E> | Fault>((resolve) => {
    link.start({
      up: () => resolve({ hear: (listener) => heard(listeners, listener), close: () => link.stop() }),
      down: (fault) => {
        link.stop();
        resolve(fault);
      },
      event: (event) => void overheard(event, listeners),
    });
  });
  return within<Opened<E> | Fault>(clock, openMs, opened, () => {
    link.stop();
    return new Fault('pbx-unreachable', `no answer within ${openMs / 1000} s`);
  });
}

/** Adds a listener; answers how to take it away again. */
export function heard<E>(listeners: Set<(event: E) => void>, listener: (event: E) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Tells whoever listens, and gives the event back. */
export function overheard<E>(event: E, listeners: ReadonlySet<(event: E) => void>): E {
  if (listeners.size > 0) for (const listener of [...listeners]) listener(event);
  return event;
}

/** The first event that fits, once `cause` was done; null: none came in time. What `cause` rejects with, this rejects with. */
export async function comes<E>(
  { hear }: Heard<E>,
  clock: Clock,
  fits: (event: E) => boolean,
  cause: () => Promise<unknown>,
): Promise<E | null> {
  let stop = (): void => undefined;
  const arrived = new Promise<E>((resolve) => {
    stop = hear((event) => {
      if (fits(event)) resolve(event);
    });
  });
  try {
    await cause();
    return await within<E | null>(clock, eventMs, arrived, () => null);
  } finally {
    stop();
  }
}
