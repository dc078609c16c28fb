import { connect, type Socket } from 'node:net';
import type { Timer } from '../../src/model/clock.ts';
import { Fault } from '../../src/model/errors.ts';
import type { AdapterTools } from '../adapter.ts';
import { asFault, type LinkHandlers, longWaitMs, mostWaitMs } from '../link.ts';
import { backoffMs } from '../resync.ts';
import { AmiParser, type Fields, formatAction } from './ami-wire.ts';
import type { AmiEvent } from './events.ts';

export interface AmiSettings {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** Classes of events wanted, as in manager.conf: fewer events, less work. */
  readonly events: string;
}

export interface AmiAnswer {
  /** `Response: Success`. */
  readonly ok: boolean;
  readonly message: string;
  readonly fields: AmiEvent;
  /** The rows of a list. */
  readonly rows: readonly AmiEvent[];
}

interface Pending {
  readonly settle: (answer: AmiAnswer) => void;
  readonly fail: (error: Fault) => void;
  readonly timer: Timer;
  head: AmiEvent | null;
  readonly rows: AmiEvent[];
}

/** An error that AMI states, to be thrown: where the account may not, a Fault `pbx-refused` that names the rights. */
export function refusal(action: string, message: string, rights = 'system,call,reporting'): Error {
  const text = `AMI refuses ${action}: ${message}`;
  if (!/permission denied/i.test(message)) return new Error(text);
  return new Fault('pbx-refused', `${text}; the account needs read and write = ${rights}`);
}

/** The ids of our actions. */
const ownId = /^l\d+$/;

const actionMs = 5_000;
const loginMs = 8_000;
const pingEveryMs = 10_000;

/** A connection to AMI that comes back for ever. Passwords go nowhere but into the login. */
export class AmiLink {
  readonly #settings: AmiSettings;
  readonly #tools: AdapterTools;
  #handlers: LinkHandlers<AmiEvent> | null = null;
  #socket: Socket | null = null;
  #up = false;
  #failures = 0;
  #timer: Timer | null = null;
  #booted: (() => void) | null = null;
  #bootHeard = false;
  #inUse = false;
  #nextId = 1;
  readonly #pending = new Map<string, Pending>();

  constructor(settings: AmiSettings, tools: AdapterTools) {
    this.#settings = settings;
    this.#tools = tools;
  }

  /** Logged in. */
  get up(): boolean {
    return this.#up;
  }

  /** Asterisk told of its start at this login: it tells so whoever reads the class `system`. */
  get readsSystem(): boolean {
    return this.#bootHeard;
  }

  /** The last login was refused because the account has a session already, and may have no other. */
  get inUse(): boolean {
    return this.#inUse;
  }

  start(handlers: LinkHandlers<AmiEvent>): void {
    this.#handlers = handlers;
    this.#open();
  }

  stop(): void {
    this.#handlers = null;
    this.#timer?.cancel();
    this.#drop(new Fault('pbx-unreachable', 'AMI is being closed'));
  }

