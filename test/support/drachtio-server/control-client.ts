import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { BadFrame, ControlInput } from './control-input.ts';

/** A message of a client, taken apart as `splitMsg` of drachtio.cpp does. */
export interface ControlMessage {
  readonly id: string;
  /** `route`, `sip` … */
  readonly kind: string;
  /** What follows the kind in the first line. */
  readonly fields: readonly string[];
  readonly startLine: string;
  readonly headerLines: readonly string[];
  readonly body: string;
}

/** False: the client is to be dropped. */
export type OnControl = (message: ControlMessage, client: ControlClient) => boolean;

/** One client of the control port. */
export class ControlClient {
  closed = false;
  /** What it sends is swallowed from now on, as after a frame that did not fit; it still hears of requests. */
  wedged = false;
  /** Neither reads nor writes: a host that vanished. */
  silent = false;
  /** Bytes that it sent and nobody read. */
  ignored = 0;
  readonly #socket: Socket;

  constructor(socket: Socket, onControl: OnControl, onClose: () => void) {
    this.#socket = socket;
    socket.setNoDelay(true);
    const input = new ControlInput((payload) => {
      if (this.wedged || this.silent || this.closed) return;
      if (!onControl(readControl(payload), this)) this.close();
    });
    socket.on('data', (bytes: Buffer) => {
      if (this.wedged || this.silent || this.closed) {
        this.ignored += bytes.length;
        return;
      }
      try {
        input.feed(bytes.toString('latin1'));
      } catch (error) {
        if (!(error instanceof BadFrame)) throw error;
        this.close();
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      onClose();
    });
  }

  /** The first line of an answer to a message, and what comes under it. */
  answer(messageId: string, fields: string, text?: string): void {
    this.#send(`${randomUUID()}|response|${messageId}|${fields}${text === undefined ? '' : `\r\n${text}`}`);
  }

  /** A SIP message of the network. */
  sip(fields: string, text: string): void {
    this.#send(`${randomUUID()}|sip|${fields}\r\n${text}`);
  }

  /** Bytes as they are, framed or not. */
  raw(bytes: string): void {
    if (!this.closed && !this.silent) this.#socket.write(bytes, 'latin1');
  }

  /** Everything that was answered still goes out. */
  close(): void {
    this.closed = true;
    this.#socket.end();
  }

  destroy(): void {
    this.closed = true;
    this.#socket.destroy();
  }

  reset(): void {
    this.closed = true;
    this.#socket.resetAndDestroy();
  }

  #send(payload: string): void {
    this.raw(`${payload.length}#${payload}`);
  }
}

function readControl(payload: string): ControlMessage {
  const end = payload.indexOf('\r\n');
  const leader = end < 0 ? payload : payload.slice(0, end);
  const [id = '', kind = '', ...fields] = leader.split('|');
  const text = end < 0 ? '' : payload.slice(end + 2);
  const blank = text.indexOf('\r\n\r\n');
  const [startLine = '', ...headerLines] = (blank < 0 ? text : text.slice(0, blank)).split(/[\r\n]+/);
  return { id, kind, fields, startLine, headerLines, body: blank < 0 ? '' : text.slice(blank + 4) };
}
