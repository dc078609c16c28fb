import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from '../../sip/embedded/raw-peer.ts';

/** A frame as it came: the first line split at its bars, and what stands under it. */
export interface Frame {
  readonly fields: readonly string[];
  readonly text: string;
}

/** A client of the control port in its rawest form: frames out, frames in. */
export class ControlPeer {
  readonly frames: Frame[] = [];
  closed = false;
  readonly #socket: Socket;
  #pending = '';
  #taken = 0;
  #number = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#read(bytes.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
  }

  static async open(to: { readonly host: string; readonly port: number }): Promise<ControlPeer> {
    const socket = connect({ ...to, noDelay: true });
    await once(socket, 'connect');
    return new ControlPeer(socket);
  }

  /** Resolves with the message id. */
  send(what: string, text?: string): string {
    const id = `m${++this.#number}`;
    const payload = `${id}|${what}${text === undefined ? '' : `\r\n${text}`}`;
    this.raw(`${payload.length}#${payload}`);
    return id;
  }

  raw(bytes: string): void {
    this.#socket.write(bytes, 'latin1');
  }

  /** Asks, and waits for the answer: its fields from `OK` or `NOK` on, and its text. */
  async ask(what: string, text?: string): Promise<Frame> {
    const id = this.send(what, text);
    const find = () => this.frames.find(({ fields }) => fields[1] === 'response' && fields[2] === id);
    await until(() => find() !== undefined, `answer to ${what}`);
    const { fields = [], text: below = '' } = find() ?? {};
    return { fields: fields.slice(3), text: below };
  }

  /** The next SIP message of the network. */
  async next(): Promise<Frame> {
    const find = () => this.frames.filter(({ fields }) => fields[1] === 'sip')[this.#taken];
    await until(() => find() !== undefined, 'a SIP message');
    const found = find();
    this.#taken++;
    return found ?? { fields: [], text: '' };
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#pending += text;
    for (;;) {
      const hash = this.#pending.indexOf('#');
      const end = hash + 1 + Number(this.#pending.slice(0, Math.max(hash, 0)));
      if (hash < 0 || this.#pending.length < end) return;
      const payload = this.#pending.slice(hash + 1, end);
      this.#pending = this.#pending.slice(end);
      const line = payload.indexOf('\r\n');
      const leader = line < 0 ? payload : payload.slice(0, line);
      this.frames.push({ fields: leader.split('|'), text: line < 0 ? '' : payload.slice(line + 2) });
    }
  }
}
