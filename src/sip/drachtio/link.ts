import type { Clock, Timer } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import { Control, type Malformed } from './control.ts';
import type { Srf, SrfHandler } from './srf.ts';

export interface LinkOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A client that has not connected. */
  readonly makeSrf: () => Srf;
  /** Milliseconds between two pings; default 5,000. */
  readonly pingMs?: number;
}

export interface LinkEvents {
  /** There is a connection, or a new one. `hostports`: where the server listens for SIP. */
  readonly onUp: (hostports: string) => void;
  /** It is gone: what was asked by it gets no answer. */
  readonly onDown: () => void;
  readonly onRequest: (control: Control, ...request: Parameters<SrfHandler>) => void;
  readonly onMalformed: (request: Malformed) => void;
}

/** Silence of so many pings ends a connection: a wedged one would stay for ever. */
const mostSilent = 3;
const connectMs = 5_000;
const firstPauseMs = 200;
const longestPauseMs = 5_000;

/** Keeps one control connection: connects, watches whether the server is alive, and connects again. */
export class Link {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  #control: Control | null = null;
  #timer: Timer | null = null;
  #pauseMs = firstPauseMs;
  #silent = 0;
  #running = false;
  #trouble: string | null = 'not connected yet';
  /** The outage has been said. */
  #said = false;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
  }

  start(): void {
    this.#running = true;
    this.#connect();
  }

  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
    this.#timer = null;
    this.#control?.close('stopped');
    this.#control = null;
    this.#trouble = 'stopped';
  }

  /** null: there is none that works. */
  get control(): Control | null {
    return this.#control?.up === true ? this.#control : null;
  }

  /** Why there is no connection; null: there is one. */
  get trouble(): string | null {
    return this.#trouble;
  }

  #connect(): void {
    const { host, port, secret, clock, makeSrf } = this.#options;
    const control: Control = new Control(makeSrf(), {
      onUp: (hostports, version) => this.#up(control, hostports, version),
      onRequest: (request, response) => this.#events.onRequest(control, request, response),
      onMalformed: (request) => this.#events.onMalformed(request),
      onAlive: () => {
        this.#silent = 0;
      },
      onDown: (reason) => this.#down(control, reason),
    });
    this.#control = control;
    this.#timer = clock.after(connectMs, () => control.close('the server does not answer'));
    control.open(host, port, secret);
  }

  #up(control: Control, hostports: string, version: string): void {
    if (control !== this.#control) return;
    const { logger, host, port } = this.#options;
    this.#trouble = null;
    this.#said = false;
    this.#pauseMs = firstPauseMs;
    this.#silent = 0;
    this.#timer?.cancel();
    this.#ping(control);
    logger.info({ control: `${host}:${port}`, sip: hostports, version }, 'connected to drachtio-server');
    this.#events.onUp(hostports);
  }

  /** Our own: those of srf never start with a server that was built outside of git. */
  #ping(control: Control): void {
    if (this.#silent >= mostSilent) {
      control.close('the server is silent');
      return;
    }
    this.#silent += 1;
    control.ping();
    this.#timer = this.#options.clock.after(this.#options.pingMs ?? 5_000, () => this.#ping(control));
  }

  #down(control: Control, reason: string): void {
    if (control !== this.#control) return;
    const { clock, logger, host, port } = this.#options;
    this.#control = null;
    this.#timer?.cancel();
    this.#timer = null;
    this.#events.onDown();
    if (!this.#running) return;
    this.#trouble = reason;
    if (!this.#said) {
      const fault = { code: 'drachtio-unreachable', control: `${host}:${port}`, reason };
      logger.warn(fault, 'no connection to drachtio-server: phones hear nothing until there is one');
    }
    this.#said = true;
    this.#timer = clock.after(this.#pauseMs, () => this.#connect());
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }
}
