import ariClient from 'ari-client';
import { type Timer, within } from '../../src/model/clock.ts';
import { Fault } from '../../src/model/errors.ts';
import type { AdapterTools } from '../adapter.ts';
import { asFault, type LinkHandlers, longWaitMs, mostWaitMs } from '../link.ts';
import { backoffMs } from '../resync.ts';
import { type AriAccount, AriRest } from './ari-rest.ts';
import type { AriEvent } from './events.ts';

/** What is used of ari-client's WebSocket, which is `ws`. */
interface AriSocket {
  on(event: string, listener: (...values: unknown[]) => void): void;
  off(event: string, listener: (...values: unknown[]) => void): void;
  listeners(event: string): ((...values: unknown[]) => void)[];
  removeAllListeners(event?: string): void;
  ping(): void;
  close(): void;
  terminate(): void;
}

/** What is used of ari-client; its own types do not show what must be guarded. */
interface AriClient {
  on(event: '*', listener: (event: unknown) => void): void;
  start(app: string, subscribeAll: false): PromiseLike<void>;
  _ws?: AriSocket;
  _wsClosed?: boolean;
}

export interface AriSettings extends AriAccount {
  readonly app: string;
}

/**
 * Channels, endpoints, bridges and nothing else.
 * COMPAT(Asterisk 20 to 23): closing a socket whose application subscribes device states can deadlock Asterisk for ever,
 * SIP included (asterisk#2170). `subscribeAll` would subscribe them: device states come from AMI.
 */
const eventSources = 'channel:,endpoint:,bridge:';

/** Half of the events of a call, and nothing in them for us. */
const eventFilter = { disallowed: [{ type: 'ChannelVarset' }] };

const loadMs = 10_000;
const openMs = 5_000;
const pingEveryMs = 10_000;

/**
 * A connection to ARI that comes back for ever. The stream is ari-client's, on a short leash: one client object is one
 * connection, its reconnecting is switched off, everything it awaits has a deadline, and what it throws on input is
 * caught. What it throws asynchronously while it loads the API description ends the worker thread, which is why there
 * is one, and why nothing is loaded before a plain request was answered.
 */
export class AriLink {
  readonly rest: AriRest;
  readonly #settings: AriSettings;
  readonly #tools: AdapterTools;
  #handlers: LinkHandlers<AriEvent> | null = null;
  #socket: AriSocket | null = null;
  /** Grows with each attempt: results of older ones are dropped. */
  #attempt = 0;
  #failures = 0;
  #up = false;
  #timer: Timer | null = null;

  constructor(settings: AriSettings, tools: AdapterTools) {
    this.#settings = settings;
    this.#tools = tools;
    this.rest = new AriRest(settings, tools.clock);
  }

  /** The stream is open, and tells of calls. */
  get up(): boolean {
    return this.#up;
  }

  start(handlers: LinkHandlers<AriEvent>): void {
    this.#handlers = handlers;
    this.#open();
  }

  /** Without device-state subscriptions any order of closing is safe. */
  stop(): void {
    this.#handlers = null;
    this.#drop();
  }

