import { createHash, randomBytes } from 'node:crypto';
import { systemClock } from '../../../src/model/clock.ts';
import { token } from './agent.ts';
import { answerTo, challengesOf } from './digest.ts';
import { Inbox } from './inbox.ts';
import { addressUri, cseqOf, type Header, Message, params, tagOf } from './message.ts';
import { openTcp, openUdp, type Wire } from './wire.ts';

/** A subscription that somebody holds at this phone. */
export interface Held {
  readonly event: string;
  readonly callId: string;
  /** The phone's own tag, and the watcher's. */
  readonly ownTag: string;
  readonly theirTag: string;
  /** Where the watcher wants NOTIFYs. */
  target: string;
  /** Seconds, as last asked. */
  expires: number;
  readonly to: string;
  readonly from: string;
  cseq: number;
}

/** How a SUBSCRIBE is answered; `silent`: not at all. `notify`: what follows a 2xx, null: nothing does. */
export interface Reaction {
  readonly status: number | 'silent';
  readonly headers?: readonly Header[];
  readonly notify?: NotifyText | null;
}

export interface NotifyText {
  /** Subscription-State; default `active` with the seconds asked for. */
  readonly state?: string;
  readonly contentType?: string;
  readonly body?: string;
  /** Instead of the usual lines; null: without it. */
  readonly lines?: Readonly<Record<string, string | null>>;
  /** Default: the next one. */
  readonly cseq?: number;
  /** A 401 is answered with this password. */
  readonly password?: string;
}

export interface WatchedOptions {
  readonly user: string;
  readonly domain: string;
  readonly server: { readonly host: string; readonly port: number; readonly transport: 'udp' | 'tcp' };
  /** It asks for this password before it accepts a SUBSCRIBE. */
  readonly challenge?: {
    readonly status: 401 | 407;
    readonly algorithm: 'MD5' | 'SHA-256';
    readonly realm: string;
    readonly password: string;
  };
  readonly localPort?: number;
}

/** A phone that can be watched: answers SUBSCRIBEs and sends NOTIFYs, right ones and any other. */
export class WatchedPhone {
  readonly user: string;
  /** Every SUBSCRIBE that was let in, once each. */
  readonly subscribes = new Inbox<Message>(systemClock, 'SUBSCRIBE', (message) => message.toString());
  /** Subscriptions that began, in order. */
  readonly begun = new Inbox<Held>(systemClock, 'subscription', ({ event, callId }) => `${event} ${callId}`);
  /** Subscriptions that stand, by Call-ID and the watcher's tag. */
  readonly held = new Map<string, Held>();
  /** How often it asked for a password, and how often the answer was wrong. */
  challenged = 0;
  wrong = 0;
  /** Every nonce count that came, in order. */
  readonly counts: string[] = [];
  react: (request: Message, known: Held | undefined) => Reaction = () => ({ status: 200 });
  readonly #options: WatchedOptions;
  readonly #wire: Wire;
  readonly #answers = new Inbox<Message>(systemClock, 'response', (message) => message.toString());
  readonly #served = new Map<string, Buffer | null>();
  readonly #nonces = new Set<string>();

  static async open(options: WatchedOptions): Promise<WatchedPhone> {
    let phone: WatchedPhone | undefined;
    const { server, localPort = 0 } = options;
    const open = server.transport === 'udp' ? openUdp : openTcp;
    const wire = await open(
      server,
      { host: '127.0.0.1', port: localPort },
      { bytes: (bytes, reply) => phone?.onBytes(bytes, reply), down: () => undefined },
    );
    phone = new WatchedPhone(options, wire);
    return phone;
  }

  private constructor(options: WatchedOptions, wire: Wire) {
    this.user = options.user;
    this.#options = options;
    this.#wire = wire;
  }

  get port(): number {
    return this.#wire.local.port;
  }

  /** What it registers with. */
  get contact(): string {
    const tcp = this.#wire.transport === 'tcp' ? ';transport=tcp' : '';
    return `sip:${this.user}@127.0.0.1:${this.port}${tcp}`;
  }

  /** The next subscription to a package. */
  next(event: string, timeoutMs?: number): Promise<Held> {
    return this.begun.next((held) => held.event === event, timeoutMs);
  }

  /** Sends a NOTIFY in a subscription and gives the final answer. */
  async notify(held: Held, text: NotifyText = {}): Promise<Message> {
    const answer = await this.#exchange(held, text, undefined);
    if (answer.status !== 401 || text.password === undefined) return answer;
    const [challenge] = challengesOf(answer);
    if (challenge === undefined) throw new Error('a 401 without a challenge');
    const secret = { user: this.user, password: text.password };
    return this.#exchange(held, text, answerTo(challenge, secret, 'NOTIFY', held.target, 1));
  }

  /** The bytes of a NOTIFY. */
  write(held: Held, text: NotifyText = {}, credentials?: Header): Message {
    held.cseq = text.cseq ?? held.cseq + 1;
    const { body = '', contentType, state = `active;expires=${held.expires}`, lines = {} } = text;
    const usual: Record<string, string | null> = {
      Via: `SIP/2.0/${this.#wire.transport.toUpperCase()} 127.0.0.1:${this.port};branch=z9hG4bK${token(8)};rport`,
      'Max-Forwards': '70',
      From: `${held.from};tag=${held.ownTag}`,
      To: `${held.to}`,
      'Call-ID': held.callId,
      CSeq: `${held.cseq} NOTIFY`,
      Contact: `<${this.contact}>`,
      Event: held.event,
      'Subscription-State': state,
      ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
      ...lines,
    };
    const headers = Object.entries(usual).flatMap(([name, value]): Header[] => (value === null ? [] : [[name, value]]));
    return new Message(
      `NOTIFY ${held.target} SIP/2.0`,
      credentials === undefined ? headers : [...headers, credentials],
      body,
    );
  }

