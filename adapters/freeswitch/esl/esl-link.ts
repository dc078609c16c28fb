import { connect, type Socket } from 'node:net';
import type { Timer } from '../../../src/model/clock.ts';
import { Fault } from '../../../src/model/errors.ts';
import type { AdapterTools } from '../../adapter.ts';
import { asFault, type LinkHandlers, longWaitMs, mostWaitMs } from '../../link.ts';
import { backoffMs } from '../../resync.ts';
import type { EslEvent } from '../esl-event.ts';
import { CommandQueue, type ReplyKind } from './command-queue.ts';
import { apiCommand, type EslCommands, eventCommand, isTrap, loginCommand, sendEventCommand } from './commands.ts';
import { type Frame, Frames } from './frames.ts';
import { Inbox } from './inbox.ts';
import { Watchdog } from './watchdog.ts';

export type { EslEvent } from '../esl-event.ts';

export interface EslOptions {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  /** `user@domain` of the directory (`userauth`); without, the password is the event socket's own. */
  readonly user?: string | undefined;
  /** Names of the events wanted; HEARTBEAT is always among them. */
  readonly events: readonly string[];
  /** Subclasses of CUSTOM wanted. */
  readonly subclasses: readonly string[];
}

/** One connection: a socket and all that belongs to it. Never used again after a loss. */
interface Session {
  readonly socket: Socket;
  readonly frames: Frames;
  readonly queue: CommandQueue;
  readonly inbox: Inbox<EslEvent>;
  loginAsked: boolean;
  /** When it came up; milliseconds. */
  upAt: number | null;
  watchdog: Watchdog | null;
  /** What was already complained about. */
  readonly said: Set<string>;
}

/** From the first packet to the subscription. FreeSWITCH itself gives up on a login after 25 s. */
const readyMs = 10_000;
const commandMs = 5_000;
const uptimeMs = 5_000;

/** A connection that lived so long was a good one: the next wait is short again. */
const stableMs = 30_000;

/**
 * The event socket of FreeSWITCH: comes back for ever, asks one thing at a time, repeats nothing. It reads always; where
 * that is more than can be handled it ends the connection itself, because a slow listener freezes FreeSWITCH. Passwords
 * go nowhere but into the login.
 */
export class EslLink implements EslCommands {
  readonly #options: EslOptions;
  readonly #tools: AdapterTools;
  readonly #where: string;
  #handlers: LinkHandlers<EslEvent> | null = null;
  #session: Session | null = null;
  #failures = 0;
  /** Either until the connection must be ready, or until the next attempt. */
  #timer: Timer | null = null;

  constructor(options: EslOptions, tools: AdapterTools) {
    this.#options = options;
    this.#tools = tools;
    this.#where = `the event socket at ${options.host}:${options.port}`;
  }

  /** Logged in, and events are subscribed to. */
  get up(): boolean {
    return this.#session !== null && this.#session.upAt !== null;
  }

  start(handlers: LinkHandlers<EslEvent>): void {
    this.#handlers = handlers;
    this.#open();
  }

  stop(): void {
    this.#handlers = null;
    this.#drop(new Fault('pbx-unreachable', 'the event socket is being closed'));
  }

  async api(command: string, args?: string, deadlineMs: number = commandMs): Promise<string> {
    const text = await this.#ask('api', apiCommand(command, args), `api ${command}`, deadlineMs);
    return text.replace(/[\r\n]+$/, '');
  }

  async sendEvent(
    name: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
    deadlineMs: number = commandMs,
  ): Promise<string | null> {
    const text = await this.#ask('reply', sendEventCommand(name, headers, body), `sendevent ${name}`, deadlineMs);
    if (text.startsWith('-ERR')) throw new Fault('pbx-refused', `FreeSWITCH refuses sendevent ${name}`);
    return /^\+OK (\S+)/.exec(text)?.[1] ?? null;
  }

