import { createHash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { Clock, Timer } from '../model/clock.ts';
import { type Random, token } from '../model/random.ts';

interface PhonesOptions {
  readonly clock: Clock;
  readonly domain: string;
  readonly lamps: readonly string[];
  readonly random: Random;
  readonly password: string;
  /** Who they are, in turn. */
  readonly users: readonly string[];
  readonly userAgent: string;
}

/** A SUBSCRIBE, for sending it again. */
interface Asked {
  readonly lines: readonly string[];
  readonly seat: Seat;
  /** Clock time. */
  sentAt: number;
}

interface Seat {
  readonly socket: Socket;
  readonly address: string;
  readonly port: number;
}

/** One phone's subscription. */
interface Desk {
  readonly seat: Seat;
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

/**
 * Now and then so many come all at once, as after a power cut: so many that NOTIFYs wait for answers (src/sip/sip-front.ts), and not
 * more than the receive buffer of an untuned Linux has room for.
 */
const burst = 264;
/** SUBSCRIBEs from one burst to the next. */
const burstEvery = 1_000;
/** Of a burst every so many is sent twice. */
const impatient = 16;
/** Requests under way at once otherwise; as many as a turn or two of the loop can serve. */
const window = 32;
/** What is not answered by then was lost, and is sent again; ms. */
const patienceMs = 100;
/** Subscriptions that stand at once. */
const standing = 600;
/** SUBSCRIBEs from one change of a lamp to the next. */
const changeEvery = 20;
/** Sockets, each with an address of its own where the system has more than one for itself: phones do not share one either. */
const seats = process.platform === 'linux' ? 8 : 1;
const engineAddress = '127.0.0.1';
/** Bytes of received messages that wait; systems may grant less. */
const receiveBuffer = 2 ** 20;

/** Phones that subscribe, refresh, answer NOTIFYs and unsubscribe, as bare as they can be: many of them at each seat. */
export class Phones {
  readonly #options: PhonesOptions;
  #seats: Seat[] = [];
  readonly #desks = new Map<string, Desk>();
  /** By Call-ID and CSeq. */
  readonly #unanswered = new Map<string, Asked>();
  #timer: Timer | null = null;
  #closed = false;
  #enginePort = 0;
  #asked = 0;
  #bursts = 0;
  #answered = 0;
  #wanted = 0;
  #change: (round: number) => void = () => undefined;
  #done: () => void = () => undefined;

  constructor(options: PhonesOptions) {
    this.#options = options;
  }

  /** SUBSCRIBEs with a final answer that was no challenge. */
  get answered(): number {
    return this.#answered;
  }

  /** Resolves when the engine at this port of 127.0.0.1 answered `count` SUBSCRIBEs; `change` is asked for a change of a lamp now and then. */
  async play(enginePort: number, count: number, change: (round: number) => void): Promise<void> {
    this.#enginePort = enginePort;
    this.#wanted = count;
    this.#change = change;
    const heard = (text: string, seat: Seat) => this.#heard(text, seat);
    const taken = await Promise.all(
      Array.from({ length: seats }, (_, index) => takeSeat(`127.0.0.${index + 1}`, heard)),
    );
    this.#seats = taken.filter((seat) => seat !== null);
    if (this.#closed || this.#seats.length === 0) return this.close();
    await new Promise<void>((resolve) => {
      this.#done = resolve;
      this.#more();
      this.#watch();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#done();
    this.#timer?.cancel();
    for (const { socket } of this.#seats.splice(0)) await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  /** A kernel with little room loses some of a burst. */
  #watch(): void {
    const { clock } = this.#options;
    this.#timer = clock.after(patienceMs, () => {
      const now = clock.now();
      for (const asked of this.#unanswered.values()) {
        if (now - asked.sentAt < patienceMs) continue;
        asked.sentAt = now;
        send(asked.lines, asked.seat, this.#enginePort);
      }
      this.#watch();
    });
  }

  /** What may follow; a burst begins when all else is answered. */
  #more(): void {
    const underWay = this.#asked - this.#answered;
    const isBurst = this.#bursts * burstEvery <= this.#asked;
    if (isBurst ? underWay > 0 : underWay >= window) return;
    if (isBurst) this.#bursts++;
    for (let index = isBurst ? 0 : burst - 1; index < burst; index++) this.#next(isBurst && index % impatient === 0);
  }

  /** A new phone, or a refresh or the end of the subscription that stands longest. */
  #next(twice: boolean): void {
    const number = this.#asked++;
    if (number % changeEvery === 0) this.#change(number / changeEvery);
    const [oldest] = this.#desks.size > standing || number % 3 === 0 ? this.#desks.values() : [];
    if (oldest === undefined || oldest.toTag === '') this.#ask(this.#newDesk(number), twice);
    else if (this.#desks.size > standing) this.#ask({ ...oldest, expires: 0 });
    else this.#ask(oldest, twice);
  }

  #newDesk(number: number): Desk {
    const { lamps, users, random } = this.#options;
    const lamp = lamps[number % lamps.length] ?? '';
    const user = users[number % users.length] ?? '';
    const callId = `${token(random, 64)}@127.0.0.1`;
    const seat = this.#seats[number % this.#seats.length] as Seat;
    const desk = { seat, user, lamp, callId, cseq: 0, toTag: '', expires: 3600, nonce: '', nonceCount: 0 };
    this.#desks.set(callId, desk);
    return desk;
  }

  #ask(desk: Desk, twice = false): void {
    const { domain, random, userAgent } = this.#options;
    const { seat, user, lamp, callId, toTag, expires } = desk;
    const at = `${seat.address}:${seat.port}`;
    if (expires === 0) this.#desks.delete(callId);
    else this.#desks.set(callId, desk);
    desk.cseq += 1;
    const lines = [
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
      `User-Agent: ${userAgent}`,
      'Content-Length: 0',
    ];
    this.#unanswered.set(`${callId} ${desk.cseq}`, { lines, seat, sentAt: this.#options.clock.now() });
    send(lines, seat, this.#enginePort);
    if (twice) send(lines, seat, this.#enginePort);
  }

  #heard(text: string, seat: Seat): void {
    if (text.startsWith('NOTIFY ')) {
      const echoed = /^(?:Via|From|To|Call-ID|CSeq): .*$/gm;
      send(['SIP/2.0 200 OK', ...(text.match(echoed) ?? []), 'Content-Length: 0'], seat, this.#enginePort);
      return;
    }
    const callId = /^Call-ID: (.*)$/m.exec(text)?.[1] ?? '';
    if (!this.#unanswered.delete(`${callId} ${/^CSeq: (\d+)/m.exec(text)?.[1]}`)) return; // the answer to a copy
    const desk = this.#desks.get(callId);
    const nonce = /^WWW-Authenticate: .*nonce="([^"]*)"/m.exec(text)?.[1];
    if (desk !== undefined && nonce !== undefined && desk.nonce === '') {
      desk.nonce = nonce;
      this.#ask(desk);
      return;
    }
    if (desk !== undefined) desk.toTag = /^To: .*;tag=(.*)$/m.exec(text)?.[1] ?? '';
    if (++this.#answered >= this.#wanted) this.#done();
    else this.#more();
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
}

/** null: the system does not have this address. */
async function takeSeat(address: string, heard: (text: string, seat: Seat) => void): Promise<Seat | null> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: receiveBuffer });
  const bound = await new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(0, address, () => resolve(true));
  });
  if (!bound) {
    socket.close();
    return null;
  }
  const seat = { socket, address, port: socket.address().port };
  socket.on('error', () => undefined); // what is lost is sent again
  socket.on('message', (bytes) => heard(bytes.toString('latin1'), seat));
  return seat;
}

function send(lines: readonly string[], { socket }: Seat, port: number): void {
  socket.send(`${lines.join('\r\n')}\r\n\r\n`, port, engineAddress);
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
