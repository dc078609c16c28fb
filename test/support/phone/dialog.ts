import { type Draft, token } from './agent.ts';
import { addressUri, cseqOf, type Header, type Message, tagOf } from './message.ts';

/** RFC 3261 12 from the phone's side: what both kinds of dialog (call, subscription) remember. */
export class Dialog {
  readonly callId: string;
  readonly localTag: string;
  remoteTag: string | undefined;
  remoteTarget: string;
  #local: string;
  #remote: string;
  #routes: readonly string[] = [];
  #cseq: number;
  /** The highest CSeq the other side used; undefined before its first request. */
  remoteCseq: number | undefined;

  private constructor(local: string, remote: string, target: string, callId: string, localTag: string, cseq: number) {
    this.#local = local;
    this.#remote = remote;
    this.remoteTarget = target;
    this.callId = callId;
    this.localTag = localTag;
    this.#cseq = cseq;
  }

  /** A dialog the phone is about to ask for. */
  static outgoing(localUri: string, remoteUri: string): Dialog {
    return new Dialog(`<${localUri}>`, `<${remoteUri}>`, remoteUri, `${token(8)}@phone`, token(), 0);
  }

  /** A dialog that a received INVITE opens. */
  static incoming(request: Message): Dialog {
    const from = request.header('From') ?? '';
    const target = addressUri(request.header('Contact') ?? from);
    const made = new Dialog(request.header('To') ?? '', from, target, request.header('Call-ID') ?? '', token(), 0);
    made.remoteTag = tagOf(from);
    made.#routes = splitList(request.all('Record-Route')); // RFC 3261 12.1.1: as they stand
    made.remoteCseq = cseqOf(request).number;
    return made;
  }

  get key(): string {
    return dialogKey(this.callId, this.localTag);
  }

  /** CSeq of the last request sent. */
  get cseq(): number {
    return this.#cseq;
  }

  readonly nextCseq = (): number => {
    this.#cseq += 1;
    return this.#cseq;
  };

  /** Learns tag, target and routes from a response that makes or refreshes the dialog. */
  learn(response: Message): void {
    const contact = response.header('Contact');
    if (contact !== undefined) this.remoteTarget = addressUri(contact);
    if (this.remoteTag !== undefined) return;
    this.remoteTag = tagOf(response.header('To'));
    this.#routes = splitList(response.all('Record-Route')).reverse(); // RFC 3261 12.1.2
  }

  /** The same from a request of the other side, which may overtake the response (RFC 6665 4.1.2.4). */
  learnFromRequest(request: Message): void {
    const contact = request.header('Contact');
    if (contact !== undefined) this.remoteTarget = addressUri(contact);
    if (this.remoteTag !== undefined) return;
    this.remoteTag = tagOf(request.header('From'));
    this.#routes = splitList(request.all('Record-Route'));
  }

  /** A request inside the dialog, or the one that asks for it. */
  draft(method: string, headers: readonly Header[] = [], body?: string): Draft {
    return {
      method,
      uri: this.remoteTarget,
      from: `${this.#local};tag=${this.localTag}`,
      to: this.remoteTag === undefined || tagOf(this.#remote) ? this.#remote : `${this.#remote};tag=${this.remoteTag}`,
      callId: this.callId,
      headers: [...this.#routes.map((route): Header => ['Route', route]), ...headers],
      ...(body === undefined ? {} : { body }),
    };
  }
}

export function dialogKey(callId: string, localTag: string): string {
  return `${callId} ${localTag}`;
}

function splitList(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(/,(?=\s*<)/)).map((value) => value.trim());
}
