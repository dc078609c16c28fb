import { eventPackages } from '../../src/event-packages/index.ts';
import { systemClock } from '../../src/model/clock.ts';
import { token } from '../support/phone/agent.ts';
import { answerTo, type Challenge, challengesOf } from '../support/phone/digest.ts';
import { Inbox } from '../support/phone/inbox.ts';
import { addressUri, cseqOf, Message, params, tagOf } from '../support/phone/message.ts';
import { type Notify, read } from '../support/phone/subscription.ts';
import { openTcp, openUdp, type Place, type Wire } from '../support/phone/wire.ts';

/** Milliseconds (RFC 3261 17.1.2.2). */
const t2 = 4000;

export const domain = 'lamplighter.test';

/** Allow-Events, complete (RFC 6665 4.4.4). */
export const allowEvents = eventPackages.map(({ event }) => event).join(', ');

/** A dialog as the hand that writes it knows it. */
export interface Talk {
  readonly user: string;
  readonly callId: string;
  readonly fromTag: string;
  toTag: string | null;
  cseq: number;
  /** Request-URI of what is written next. */
  target: string;
}

/** Header values to write instead of the usual ones; a list: one line each; null: no such line. Latin-1. */
export type Lines = Readonly<Record<string, string | readonly string[] | null>>;

export interface Ask {
  /** Whose credentials are used, and who stands in From. */
  readonly user: string;
  /** Continue this dialog; default: a new one for the user's own resource. */
  readonly talk?: Talk;
  readonly method?: string;
  readonly uri?: string;
  /** Default `dialog`. */
  readonly event?: string;
  /** Default 600. */
  readonly expires?: number | string;
  readonly lines?: Lines;
  /** Latin-1; needs its Content-Type in `lines`. */
  readonly body?: string;
  /** Default true: a 401 is answered with credentials. */
  readonly answerChallenge?: boolean;
  readonly algorithm?: Challenge['algorithm'];
}

export interface Answer {
  readonly status: number;
  readonly message: Message;
  /** Latin-1, as it came. */
  readonly text: string;
  /** The last request sent, Latin-1. */
  readonly sent: string;
  readonly talk: Talk;
  header(name: string): string | undefined;
}

export type Heard = Notify & { readonly text: string; readonly callId: string };
type Reply = number | null | { readonly status: number; readonly headers: string };

/** A phone whose every byte is written by the test: for what no phone should send, and to see exactly what comes back. */
export class Hand {
  readonly responses = new Inbox<{ text: string; message: Message }>(systemClock, 'response', ({ text }) => text);
  readonly notifies = new Inbox<Heard>(systemClock, 'NOTIFY', ({ text }) => text);
  /** What else comes to it; answered by `answer`. */
  readonly requests = new Inbox<Message>(systemClock, 'request', ({ start }) => start);
  /** How NOTIFYs are answered; `copy` counts from 1. null: not at all. */
  reply: (notify: Heard, copy: number) => Reply = () => 200;
  /** SUBSCRIBEs that come to it. */
  onSubscribe: ((bytes: Buffer, back: (bytes: Buffer) => void) => void) | undefined;
  readonly #wire: Wire;
  readonly #copies = new Map<string, number>();
  readonly #backs = new WeakMap<Message, (bytes: Buffer) => void>();

  static async open(server: Place, transport: 'udp' | 'tcp', port = 0): Promise<Hand> {
    let hand: Hand | undefined;
    const wire = await (transport === 'udp' ? openUdp : openTcp)(
      server,
      { host: '127.0.0.1', port },
      { bytes: (bytes, back) => hand?.onBytes(bytes, back), down: () => undefined },
    );
    hand = new Hand(wire);
    return hand;
  }

  private constructor(wire: Wire) {
    this.#wire = wire;
  }

  get port(): number {
    return this.#wire.local.port;
  }

  get transport(): Wire['transport'] {
    return this.#wire.transport;
  }