  /** Sends without waiting. */
  send(message: Message): void {
    this.#wire.send(message.toBytes());
  }

  async close(): Promise<void> {
    for (const inbox of [this.subscribes, this.begun, this.#answers]) inbox.close('closed');
    await this.#wire.close();
  }

  async #exchange(held: Held, text: NotifyText, credentials: Header | undefined): Promise<Message> {
    const message = this.write(held, text, credentials);
    const branch = branchOf(message);
    const answered = this.#answers.next((answer) => branchOf(answer) === branch, 40_000);
    this.send(message);
    return answered;
  }

  onBytes(bytes: Buffer, reply: (bytes: Buffer) => void): void {
    const message = Message.parse(bytes);
    if (message.isResponse) {
      this.#answers.push(message);
      return;
    }
    const branch = branchOf(message);
    if (this.#served.has(branch)) {
      const before = this.#served.get(branch) ?? null;
      if (before !== null) reply(before);
      return;
    }
    const answer: Answered | null =
      message.method === 'SUBSCRIBE' ? this.#onSubscribe(message) : respond(message, 405, []);
    this.#served.set(branch, answer?.bytes ?? null);
    if (answer !== null) reply(answer.bytes);
    answer?.after?.();
  }

  #onSubscribe(request: Message): Answered | null {
    const refusal = this.#challenge(request);
    if (refusal !== null) return refusal;
    const theirTag = tagOf(request.header('From')) ?? '';
    const callId = request.header('Call-ID') ?? '';
    const key = `${callId} ${theirTag}`;
    const known = this.held.get(key);
    const reaction = this.react(request, known);
    this.subscribes.push(request);
    if (reaction.status === 'silent') return null;
    if (known === undefined && tagOf(request.header('To')) !== undefined) return respond(request, 481, []);
    if (reaction.status >= 300) return respond(request, reaction.status, reaction.headers ?? []);
    const expires = Number(request.header('Expires') ?? 3600);
    const held: Held = known ?? {
      event: request.header('Event') ?? '',
      callId,
      theirTag,
      ownTag: token(),
      target: addressUri(request.header('Contact') ?? ''),
      to: request.header('From') ?? '',
      from: (request.header('To') ?? '').replace(/;tag=.*$/, ''),
      expires,
      cseq: 0,
    };
    held.expires = expires;
    held.target = addressUri(request.header('Contact') ?? '');
    if (expires === 0) this.held.delete(key);
    else this.held.set(key, held);
    const headers: Header[] = [
      ['Contact', `<${this.contact}>`],
      ...(reaction.headers?.some(([name]) => name === 'Expires') ? [] : [['Expires', String(expires)] as const]),
      ...(reaction.headers ?? []),
    ];
    return {
      ...respond(request, reaction.status, headers, held.ownTag),
      after: () => {
        if (known === undefined) this.begun.push(held);
        if (reaction.notify === null) return;
        const text = expires === 0 ? { state: 'terminated;reason=timeout' } : (reaction.notify ?? {});
        this.send(this.write(held, text));
      },
    };
  }

  #challenge(request: Message): { bytes: Buffer } | null {
    const { challenge } = this.#options;
    if (challenge === undefined) return null;
    const name = challenge.status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
    const given = request.header(challenge.status === 401 ? 'Authorization' : 'Proxy-Authorization');
    if (given !== undefined) {
      const field = (wanted: string) => new RegExp(`[ ,]${wanted}="?([^",]*)`).exec(given)?.[1] ?? '';
      const hash = (text: string) =>
        createHash(challenge.algorithm === 'MD5' ? 'md5' : 'sha256')
          .update(text)
          .digest('hex');
      const ha1 = hash(`${this.user}:${challenge.realm}:${challenge.password}`);
      const ha2 = hash(`SUBSCRIBE:${request.uri}`);
      this.counts.push(field('nc'));
      const wanted = hash(`${ha1}:${field('nonce')}:${field('nc')}:${field('cnonce')}:auth:${ha2}`);
      const isOurs = this.#nonces.has(field('nonce'));
      if (isOurs && field('response') === wanted && field('uri') === request.uri && field('opaque') === 'sesame')
        return null;
      this.wrong += 1;
    }
    this.challenged += 1;
    const nonce = randomBytes(8).toString('hex');
    this.#nonces.add(nonce);
    const { realm, algorithm } = challenge;
    const value = `Digest realm="${realm}", nonce="${nonce}", opaque="sesame", algorithm=${algorithm}, qop="auth,auth-int"`;
    return respond(request, challenge.status, [[name, value]]);
  }
}

interface Answered {
  readonly bytes: Buffer;
  readonly after?: () => void;
}

function branchOf(message: Message): string {
  return params(message.header('Via') ?? '').get('branch') ?? '';
}

function respond(request: Message, status: number, headers: readonly Header[], toTag = token()): { bytes: Buffer } {
  const copied = request.headers.filter(([name]) => /^(via|from|call-id|cseq)$/i.test(name));
  const to = request.header('To') ?? '';
  const tagged = tagOf(to) === undefined ? `${to};tag=${toTag}` : to;
  return { bytes: new Message(`SIP/2.0 ${status} X`, [...copied, ['To', tagged], ...headers]).toBytes() };
}

export { cseqOf };
