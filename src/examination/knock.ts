import type { X509Certificate } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type Clock, within } from '../model/clock.ts';

/** One address of ours, as a phone would call it. */
export interface Door {
  readonly transport: string;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** What came of it. */
export interface Knock {
  /** The status of the first final answer; null: there was none. */
  readonly status: number | null;
  /** `Server` or `User-Agent` of it. */
  readonly server: string | null;
  /** Why there is no answer; null: there is one. */
  readonly reason: string | null;
  /** By TLS: what was shown, trusted or not. */
  readonly certificate: X509Certificate | null;
  /** One of our own listeners heard it. */
  readonly heard: boolean;
}

/** Says to the listeners that what comes from this port is no phone. */
export type Expect = (port: number) => { readonly came: boolean; end(): void };

/** What is asked. */
export interface Question {
  readonly method: 'SUBSCRIBE' | 'OPTIONS';
  /** `1001@pbx.example.com`: asks about himself. */
  readonly aor: string;
  /** The event package. */
  readonly event: string;
}

/** An answer of ours takes milliseconds; milliseconds. */
const patienceMs = 3_000;
const mostBytes = 65_536;

/**
 * Asks one of our own listeners as a phone does, without a password: a challenge is as good an answer as any. Where no
 * password is asked for, it asks once and for no time (`Expires: 0`), so that nothing of it stays. Never rejects.
 */
export async function knock(door: Door, question: Question, expect: Expect, clock: Clock): Promise<Knock> {
  const attempt = new Attempt(door, question, expect);
  const late = (): void => attempt.fail('no answer within 3 s');
  try {
    const answered = door.transport === 'udp' ? attempt.byUdp() : attempt.byStream();
    await within(clock, patienceMs, answered, late);
  } catch (error) {
    attempt.fail(reasonOf(error));
  }
  return attempt.end();
}

class Attempt {
  readonly #door: Door;
  readonly #question: Question;
  readonly #expect: Expect;
  readonly #closing: (() => void)[] = [];
  #expected: ReturnType<Expect> | null = null;
  #status: number | null = null;
  #server: string | null = null;
  #reason: string | null = null;
  #certificate: X509Certificate | null = null;

  constructor(door: Door, question: Question, expect: Expect) {
    this.#door = door;
    this.#question = question;
    this.#expect = expect;
  }

  fail(reason: string): void {
    if (this.#status === null) this.#reason ??= reason;
  }

  end(): Knock {
    for (const close of this.#closing) close();
    this.#expected?.end();
    return {
      status: this.#status,
      server: this.#server,
      reason: this.#reason,
      certificate: this.#certificate,
      heard: this.#expected?.came ?? false,
    };
  }

  async byUdp(): Promise<void> {
    const { host, port } = this.#door;
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    this.#closing.push(() => socket.close());
    // connected: only what comes from there is an answer, and a port that nobody has says so
    socket.connect(port, host);
    await once(socket, 'connect');
    const local = socket.address();
    const text = this.#request(local.address, local.port);
    const answered = new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', (bytes) => {
        if (this.#read(bytes.toString('latin1'))) resolve();
      });
    });
    socket.send(text);
    await answered;
  }

  async byStream(): Promise<void> {
    const { transport, host, port } = this.#door;
    const isSecure = transport === 'tls' || transport === 'wss';
    // whether a phone would trust the certificate is asked of the certificate
    const socket: Socket | TLSSocket = isSecure
      ? connectTls({ host, port, rejectUnauthorized: false })
      : connect({ host, port });
    this.#closing.push(() => socket.destroy());
    await once(socket, isSecure ? 'secureConnect' : 'connect');
    if ('getPeerX509Certificate' in socket) this.#certificate = socket.getPeerX509Certificate() ?? null;
    const text = this.#request(socket.localAddress ?? '127.0.0.1', socket.localPort ?? 0);
    await (transport === 'ws' || transport === 'wss' ? this.#byWebSocket(socket, text) : this.#plain(socket, text));
  }

  async #plain(socket: Socket, text: string): Promise<void> {
    socket.write(text);
    await this.#collect(socket, (bytes) => this.#read(bytes.toString('latin1')));
  }

  /** RFC 6455, as much of it as one question needs: the opening, and one short frame each way. */
  async #byWebSocket(socket: Socket, text: string): Promise<void> {
    const { host, port } = this.#door;
    const authority = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
    socket.write(
      `GET / HTTP/1.1\r\nHost: ${authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n` +
        'Sec-WebSocket-Protocol: sip\r\n\r\n',
    );
    let opened = false;
    await this.#collect(socket, (bytes) => {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return false;
      if (!opened) {
        const line = bytes.toString('latin1', 0, bytes.indexOf('\r\n'));
        if (!/^HTTP\/1\.1 101 /.test(line)) throw new Error(`no WebSocket: ${line.slice(0, 60)}`);
        opened = true;
        socket.write(masked(text));
      }
      return this.#read(bytes.toString('latin1', end + 4));
    });
  }

  /** Until `done` says so. Rejects where the connection ends before. */
  #collect(socket: Socket, done: (bytes: Buffer) => boolean): Promise<void> {
    let bytes = Buffer.alloc(0);
    return new Promise((resolve, reject) => {
      socket.on('data', (piece: Buffer) => {
        bytes = Buffer.concat([bytes, piece]);
        try {
          if (done(bytes)) resolve();
          else if (bytes.length > mostBytes) reject(new Error('an answer without an end'));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('the connection was closed')));
    });
  }

  /** True when a final answer is in it. */
  #read(text: string): boolean {
    for (const [, status = '', headers = ''] of text.matchAll(/SIP\/2\.0 (\d{3}) [^\r\n]*\r\n(.*?)\r\n\r\n/gs)) {
      if (status.startsWith('1')) continue;
      this.#status = Number(status);
      this.#server = /^(?:Server|User-Agent):[ \t]*(.*)$/im.exec(headers)?.[1]?.trim() ?? null;
      return true;
    }
    return false;
  }

  #request(address: string, port: number): string {
    this.#expected = this.#expect(port);
    const { transport } = this.#door;
    const { method, aor, event } = this.#question;
    const here = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
    const name = transport === 'wss' ? 'WSS' : transport.toUpperCase();
    const param = transport === 'udp' ? '' : `;transport=${transport === 'wss' ? 'ws' : transport}`;
    const id = randomBytes(8).toString('hex');
    return [
      `${method} sip:${aor} SIP/2.0`,
      `Via: SIP/2.0/${name} ${here};rport;branch=z9hG4bK${id}`,
      'Max-Forwards: 5',
      `From: <sip:${aor}>;tag=${id}`,
      `To: <sip:${aor}>`,
      `Call-ID: ${id}@lamplighter-doctor`,
      `CSeq: 1 ${method}`,
      `Contact: <sip:doctor@${here}${param}>`,
      ...(method === 'SUBSCRIBE' ? [`Event: ${event}`, 'Expires: 0'] : []),
      'User-Agent: Lamplighter doctor',
      // an answer by UDP must not be much larger than its question
      `Subject: ${'a question of Lamplighter to itself, whether it hears and answers; '.repeat(4)}`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
  }
}

/** A text frame of a client: at most 65,535 bytes. */
function masked(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  const head = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255]);
  for (const [index, byte] of payload.entries()) payload[index] = byte ^ (mask[index % 4] ?? 0);
  return Buffer.concat([head, mask, payload]);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
