import { ReceivedRequest } from '../embedded/received-request.ts';
import type { Flow, SipRequest } from '../engine.ts';
import type { ParsedRequest } from '../message/parse.ts';

/**
 * A request that says nothing of a dialog, though the server has put it into one: same Call-ID, same tag of the phone. It
 * will be answered with that dialog's tag whatever we say, so it is read as if it had it.
 */
export class JoinedRequest implements SipRequest {
  readonly flow: Flow;
  readonly parts: NonNullable<SipRequest['parts']>;
  readonly #request: ReceivedRequest;
  readonly #to: string;

  constructor(message: ParsedRequest, flow: Flow, localTag: string) {
    this.#request = new ReceivedRequest(message, flow);
    this.flow = flow;
    this.#to = `${message.headers.first('To') ?? ''};tag=${localTag}`;
    this.parts = { target: message.target, from: message.from, to: { uri: message.to.uri, tag: localTag } };
  }

  get method(): string {
    return this.#request.method;
  }

  get uri(): string {
    return this.#request.uri;
  }

  get body(): Buffer {
    return this.#request.body;
  }

  header(name: string): string | undefined {
    return name === 'To' ? this.#to : this.#request.header(name);
  }

  headers(name: string): readonly string[] {
    return name === 'To' ? [this.#to] : this.#request.headers(name);
  }
}

/** Why the server could not be trusted with the names in a request; null: it can. Both are no SIP (RFC 3261 25.1). */
export function nameProblem(message: ParsedRequest): string | null {
  const { headers, fromTag, cseq } = message;
  // the leader of a control message is cut at bars, and has these in it
  if (/[|\s]/.test(headers.first('Call-ID') ?? '')) return 'Bad Call-ID';
  if (/[|\s]/.test(fromTag ?? '')) return 'Bad From Tag';
  // the server finds our tag by these letters, wherever they stand first
  if (message.toTag === null && (headers.first('To') ?? '').includes('tag=')) return 'Bad To';
  // the server counts on from here (RFC 3261 8.1.1.5)
  return cseq >= 2 ** 31 ? 'Bad CSeq' : null;
}
