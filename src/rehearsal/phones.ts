import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { type Random, token } from '../model/random.ts';

interface PhonesOptions {
  /** Of the engine, on 127.0.0.1. */
  readonly port: number;
  readonly domain: string;
  readonly lamps: readonly string[];
  readonly random: Random;
  readonly password: string;
}

/** One phone's subscription. */
interface Desk {
  readonly user: string;
  readonly lamp: string;
  readonly callId: string;
  cseq: number;
  /** From the first 2xx on. */
  toTag: string;
  expires: number;
  /** From the first challenge on, used for all that follows. */
  nonce: string;
  nonceCount: number;
}

/** Requests under way at once; as many as a turn or two of the loop can serve. */
const window = 32;
/** Subscriptions that stand at once. */
const standing = 400;
/** SUBSCRIBEs from one change of a lamp to the next. */
const changeEvery = 10;

/** Phones that subscribe, refresh, answer NOTIFYs and unsubscribe, as bare as they can be: all of them on one socket. */
export class Phones {
  readonly #options: PhonesOptions;
  readonly #socket: Socket = createSocket('udp4');
  readonly #desks = new Map<string, Desk>();
  #port = 0;
  #asked = 0;
  #answered = 0;
  #wanted = 0;
  #change: (round: number) => void = () => undefined;
  #done: () => void = () => undefined;

  constructor(options: PhonesOptions) {
    this.#options = options;
    this.#socket.on('error', () => this.#done());
    this.#socket.on('message', (bytes) => this.#heard(bytes.toString('latin1')));
  }

  /** SUBSCRIBEs with a final answer that was no challenge. */
  get answered(): number {
    return this.#answered;
  }

  /** Resolves when `count` SUBSCRIBEs were answered; `change` is asked for a change of a lamp now and then. */
  async play(count: number, change: (round: number) => void): Promise<void> {
    this.#wanted = count;
    this.#change = change;
    await new Promise<void>((resolve) => this.#socket.bind(0, '127.0.0.1', resolve));
    this.#port = this.#socket.address().port;
    await new Promise<void>((resolve) => {
      this.#done = resolve;
      for (let index = 0; index < window; index++) this.#next();
    });
  }

  close(): Promise<void> {
    this.#done();
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  /** A new phone, or a refresh or the end of the subscription that stands longest. */
  #next(): void {
    const number = this.#asked++;
    if (number % changeEvery === 0) this.#change(number / changeEvery);
    const [oldest] = this.#desks.size > standing || number % 3 === 0 ? this.#desks.values() : [];
    if (oldest === undefined || oldest.toTag === '') this.#ask(this.#newDesk(number));
    else if (this.#desks.size > standing) this.#ask({ ...oldest, expires: 0 });
    else this.#ask(oldest);
  }

  #newDesk(number: number): Desk {
    const { lamps, random } = this.#options;
    const lamp = lamps[number % lamps.length] ?? '';
    const user = `phone${number}`;
    const callId = `${token(random, 64)}@127.0.0.1`;
    const desk = { user, lamp, callId, cseq: 0, toTag: '', expires: 3600, nonce: '', nonceCount: 0 };
    this.#desks.set(callId, desk);
    return desk;
  }

  #ask(desk: Desk): void {
    const { domain, random } = this.#options;
    const { user, lamp, callId, toTag, expires } = desk;
    const at = `127.0.0.1:${this.#port}`;
    if (expires === 0) this.#desks.delete(callId);
    else this.#desks.set(callId, desk);
    desk.cseq += 1;
    this.#send([
      `SUBSCRIBE sip:${lamp}@${domain} SIP/2.0`,
      `Via: SIP/2.0/UDP ${at};branch=z9hG4bK${token(random, 64)};rport`,
      'Max-Forwards: 70',
      `From: "${user}" <sip:${user}@${domain}>;tag=${callId.slice(0, 8)}`,
      `To: <sip:${lamp}@${domain}>${toTag === '' ? '' : `;tag=${toTag}`}`,
      `Call-ID: ${callId}`,
      `CSeq: ${desk.cseq} SUBSCRIBE`,
      `Contact: <sip:${user}@${at}>`,
      ...(desk.nonce === '' ? [] : [`Authorization: ${this.#authorization(desk)}`]),
      'Event: dialog',
      'Accept: application/dialog-info+xml',
      `Expires: ${expires}`,
      'User-Agent: Rehearsal/1',
      'Content-Length: 0',
    ]);
  }

  #heard(text: string): void {
    if (text.startsWith('NOTIFY ')) {
      const echoed = /^(?:Via|From|To|Call-ID|CSeq): .*$/gm;
      this.#send(['SIP/2.0 200 OK', ...(text.match(echoed) ?? []), 'Content-Length: 0']);
      return;
    }
    const desk = this.#desks.get(/^Call-ID: (.*)$/m.exec(text)?.[1] ?? '');
    const nonce = /^WWW-Authenticate: .*nonce="([^"]*)"/m.exec(text)?.[1];
    if (desk !== undefined && nonce !== undefined && desk.nonce === '') {
      desk.nonce = nonce;
      this.#ask(desk);
      return;
    }
    if (desk !== undefined) desk.toTag = /^To: .*;tag=(.*)$/m.exec(text)?.[1] ?? '';
    if (++this.#answered >= this.#wanted) this.#done();
    else this.#next();
  }

  /** RFC 2617 with qop, MD5. */
  #authorization(desk: Desk): string {
    const { domain, password } = this.#options;
    const { user, lamp, nonce } = desk;
    desk.nonceCount += 1;
    const count = desk.nonceCount.toString(16).padStart(8, '0');
    const uri = `sip:${lamp}@${domain}`;
    const ha1 = md5(`${user}:${domain}:${password}`);
    const response = md5(`${ha1}:${nonce}:${count}:abc:auth:${md5(`SUBSCRIBE:${uri}`)}`);
    const facts = `username="${user}", realm="${domain}", nonce="${nonce}", uri="${uri}", response="${response}"`;
    return `Digest ${facts}, algorithm=MD5, qop=auth, nc=${count}, cnonce="abc"`;
  }

  #send(lines: readonly string[]): void {
    this.#socket.send(`${lines.join('\r\n')}\r\n\r\n`, this.#options.port, '127.0.0.1');
  }
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
