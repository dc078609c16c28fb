import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { systemClock } from '../../../src/model/clock.ts';
import { Inbox } from './inbox.ts';

/** A message as the peer got it, read by looking for lines: no parser is shared with the phone. */
export class Heard {
  readonly text: string;
  readonly #answer: (text: string) => void;

  constructor(text: string, answer: (text: string) => void) {
    this.text = text;
    this.#answer = answer;
  }

  get method(): string {
    return this.text.slice(0, this.text.indexOf(' '));
  }

  /** 0 for a request. */
  get status(): number {
    return this.text.startsWith('SIP/2.0 ') ? Number(this.text.slice(8, 11)) : 0;
  }

  get body(): string {
    return this.text.slice(this.text.indexOf('\r\n\r\n') + 4);
  }

  /** The first line of this long name; fails when there is none. */
  line(name: string): string {
    const found = this.lines(name)[0];
    if (found === undefined) throw new Error(`no ${name} in:\n${this.text}`);
    return found;
  }

  lines(name: string): string[] {
    const head = this.text.slice(0, this.text.indexOf('\r\n\r\n')).split('\r\n');
    return head
      .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
      .map((line) => line.slice(name.length + 1).trim());
  }

  get cseq(): number {
    return Number.parseInt(this.line('CSeq'), 10);
  }

  /** `1001@127.0.0.1:5062` out of Contact. */
  get contact(): string {
    return /<sip:([^>]*)>/.exec(this.line('Contact'))?.[1] ?? '';
  }

  /** Answers the request; `tag` is put on To where it has none. */
  reply(status: string, headers: readonly string[] = [], { tag = 'peer', body = '' } = {}): void {
    const to = this.line('To');
    this.#answer(
      [
        `SIP/2.0 ${status}`,
        `Via: ${this.line('Via')}`,
        `From: ${this.line('From')}`,
        `To: ${to.includes(';tag=') || status.startsWith('100') ? to : `${to};tag=${tag}`}`,
        `Call-ID: ${this.line('Call-ID')}`,
        `CSeq: ${this.line('CSeq')}`,
        ...headers,
        `Content-Length: ${Buffer.byteLength(body)}`,
        '',
        body,
      ].join('\r\n'),
    );
  }
}

export interface NotifyScript {
  readonly cseq: number;
  readonly state?: string;
  readonly type?: string;
  readonly body?: string;
  readonly headers?: readonly string[];
  /** Branch of the Via, to repeat a transaction. */
  readonly branch?: string;
  /** Tag of the peer; default that of `reply`. */
  readonly tag?: string;
}

/** One UDP socket that says what the test tells it to, byte for byte. It hears a retransmission only if asked to. */
export class ScriptedPeer {
  readonly port: number;
  readonly #socket: Socket;
  readonly #heard = new Inbox<Heard>(systemClock, 'message at the peer', ({ text }) => text.split('\r\n')[0] ?? '');
  #from: RemoteInfo | undefined;

  /** With `copies`, messages equal to an earlier one are heard too. */
  static async open({ copies = false } = {}): Promise<ScriptedPeer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new ScriptedPeer(socket, copies);
  }

  private constructor(socket: Socket, copies: boolean) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on('message', (bytes, from) => {
      this.#from = from;
      const text = bytes.toString('utf8');
      if (!copies && this.heard.some((earlier) => earlier.text === text)) return;
      this.#heard.push(new Heard(text, (answer) => socket.send(answer, from.port, from.address)));
    });
  }

  get heard(): readonly Heard[] {
    return this.#heard.all;
  }

  /** The next request of the method, or the next answer with `SIP/2.0`, that also passes `where`. */
  next(method: string, where: (message: Heard) => boolean = () => true): Promise<Heard> {
    return this.#heard.next((message) => message.method === method && where(message));
  }

  /** To whom the last message came from. */
  send(text: string): void {
    if (!this.#from) throw new Error('nobody wrote to the peer yet');
    this.#socket.send(text, this.#from.port, this.#from.address);
  }

  /** A NOTIFY in the dialog that `subscribe` opened. */
  notify(subscribe: Heard, script: NotifyScript): void {
    const { cseq, state = 'active;expires=600', body = '', branch = `z9hG4bKpeer${cseq}`, tag = 'peer' } = script;
    this.send(
      [
        `NOTIFY sip:${subscribe.contact} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${this.port};branch=${branch}`,
        'Max-Forwards: 70',
        `From: ${subscribe.line('To').replace(/;tag=.*/, '')};tag=${tag}`,
        `To: ${subscribe.line('From')}`,
        `Call-ID: ${subscribe.line('Call-ID')}`,
        `CSeq: ${cseq} NOTIFY`,
        `Contact: <sip:lamp@127.0.0.1:${this.port}>`,
        `Event: ${subscribe.line('Event')}`,
        `Subscription-State: ${state}`,
        ...(script.type === undefined ? [] : [`Content-Type: ${script.type}`]),
        ...(script.headers ?? []),
        `Content-Length: ${Buffer.byteLength(body)}`,
        '',
        body,
      ].join('\r\n'),
    );
  }

  async close(): Promise<void> {
    this.#heard.close('the peer was closed');
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}