  #ask(kind: ReplyKind, text: string, name: string, deadlineMs: number): Promise<string> {
    const session = this.#session;
    if (session === null || session.upAt === null) {
      return Promise.reject(new Fault('pbx-unreachable', `${this.#where} is not connected`));
    }
    if (isTrap(text)) {
      const message = 'a command was not sent: FreeSWITCH would have unloaded its event socket for a word in it';
      this.#say(session, 'trap', message, { command: name });
      if (kind === 'api') return Promise.resolve('-ERR no reply');
      return Promise.reject(new Fault('pbx-refused', `${name} holds words that FreeSWITCH must not be told`));
    }
    return new Promise((resolve, reject) => {
      const settle = (answer: string | Fault) => (answer instanceof Fault ? reject(answer) : resolve(answer));
      session.queue.run({ kind, text, name, deadlineMs, settle });
    });
  }

  #open(): void {
    const { host, port } = this.#options;
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 });
    const { clock } = this.#tools;
    const session: Session = {
      socket,
      frames: new Frames(),
      queue: new CommandQueue(
        clock,
        (text) => socket.write(text),
        (fault) => this.#lost(session, fault),
      ),
      inbox: new Inbox(clock, (event) => this.#handle(session, event)),
      loginAsked: false,
      upAt: null,
      watchdog: null,
      said: new Set(),
    };
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#lost(session, asFault(`${this.#where}: ${error.code ?? error.message}`)),
    );
    socket.on('close', () => this.#lost(session, asFault(`${this.#where} was closed`)));
    socket.on('end', () => this.#lost(session, asFault(`${this.#where} was closed`)));
    socket.on('data', (bytes: Buffer) => this.#read(session, bytes));
    this.#session = session;
    this.#after(readyMs, () => this.#notReady(session));
  }

  #notReady(session: Session): void {
    if (!session.frames.loginUnfinished) {
      this.#lost(session, asFault(`${this.#where} does not answer as FreeSWITCH does`));
      return;
    }
    // COMPAT(FreeSWITCH 1.11): the answer to userauth repeats both lists in 512 bytes, and its end may not fit in.
    const cure = 'esl-allowed-events and esl-allowed-api of the user are too long, together at most 434 letters';
    this.#lost(session, refused(`${this.#where} cuts off its answer to the login: ${cure}`), longWaitMs);
  }

  #read(session: Session, bytes: Buffer): void {
    if (session !== this.#session) return;
    try {
      for (const frame of session.frames.push(bytes)) {
        this.#take(session, frame);
        if (session !== this.#session) return;
      }
    } catch (error) {
      this.#lost(session, asFault(error));
      return;
    }
    session.inbox.flush();
  }

  #take(session: Session, frame: Frame): void {
    switch (frame.kind) {
      case 'event':
        if (session.upAt === null) return;
        session.watchdog?.heard(frame.event);
        if (session !== this.#session || session.inbox.push(frame.event)) return;
        this.#lost(session, asFault(`${this.#where} is given up: events come faster than they can be handled`));
        return;
      case 'reply':
      case 'api':
        if (!session.queue.answer(frame.kind, frame.text)) {
          this.#lost(session, asFault(`${this.#where} is out of step: an answer that nobody asked for`));
        }
        return;
      case 'login':
        if (session.loginAsked) this.#lost(session, asFault(`${this.#where} is out of step: a second login`));
        else this.#login(session);
        return;
      case 'unreadable':
        this.#say(session, 'unreadable', 'an event of FreeSWITCH is no JSON and was skipped');
        return;
      case 'rejected':
        this.#lost(
          session,
          refused(`${this.#where} refuses this host: its apply-inbound-acl must allow it`),
          longWaitMs,
        );
        return;
      case 'goodbye':
        this.#lost(session, asFault(`FreeSWITCH says goodbye on ${this.#where}`));
    }
  }

  /** Answers are handled where they are read, because the goodbye after a refusal may come with the same bytes. */
  #login(session: Session): void {
    const { user, password, events, subclasses } = this.#options;
    session.loginAsked = true;
    const step = (name: string, text: string, next: () => void, otherwise: string): void =>
      session.queue.run({
        kind: 'reply',
        text,
        name,
        deadlineMs: readyMs,
        settle: (answer) => {
          if (session !== this.#session) return;
          if (answer instanceof Fault) this.#lost(session, answer);
          else if (answer.startsWith('+OK')) next();
          else this.#lost(session, refused(otherwise), longWaitMs);
        },
      });
    const account = user === undefined ? 'its own password' : `the user ${user}`;
    const subscribe = () =>
      step(
        'event',
        eventCommand(events, subclasses),
        () => this.#ready(session),
        `${this.#where} refuses the events: esl-allowed-events of ${account} must name all of config/freeswitch`,
      );
    const wrong =
      user === undefined
        ? `${this.#where} refuses the password`
        : `${this.#where} refuses the user ${user} or his esl-password`;
    step('the login', loginCommand(password, user), subscribe, wrong);
  }

  #ready(session: Session): void {
    this.#timer?.cancel();
    session.upAt = this.#tools.clock.now();
    session.watchdog = new Watchdog(this.#tools.clock, {
      ask: () => this.api('uptime', '', uptimeMs),
      giveUp: (fault) => this.#lost(session, fault),
    });
    this.#handlers?.up();
  }

  /** What an event nobody foresaw does to its reader must not end the worker: the next reconciliation cures it. */
  #handle(session: Session, event: EslEvent): void {
    if (session !== this.#session) return;
    try {
      this.#handlers?.event(event);
    } catch (error) {
      const name = `${event['Event-Name']} ${event['Event-Subclass'] ?? ''}`;
      this.#say(session, name, 'an event of FreeSWITCH could not be handled', { event: name, error: String(error) });
    }
  }

  /** Once per connection and cause: what a phone can make FreeSWITCH send must not fill the log. */
  #say(session: Session, cause: string, message: string, fields: object = {}): void {
    if (session.said.has(cause) || session.said.size >= 20) return;
    session.said.add(cause);
    this.#tools.logger.warn(fields, message);
  }

  #lost(session: Session, fault: Fault, waitMs = 0): void {
    if (session !== this.#session) return;
    const { clock, random } = this.#tools;
    if (session.upAt !== null && clock.now() - session.upAt >= stableMs) this.#failures = 0;
    this.#drop(fault);
    const handlers = this.#handlers;
    if (handlers === null) return;
    const wait = Math.max(waitMs, backoffMs(this.#failures++, random, 500, mostWaitMs));
    this.#after(wait, () => this.#open());
    handlers.down(fault);
  }

  #drop(why: Fault): void {
    const session = this.#session;
    this.#session = null;
    this.#timer?.cancel();
    if (session === null) return;
    session.watchdog?.stop();
    session.inbox.close();
    session.socket.removeAllListeners();
    session.socket.on('error', () => undefined);
    session.socket.destroy();
    session.queue.close(why);
  }

  #after(ms: number, task: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#tools.clock.after(ms, task);
  }
}

function refused(message: string): Fault {
  return new Fault('pbx-refused', message);
}