  #open(): void {
    const attempt = ++this.#attempt;
    this.#connect(attempt).catch((error: unknown) => {
      const fault = asFault(error);
      this.#lost(attempt, fault, fault.code === 'pbx-unreachable' ? 0 : longWaitMs);
    });
  }

  async #connect(attempt: number): Promise<void> {
    // Booting: refused, then 404, then 503, then 200. ari-client dies of any but the last.
    const { status } = await this.rest.call('GET', ['asterisk', 'info'], { query: { only: 'status' } });
    if (status === 401 || status === 403)
      throw new Fault('pbx-refused', `ARI refuses the user name or password of ${this.#settings.username}`);
    if (status !== 200) throw new Fault('pbx-unreachable', `ARI is not ready (${status})`);
    if (attempt !== this.#attempt) return;

    const { url, username, password, app } = this.#settings;
    const loading = ariClient.connect(url.replace(/\/$/, ''), username, password) as unknown as PromiseLike<AriClient>;
    const client = await within<AriClient>(this.#tools.clock, loadMs, Promise.resolve(loading), () =>
      Promise.reject(new Fault('pbx-unreachable', 'ARI does not describe itself')),
    );
    if (attempt !== this.#attempt) return;

    const socket = await this.#stream(client, attempt);
    if (attempt !== this.#attempt) {
      socket.terminate();
      return;
    }
    const subscribed = await this.rest.call('POST', ['applications', app, 'subscription'], {
      query: { eventSource: eventSources },
    });
    if (subscribed.status === 403)
      throw new Fault('pbx-refused', 'ARI refuses the subscription: its user needs read_only = no');
    if (subscribed.status !== 200)
      throw new Fault('pbx-unreachable', `ARI refuses the subscription (${subscribed.status})`);
    // Lost at every reconnect, like the subscriptions. An Asterisk without filters refuses: then there are more events.
    await this.rest.call('PUT', ['applications', app, 'eventFilter'], { body: eventFilter });
    if (attempt !== this.#attempt) return;
    this.#up = true;
    this.#failures = 0;
    this.#handlers?.up();
  }

  /** Opens the event stream; settles with the first word of the socket. */
  async #stream(client: AriClient, attempt: number): Promise<AriSocket> {
    client.on('*', (event) => {
      if (attempt === this.#attempt) this.#receive(event, attempt);
    });
    // Its promise settles never where the socket fails; ours listens to the socket itself.
    Promise.resolve(client.start(this.#settings.app, false)).catch(() => undefined);
    const socket = client._ws;
    if (socket === undefined) throw new Fault('pbx-crashed', 'ari-client opened no stream');
    // "Closed on purpose": ari-client leaves the reconnecting to us.
    client._wsClosed = true;
    this.#socket = socket;
    this.#guard(socket, attempt);
    const opened = new Promise<AriSocket>((resolve, reject) => {
      socket.on('open', () => resolve(socket));
      socket.on('error', (error) => reject(new Fault('pbx-unreachable', `ARI: ${(error as Error).message}`)));
      socket.on('close', () => reject(new Fault('pbx-unreachable', 'ARI closed the stream')));
    });
    await within<AriSocket>(this.#tools.clock, openMs, opened, () =>
      Promise.reject(new Fault('pbx-unreachable', 'ARI does not open the stream')),
    );
    socket.on('close', () => this.#lost(attempt, asFault('ARI closed the stream')));
    this.#watch(socket, attempt);
    return socket;
  }

  /** ari-client throws on event types its description does not name, and on frames that are no JSON. */
  #guard(socket: AriSocket, attempt: number): void {
    const handlers = socket.listeners('message');
    socket.removeAllListeners('message');
    socket.on('message', (data, flags) => {
      for (const handler of handlers) {
        try {
          handler.call(socket, data, flags);
        } catch (error) {
          // No JSON: nothing can be believed of this stream any more. Otherwise a type from the future: not for us.
          if (error instanceof SyntaxError) this.#lost(attempt, asFault('ARI sent something that is no event'));
          else this.#tools.logger.debug({ error: String(error) }, 'an ARI event that is not understood');
        }
      }
    });
  }

  /** Asterisk never pings, but it answers: only so is a half-open connection found. */
  #watch(socket: AriSocket, attempt: number): void {
    let answered = true;
    socket.on('pong', () => {
      answered = true;
    });
    const tick = () => {
      if (attempt !== this.#attempt) return;
      if (!answered) {
        this.#lost(attempt, asFault('ARI does not answer any more'));
        return;
      }
      answered = false;
      socket.ping();
      this.#timer = this.#tools.clock.after(pingEveryMs, tick);
    };
    tick();
  }

  #receive(event: unknown, attempt: number): void {
    if (typeof event !== 'object' || event === null) return;
    const fields = event as AriEvent;
    if (fields['type'] === 'ApplicationReplaced') {
      const fault = new Fault(
        'pbx-replaced',
        `the ARI application ${this.#settings.app} was taken over by another program`,
      );
      this.#lost(attempt, fault, longWaitMs);
      return;
    }
    if (this.#up) this.#handlers?.event(fields);
  }

  #lost(attempt: number, fault: Fault, waitMs = 0): void {
    if (attempt !== this.#attempt) return;
    this.#drop();
    const handlers = this.#handlers;
    if (handlers === null) return;
    const wait = Math.max(waitMs, backoffMs(this.#failures++, this.#tools.random, 500, mostWaitMs));
    this.#timer = this.#tools.clock.after(wait, () => this.#open());
    handlers.down(fault);
  }

  #drop(): void {
    this.#attempt++;
    this.#up = false;
    this.#timer?.cancel();
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.removeAllListeners('message');
    socket.on('error', () => undefined);
    socket.terminate();
  }
}
