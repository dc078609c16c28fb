import { connect, type Socket } from 'node:net';
import type { AdapterTools } from '../../../adapters/adapter.ts';
import { type LinkHandlers, mostWaitMs } from '../../../adapters/link.ts';
import { backoffMs } from '../../../adapters/resync.ts';
import { type Timer, within } from '../../../src/model/clock.ts';
import { Fault } from '../../../src/model/errors.ts';
import { type AcmeLine, type AcmeUser, readLine } from './events.ts';

/** A longer line is no line of this PBX; characters. */
const longestLine = 16_000_000;

/** Where the PBX listens. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** The connection to the PBX, which comes back by itself for as long as it is not stopped. */
export class AcmeLink {
  readonly #place: Place;
  readonly #tools: AdapterTools;
  readonly #waiting = new Map<number, (answer: AcmeLine) => void>();
  #handlers: LinkHandlers<AcmeUser> | null = null;
  #socket: Socket | null = null;
  #timer: Timer | null = null;
  #failures = 0;
  #lastId = 0;

  constructor(place: Place, tools: AdapterTools) {
    this.#place = place;
    this.#tools = tools;
  }

  start(handlers: LinkHandlers<AcmeUser>): void {
    this.#handlers = handlers;
    this.#connect();
  }

  stop(): void {
    this.#handlers = null;
    this.#timer?.cancel();
    this.#socket?.destroy();
  }

  /** Sends once and never again. Rejects with a Fault: `pbx-unreachable`, `pbx-refused`. */
  async ask(question: object, deadlineMs: number): Promise<AcmeLine> {
    const socket = this.#socket;
    if (socket === null) throw new Fault('pbx-unreachable', 'the PBX is not connected');
    const id = ++this.#lastId;
    const answered = new Promise<AcmeLine>((resolve) => this.#waiting.set(id, resolve));
    socket.write(`${JSON.stringify({ id, ...question })}\n`);
    const late = () => Promise.reject(new Fault('pbx-unreachable', `no answer within ${deadlineMs} ms`));
    try {
      const answer = await within<AcmeLine>(this.#tools.clock, deadlineMs, answered, late);
      if (answer.error !== undefined) throw new Fault('pbx-refused', answer.error);
      return answer;
    } finally {
      this.#waiting.delete(id);
    }
  }

  #connect(): void {
    const { host, port } = this.#place;
    const socket = connect(port, host);
    let rest = '';
    let reason = 'the PBX ended the connection';
    socket.setEncoding('utf8');
    socket.once('connect', () => {
      this.#socket = socket;
      this.#failures = 0;
      this.#handlers?.up();
    });
    socket.on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
      if (rest.length > longestLine) socket.destroy();
    });
    socket.on('error', (error) => {
      reason = `${host}:${port}: ${error.message}`;
    });
    socket.once('close', () => {
      this.#socket = null;
      if (this.#handlers === null) return;
      this.#handlers.down(new Fault('pbx-unreachable', reason));
      const wait = backoffMs(this.#failures++, this.#tools.random, 500, mostWaitMs);
      this.#timer = this.#tools.clock.after(wait, () => this.#connect());
    });
  }

  #take(text: string): void {
    const line = readLine(text);
    if (line === null) return;
    if (line.id !== undefined) this.#waiting.get(line.id)?.(line);
    else if (line.user !== undefined) this.#handlers?.event(line.user);
  }
}
