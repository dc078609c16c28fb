import type { TracedSubscription } from '../model/trace.ts';
import type { Head } from './head.ts';

/** Ended ones that are remembered: their messages are still in the ring. */
const mostEnded = 2_000;
/** Requests whose Event is remembered for their responses, of Call-IDs with several subscriptions. */
const mostRequests = 2_000;

/**
 * From Call-ID to subscription. The living ones are asked for when somebody reads, so that nothing of this is paid for by
 * a SUBSCRIBE.
 */
export class Links {
  readonly #living: () => Iterable<TracedSubscription>;
  #byCallId: ReadonlyMap<string, readonly TracedSubscription[]> = new Map();
  /** Oldest first. */
  readonly #ended = new Map<number, TracedSubscription>();
  readonly #requests = new Map<string, string>();

  constructor(living: () => Iterable<TracedSubscription>) {
    this.#living = living;
  }

  /** One has ended. */
  ended(subscription: TracedSubscription): void {
    this.#ended.set(subscription.id, subscription);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > mostEnded && oldest !== undefined) this.#ended.delete(oldest);
  }

  /** Looks at all that live, again. */
  refresh(): void {
    const byCallId = new Map<string, TracedSubscription[]>();
    for (const living of [this.#ended.values(), this.#living()]) {
      for (const one of living) {
        const others = byCallId.get(one.callId);
        if (others === undefined) byCallId.set(one.callId, [one]);
        else others.push(one);
      }
    }
    this.#byCallId = byCallId;
  }

  knows(callId: string): boolean {
    return this.#byCallId.has(callId);
  }

  /** The Call-IDs of those that are meant, living or ended. */
  callIdsOf(isMeant: (subscription: TracedSubscription) => boolean): ReadonlySet<string> {
    const callIds = new Set<string>();
    for (const [callId, subscriptions] of this.#byCallId) if (subscriptions.some(isMeant)) callIds.add(callId);
    return callIds;
  }

  /** null: it belongs to none that is known. Messages must be asked for in their order. */
  find(head: Head): TracedSubscription | null {
    const { callId, start, cseq, method } = head;
    const candidates = callId === null ? undefined : this.#byCallId.get(callId);
    const [only, second] = candidates ?? [];
    if (candidates === undefined || only === undefined) return null;
    if (second === undefined) return only;
    // several in one dialog (RFC 5057), or one after the other: the Event header says which, and a response has none
    const key = `${callId}\n${cseq}\n${method}`;
    const event = start?.kind === 'request' ? (head.headers.get('event') ?? '') : this.#requests.get(key);
    if (event === undefined) return null;
    if (start?.kind === 'request') this.#remember(key, event);
    return candidates.findLast((one) => isEvent(one, event)) ?? null;
  }

  #remember(key: string, event: string): void {
    this.#requests.set(key, event);
    const [oldest] = this.#requests.keys();
    if (this.#requests.size > mostRequests && oldest !== undefined) this.#requests.delete(oldest);
  }
}

function isEvent({ event, eventId }: TracedSubscription, header: string): boolean {
  const [name = '', ...params] = header.split(';').map((part) => part.trim());
  const id = params.find((param) => /^id\s*=/i.test(param))?.replace(/^id\s*=\s*/i, '') ?? null;
  return name.toLowerCase() === event && id === eventId;
}
