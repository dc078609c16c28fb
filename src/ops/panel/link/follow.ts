import { headers, refusal, tokenGiven, tokenNeeded } from './ask.ts';
import { eventReader, type StreamEvent } from './event-reader.ts';

/** The server says something each 15 s; who hears nothing for so long has lost it. */
const silenceMs = 40_000;
const pausesMs = [500, 1000, 2000, 4000];

interface Follower {
  /**
   * The stream is open. `resumed`: what was missed comes by it, or an event `reset` says that it cannot. Rejecting closes
   * the stream, and it is tried again.
   */
  connected(resumed: boolean): Promise<void>;
  /** Events that come before `connected` has ended wait for it. */
  told(event: StreamEvent): void;
  lost(error: unknown): void;
}

/** Follows an event stream until `stop`: EventSource could not send the token, so it is read by fetch. */
export async function follow(path: string, follower: Follower, stop: AbortSignal): Promise<void> {
  /** Of the last event on top of a state that was read whole; empty: there is none. */
  let lastId = '';
  for (let failures = 0; !stop.aborted; ) {
    const silence = new AbortController();
    const quit = () => silence.abort();
    stop.addEventListener('abort', quit);
    let timer = 0;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(quit, silenceMs);
    };
    try {
      alive();
      const given = tokenGiven.peek();
      const answer = await fetch(path, {
        headers: lastId === '' ? headers() : headers({ 'Last-Event-ID': lastId }),
        cache: 'no-store',
        signal: silence.signal,
      });
      if (!answer.ok || answer.body === null) throw await refusal(answer, given);
      let waiting: StreamEvent[] | null = [];
      const read = eventReader((event) => {
        if (waiting !== null) waiting.push(event);
        else take(event);
      });
      const take = (event: StreamEvent) => {
        if (event.id !== '') lastId = event.id;
        follower.told(event);
      };
      const loaded = follower.connected(resumable(lastId)).then(() => {
        failures = 0;
        for (const event of waiting ?? []) take(event);
        waiting = null;
      });
      loaded.catch(() => {
        lastId = '';
        quit();
      });
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        alive();
        read(value);
      }
      await loaded;
      follower.lost(null);
    } catch (error) {
      if (!stop.aborted) follower.lost(error);
    }
    clearTimeout(timer);
    stop.removeEventListener('abort', quit);
    await pause(pausesMs[Math.min(failures++, pausesMs.length - 1)] ?? 0, stop);
  }
}

/** Ids of a server that can resume name its process: `<start>-<n>`. */
function resumable(id: string): boolean {
  return /^.+-\d+$/.test(id);
}

/** Until the time is over and no token is being asked for, or there is a new one, or it is to stop. */
function pause(ms: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const before = tokenGiven.peek();
    const done = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', done);
      stopListening();
      resolve();
    };
    const timer = setTimeout(() => {
      if (!tokenNeeded.peek()) done();
    }, ms);
    stop.addEventListener('abort', done);
    const stopListening = tokenGiven.subscribe((now) => {
      if (now !== before) done();
    });
  });
}