  send(bytes: string | Buffer): void {
    this.#wire.send(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Answers one of `requests`; `lines`: complete header lines. */
  answer(request: Message, status: number, lines: readonly string[] = []): void {
    this.answerAs(request, request, status, lines);
  }

  /** The same, with the headers that an answer copies taken from elsewhere. */
  answerAs(
    came: Message,
    request: Pick<Message, 'all' | 'header'>,
    status: number,
    lines: readonly string[] = [],
  ): void {
    const kept = ['Via', 'From', 'Call-ID', 'CSeq'].flatMap((name) =>
      request.all(name).map((value) => `${name}: ${value}`),
    );
    const to = request.header('To') ?? '';
    const tagged = `To: ${to}${tagOf(to) === undefined ? ';tag=hand' : ''}`;
    const text = [`SIP/2.0 ${status} X`, ...kept, tagged, ...lines, 'Content-Length: 0', '', ''].join('\r\n');
    this.#backs.get(came)?.(Buffer.from(text, 'latin1'));
  }

  close(): Promise<void> {
    this.requests.close('closed');
    this.responses.close('closed');
    this.notifies.close('closed');
    return this.#wire.close();
  }

  talk(user: string, resource = user): Talk {
    const [callId, fromTag] = [`${token(8)}@hand`, token()];
    return { user, callId, fromTag, toTag: null, cseq: 0, target: `sip:${resource}@${domain}` };
  }

  /** The bytes of a request, Latin-1. Takes the talk's next CSeq. */
  write(ask: Ask, talk = ask.talk ?? this.talk(ask.user)): string {
    const { method = 'SUBSCRIBE', event = 'dialog', expires = 600, body = '' } = ask;
    talk.cseq += 1;
    const transport = this.transport === 'tcp' ? ';transport=tcp' : '';
    const usual: Lines = {
      Via: `SIP/2.0/${this.transport.toUpperCase()} 127.0.0.1:${this.port};branch=z9hG4bK${token(8)};rport`,
      'Max-Forwards': '70',
      From: `<sip:${talk.user}@${domain}>;tag=${talk.fromTag}`,
      To: `<sip:${talk.user}@${domain}>${talk.toTag === null ? '' : `;tag=${talk.toTag}`}`,
      'Call-ID': talk.callId,
      CSeq: `${talk.cseq} ${method}`,
      Contact: `<sip:${talk.user}@127.0.0.1:${this.port}${transport}>`,
      ...(method === 'SUBSCRIBE' ? { Event: event, Expires: String(expires) } : {}),
      ...ask.lines,
      ...(ask.lines?.['Content-Length'] === undefined ? { 'Content-Length': String(body.length) } : {}),
    };
    const lines = Object.entries(usual).flatMap(([name, value]) =>
      (value === null ? [] : [value].flat()).map((one) => `${name}: ${one}`),
    );
    return [`${method} ${ask.uri ?? talk.target} SIP/2.0`, ...lines, '', body].join('\r\n');
  }

  /** Sends a request and gives its final answer. */
  async ask(ask: Ask): Promise<Answer> {
    const talk = ask.talk ?? this.talk(ask.user);
    const first = await this.#exchange(this.write(ask, talk), talk);
    if (first.status !== 401 || ask.answerChallenge === false) return first;
    const credentials = this.credentials(first, ask, 1);
    return this.#exchange(this.write({ ...ask, lines: { ...ask.lines, Authorization: credentials } }, talk), talk);
  }

  /** The value of Authorization that answers a 401. */
  credentials(challenge: Answer, ask: Ask, count: number): string {
    const offered = challengesOf(challenge.message);
    const chosen = offered.find(({ algorithm }) => algorithm === (ask.algorithm ?? offered[0]?.algorithm));
    if (chosen === undefined) throw new Error(`no challenge in ${challenge.text}`);
    const secret = { user: ask.user, password: `secret${ask.user}` };
    return answerTo(chosen, secret, ask.method ?? 'SUBSCRIBE', ask.uri ?? challenge.talk.target, count)[1];
  }

  /** Sends bytes, and then an OPTIONS; gives everything that came before the answer to it. */
  async provoke(bytes: string | Buffer, user = 'probe'): Promise<string[]> {
    const before = this.responses.all.length;
    this.send(bytes);
    const probe = await this.ask({ user, method: 'OPTIONS' });
    if (probe.status !== 200) throw new Error(`OPTIONS was answered ${probe.status}`);
    return this.responses.all.slice(before, -1).map(({ text }) => text);
  }

  /** The next NOTIFY, of this dialog if one is given. */
  next(talk?: Talk, wants: (notify: Heard) => boolean = () => true): Promise<Heard> {
    return this.notifies.next((notify) => (talk === undefined || notify.callId === talk.callId) && wants(notify));
  }

  heard(talk: Talk): readonly Heard[] {
    return this.notifies.all.filter(({ callId }) => callId === talk.callId);
  }

  async #exchange(request: string, talk: Talk): Promise<Answer> {
    const cseq = /^CSeq: *(.*?)\r$/im.exec(request)?.[1];
    this.send(request);
    // RFC 3261 17.1.2.2, at T2 alone: a copy of the answer that was only late would be one more than tests count
    const again = this.transport === 'udp' ? systemClock.after(t2, () => this.send(request)) : null;
    const { text, message } = await this.responses
      .next(
        (response) => response.message.header('Call-ID') === talk.callId && response.message.header('CSeq') === cseq,
      )
      .finally(() => again?.cancel());
    if (message.status >= 200 && message.status < 300 && !/OPTIONS|CANCEL/.test(cseq ?? '')) {
      talk.toTag = tagOf(message.header('To')) ?? null;
      talk.target = addressUri(message.header('Contact') ?? talk.target);
    }
    return { status: message.status, message, text, sent: request, talk, header: (name) => message.header(name) };
  }

  onBytes(bytes: Buffer, back: (bytes: Buffer) => void): void {
    const message = Message.parse(bytes); // what is no SIP fails the test here
    const text = bytes.toString('latin1');
    if (message.isResponse) {
      this.responses.push({ text, message });
      return;
    }
    if (message.method === 'SUBSCRIBE') {
      this.onSubscribe?.(bytes, back);
      return;
    }
    if (message.method !== 'NOTIFY') {
      this.#backs.set(message, back);
      this.requests.push(message);
      return;
    }
    const branch = params(message.header('Via') ?? '').get('branch') ?? '';
    const copy = (this.#copies.get(branch) ?? 0) + 1;
    this.#copies.set(branch, copy);
    const notify: Heard = { ...read(message), text, callId: message.header('Call-ID') ?? '' };
    const reply = this.reply(notify, copy);
    if (copy === 1) this.notifies.push(notify);
    if (reply === null) return;
    const [status, headers] = typeof reply === 'number' ? [reply, ''] : [reply.status, reply.headers];
    const kept = text.split('\r\n').filter((line) => /^(via|from|to|call-id|cseq):/i.test(line));
    back(Buffer.from([`SIP/2.0 ${status} X`, ...kept, `${headers}Content-Length: 0`, '', ''].join('\r\n'), 'latin1'));
  }
}

export { cseqOf };
