import type { MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { Clock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import { addressOf, type OpsContext, type OpsEnv, refuse } from '../answers.ts';
import { Buckets, type Rate } from './buckets.ts';
import { networkOf } from './network.ts';
import { Refusals } from './refusals.ts';
import type { Holder, Tokens } from './tokens.ts';

type Guard = MiddlewareHandler<OpsEnv>;

/** Wrong tokens from one address: so many at once, then one in six seconds. */
const guesses: Rate = { perSecond: 1 / 6, burst: 10 };
const mostAddresses = 1000;

export interface DoorTools {
  readonly tokens: Tokens;
  /** Requests of one client; null: as many as he likes. */
  readonly rate: () => Rate | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Who comes in, how often, and how often he may guess. */
export class Door {
  readonly #tools: DoorTools;
  readonly #requests: Buckets;
  readonly #guesses: Buckets;
  /** Address and name of tokens that were good of late, oldest first: a neighbour's guessing does not lock them out. */
  readonly #proven = new Set<string>();
  readonly #refusals: Refusals;

  constructor(tools: DoorTools) {
    this.#tools = tools;
    this.#requests = new Buckets(tools.clock, tools.rate);
    this.#guesses = new Buckets(tools.clock, () => guesses);
    this.#refusals = new Refusals(tools.clock, tools.logger);
  }

  /** Counts every request, and says who asks where he says so himself. Needs no token: that is `holders`. */
  readonly counts: Guard = createMiddleware<OpsEnv>(async (c, next) => {
    this.#refusals.tell();
    const from = networkOf(addressOf(c));
    const authorization = c.req.header('authorization');
    const holder = this.#tools.tokens.holderOf(authorization);
    if (authorization !== undefined && !this.#tools.tokens.none) {
      const wait = this.#guess(from, holder);
      if (wait > 0) {
        if (holder === null) this.#refusals.note(true, addressOf(c), c.req.path);
        return tooMany(c, wait);
      }
    }
    const key = `${holder?.name ?? ''} ${from}`;
    const wait = this.#requests.take(key);
    if (wait > 0) return tooMany(c, wait);
    c.set('holder', holder);
    c.set('spend', (cost) => this.#requests.take(key, cost));
    return next();
  });

  /** Asks for `Authorization: Bearer …`. Without a configured token everybody who gets here is the local admin. */
  readonly holders: Guard = createMiddleware<OpsEnv>(async (c, next) => {
    const holder = c.get('holder');
    if (holder === null) {
      this.#refusals.note(c.req.header('authorization') !== undefined, addressOf(c), c.req.path);
      c.header('WWW-Authenticate', 'Bearer realm="lamplighter"');
      return refuse(c, 401, 'token-needed', 'send Authorization: Bearer with a token of http.tokenFile or http.tokens');
    }
    c.set('who', holder.name);
    c.set('role', holder.role);
    return next();
  });

  /** Seconds until this address may try again; 0: now. While it may not, a good token that is new there is no better. */
  #guess(from: string, holder: Holder | null): number {
    const key = `${from} ${holder?.name}`;
    if (holder !== null && this.#proven.has(key)) return 0;
    if (holder === null) return this.#guesses.take(from);
    if (this.#guesses.level(from) < 1) return Math.ceil((1 - this.#guesses.level(from)) / guesses.perSecond);
    this.#proven.add(key);
    const [oldest] = this.#proven;
    if (this.#proven.size > mostAddresses && oldest !== undefined) this.#proven.delete(oldest);
    return 0;
  }
}

function tooMany(c: OpsContext, seconds: number): Response {
  c.header('Retry-After', String(seconds));
  return refuse(c, 429, 'too-many-requests', `too many requests: wait ${seconds} s`);
}