  /**
   * Rejects with a Fault when AMI is away or silent; an error that Asterisk states is an answer.
   * @param atOnce takes the answer where it stands in the stream, between the events before and after it; the promise settles
   * when more events may have been told. Must not throw.
   */
  action(
    name: string,
    fields: Fields = [],
    deadlineMs = actionMs,
    atOnce: (answer: AmiAnswer) => void = () => undefined,
  ): Promise<AmiAnswer> {
    const socket = this.#socket;
    if (socket === null) return Promise.reject(new Fault('pbx-unreachable', 'AMI is not connected'));
    const id = `l${this.#nextId++}`;
    return new Promise((resolve, fail) => {
      const settle = (answer: AmiAnswer) => {
        atOnce(answer);
        resolve(answer);
      };
      const bytes = formatAction([['Action', name], ['ActionID', id], ...fields]);
      const timer = this.#tools.clock.after(deadlineMs, () => {
        this.#pending.delete(id);
        fail(new Fault('pbx-unreachable', `AMI did not answer ${name} within ${deadlineMs} ms`));
      });
      this.#pending.set(id, { settle, fail, timer, head: null, rows: [] });
      socket.write(bytes);
    });
  }

  #open(): void {
    const { host, port } = this.#settings;
    const socket = connect({ host, port, noDelay: true });
    this.#bootHeard = false;
    const parser = new AmiParser();
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      try {
        for (const block of parser.push(text)) this.#receive(socket, block);
      } catch (error) {
        this.#lost(socket, asFault(error));
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#lost(socket, asFault(`AMI at ${host}:${port}: ${error.code ?? error.message}`)),
    );
    socket.on('close', () => this.#lost(socket, asFault(`AMI at ${host}:${port} closed the connection`)));
    this.#after(loginMs, () => this.#lost(socket, asFault(`AMI at ${host}:${port} does not answer`)));
  }

  #receive(socket: Socket, block: AmiEvent): void {
    if (socket !== this.#socket) return;
    if (block['Greeting'] !== undefined) {
      this.#login(socket).catch((error: unknown) => this.#lost(socket, asFault(error)));
      return;
    }
    const pending = this.#pending.get(block['ActionID'] ?? '');
    if (pending !== undefined) {
      this.#answer(block, pending);
      return;
    }
    if (block['Event'] === 'FullyBooted') {
      this.#bootHeard = true;
      this.#booted?.();
    }
    // A row of a list that nobody waits for any more: it is no event, nor one of the events that need a right.
    else if (ownId.test(block['ActionID'] ?? '')) return;
    if (this.#up && block['Event'] !== undefined) this.#handlers?.event(block);
  }

  #answer(block: AmiEvent, pending: Pending): void {
    if (block['Response'] !== undefined) pending.head = block;
    else if (block['EventList'] !== 'Complete') pending.rows.push(block);
    // COMPAT(Asterisk): the end of a list says `EventList: Complete`, its beginning `start`.
    if (block['Response'] !== undefined && block['EventList']?.toLowerCase() === 'start') return;
    if (block['Response'] === undefined && block['EventList'] !== 'Complete') return;
    this.#pending.delete(block['ActionID'] ?? '');
    pending.timer.cancel();
    const head = pending.head ?? block;
    const ok = head['Response'] === 'Success' || head['Response'] === 'Goodbye';
    pending.settle({ ok, message: head['Message'] ?? '', fields: head, rows: pending.rows });
  }

  async #login(socket: Socket): Promise<void> {
    const { username, password, events } = this.#settings;
    const booted = new Promise<void>((resolve) => {
      this.#booted = resolve;
    });
    const answer = await this.action('Login', [
      ['Username', username],
      ['Secret', password],
      ['Events', events],
    ]);
    if (socket !== this.#socket) return;
    // COMPAT(Asterisk): so it says with allowmultiplelogin = no, before it looks at the password; 22.10 was seen not to care.
    this.#inUse = !answer.ok && /already in use/i.test(answer.message);
    if (!answer.ok) {
      const what = this.#inUse ? `a second session of ${username}` : `the user name or password of ${username}`;
      this.#lost(socket, new Fault('pbx-refused', `AMI refuses ${what}`), longWaitMs);
      return;
    }
    // Without the class `system` the word never comes; a reading of a PBX that still boots fails and is repeated.
    this.#after(3_000, () => this.#booted?.());
    await booted;
    if (socket !== this.#socket) return;
    this.#up = true;
    this.#failures = 0;
    this.#timer?.cancel();
    this.#keepAlive(socket);
    this.#handlers?.up();
  }

  /** A half-open connection looks like silence; only a question finds it. */
  #keepAlive(socket: Socket): void {
    this.#after(pingEveryMs, () => {
      this.action('Ping').then(
        () => {
          if (socket === this.#socket) this.#keepAlive(socket);
        },
        () => this.#lost(socket, asFault('AMI does not answer any more')),
      );
    });
  }

  #lost(socket: Socket, fault: Fault, waitMs = 0): void {
    if (socket !== this.#socket) return;
    this.#drop(fault);
    const handlers = this.#handlers;
    if (handlers === null) return;
    this.#after(Math.max(waitMs, backoffMs(this.#failures++, this.#tools.random, 500, mostWaitMs)), () => this.#open());
    handlers.down(fault);
  }

  #drop(why: Fault): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#up = false;
    this.#timer?.cancel();
    socket?.removeAllListeners();
    socket?.on('error', () => undefined);
    socket?.destroy();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const it of pending) {
      it.timer.cancel();
      it.fail(why);
    }
  }

  #after(ms: number, task: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#tools.clock.after(ms, task);
  }
}
