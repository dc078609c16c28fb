import { isIP } from 'node:net';
import { type Clock, type Timer, within } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import { type Random, token } from '../../model/random.ts';
import type { UpstreamView } from '../../model/ways.ts';
import type { FinalResponse, Flow, SipEngine } from '../engine.ts';
import type { Locator } from '../locate/locator.ts';
import { plainAddress } from '../locate/records.ts';
import { defaultPort, type Target } from '../locate/target.ts';
import type { SipUri } from '../message/uri.ts';
import { contactUser } from '../own-contact.ts';
import type { WhoseSource } from './decide.ts';
import { placeText } from './own-places.ts';

export interface UpstreamsOptions {
  readonly engine: Pick<SipEngine, 'connect' | 'disconnect' | 'request' | 'reachableAt'>;
  readonly locator: Pick<Locator, 'locate'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** In order of preference, at least one. */
  readonly upstreams: readonly { readonly text: string; readonly uri: SipUri }[];
  /** How often each is asked whether it is there; ms. */
  readonly askMs: number;
}

/** One that did not answer is asked as often, at least; ms. */
const askDownMs = 2_000;
/** No answer in this time is none; ms. */
const answerMs = 3_000;
/** A name is looked up again; ms. What it meant stays until it means something else. */
const lookupMs = 30_000;
/** One that is down is given a request as often, for it might answer those and no OPTIONS; ms. */
const trialMs = 5_000;

interface Upstream {
  readonly index: number;
  readonly text: string;
  readonly uri: SipUri;
  targets: readonly Target[];
  lookedUpAt: number;
  /** Under way. */
  lookup: Promise<void> | null;
  state: UpstreamView['state'];
  reason: string | null;
  since: number | null;
  /** It has answered OPTIONS before: a PBX may leave those of strangers alone. */
  answersOptions: boolean;
  lastHeardAt: number;
  lastTrialAt: number;
}

/** Where a request may be sent: one address of one upstream. */
export interface UpstreamWay {
  readonly index: number;
  path(): Promise<Flow | null>;
}

/** The PBXs behind: where they are, which of them answers, and what comes from them. */
export class Upstreams {
  readonly #options: UpstreamsOptions;
  readonly #logger: Logger;
  readonly #all: readonly Upstream[];
  /** Paths that we have found, and to whom; only the newest to a target. */
  readonly #dialled = new Map<string, { readonly flow: Flow; readonly index: number }>();
  #timers: Timer[] = [];
  #running = false;

  constructor(options: UpstreamsOptions) {
    this.#options = options;
    this.#logger = options.logger.child('inline');
    this.#all = options.upstreams.map(({ text, uri }, index) => ({
      index,
      text,
      uri,
      targets: targetOf(uri),
      lookedUpAt: Number.NEGATIVE_INFINITY,
      lookup: null,
      state: 'unknown' as const,
      reason: null,
      since: null,
      answersOptions: false,
      lastHeardAt: Number.NEGATIVE_INFINITY,
      lastTrialAt: Number.NEGATIVE_INFINITY,
    }));
  }

  /** Asks from now on. */
  start(): void {
    this.#running = true;
    for (const upstream of this.#all) void this.#watch(upstream);
  }

  stop(): void {
    this.#running = false;
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }

  /**
   * Who sent by this flow. By UDP an upstream is its very address and port. By a stream it is at its address, and certain
   * only where we have dialled: a phone may live on its host, or behind its NAT.
   */
  whose(flow: Flow): WhoseSource {
    const { transport, remote, connection } = flow;
    for (const { index, targets } of this.#all) {
      for (const { address, port } of targets) {
        if (address !== plainAddress(remote.address)) continue;
        if (transport === 'udp') {
          if (port === remote.port) return { index, certain: true };
        } else if (transport === 'tcp') return { index, certain: this.#isDialled(connection) };
      }
    }
    return null;
  }

  /** An address that upstreams have, for limits that are not for them. */
  has(address: string): boolean {
    const plain = plainAddress(address);
    return this.#all.some(({ targets }) => targets.some((target) => target.address === plain));
  }

  /** The URI leads to one of them, by its name or by an address of it. */
  isNamed({ host, port, scheme }: SipUri): boolean {
    if (scheme !== 'sip') return false;
    return this.#all.some(
      ({ uri, targets }) =>
        (host === uri.host && (port ?? 5060) === (uri.port ?? 5060)) ||
        targets.some((target) => target.address === plainAddress(host) && target.port === (port ?? 5060)),
    );
  }

  /**
   * Ways for one request, the best first; none: nobody is there who could take it.
   *
   * @param only where its dialog lives; null: a new one
   */
  ways(only: number | null): readonly UpstreamWay[] {
    const own = only === null ? undefined : this.#all[only];
    const chosen = own === undefined ? this.#all : [own]; // a dialog may outlive a change of the configuration
    const alive = chosen.filter(({ state }) => state !== 'down');
    const tried = alive.length > 0 ? alive : chosen.filter((upstream) => this.#isTrial(upstream)).slice(0, 1);
    return tried.flatMap((upstream) => this.#waysTo(upstream));
  }

  /** It has answered something. */
  heard(index: number): void {
    const upstream = this.#all[index];
    if (upstream === undefined) return;
    upstream.lastHeardAt = this.#options.clock.now();
    this.#mark(upstream, 'up', null);
  }

  list(): readonly UpstreamView[] {
    return this.#all.map(({ text: uri, state, reason, since }) => ({ uri, state, reason, since }));
  }

  #isDialled(connection: string): boolean {
    for (const dialled of this.#dialled.values()) if (dialled.flow.connection === connection) return true;
    return false;
  }

  /**
   * A breaker that is half open: one request now and then, the others are spared the wait. Nobody has to wait where OPTIONS
   * will tell as soon.
   */
  #isTrial(upstream: Upstream): boolean {
    if (upstream.answersOptions) return false;
    const now = this.#options.clock.now();
    if (now - upstream.lastTrialAt < trialMs) return false;
    upstream.lastTrialAt = now;
    return true;
  }

  #waysTo(upstream: Upstream): readonly UpstreamWay[] {
    const { index, targets } = upstream;
    if (targets.length > 0)
      return targets.slice(0, 2).map((target) => ({ index, path: () => this.#dial(upstream, target) }));
    const first = async () => {
      await this.#resolve(upstream);
      const [target] = upstream.targets;
      return target === undefined ? null : this.#dial(upstream, target);
    };
    return [{ index, path: first }];
  }

  async #dial(upstream: Upstream, { transport, address, port }: Target): Promise<Flow | null> {
    const flow = (await this.#options.engine.connect?.({ transport, address, port })) ?? null;
    if (flow === null && upstream.targets.length === 1) {
      this.#mark(upstream, 'down', `no connection to ${address}:${port}`);
    } else if (flow !== null) {
      this.#dialled.set(`${transport}:${address}|${port}`, { flow, index: upstream.index });
    }
    return flow;
  }

  async #watch(upstream: Upstream): Promise<void> {
    await this.#resolve(upstream);
    if (!this.#running) return;
    const { clock, askMs } = this.#options;
    const asked = clock.now();
    const quietMs = asked - upstream.lastHeardAt;
    // a PBX with something to do has shown that it is there: a line less in its log
    if (upstream.answersOptions && upstream.state === 'up' && quietMs < askMs) {
      this.#watchIn(upstream, askMs - quietMs);
      return;
    }
    const failed = await this.#ask(upstream);
    if (!this.#running) return;
    if (failed === null) upstream.answersOptions = true;
    // COMPAT(several): who never answers OPTIONS shows by the rest that he lives
    const isSilent = upstream.answersOptions ? upstream.lastHeardAt < asked : upstream.lastHeardAt < 0;
    const isDown = failed !== null && isSilent;
    this.#mark(upstream, isDown ? 'down' : 'up', isDown ? failed.reason : null);
    if (isDown && failed.isSilent) this.#hangUp(upstream);
    this.#watchIn(upstream, isDown ? Math.min(askDownMs, askMs) : askMs);
  }

  #watchIn(upstream: Upstream, ms: number): void {
    const timer = this.#options.clock.after(ms, () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
      void this.#watch(upstream);
    });
    this.#timers.push(timer);
  }

  /**
   * What waits for a word of it is sent to another, where there is one. And a PBX that lost its power, or whose address is
   * another machine's now, has never closed our connection: the kernel would repeat what is sent on it for a quarter of an
   * hour, and all phones wait for it.
   */
  #hangUp({ index, answersOptions }: Upstream): void {
    for (const [target, { flow, index: whose }] of this.#dialled) {
      // who was never heard has lost nothing: he may be one that leaves OPTIONS alone
      if (whose !== index || (flow.connection !== '' && !answersOptions)) continue;
      this.#dialled.delete(target);
      this.#options.engine.disconnect?.(flow);
    }
  }

  #resolve(upstream: Upstream): Promise<void> {
    const { clock, locator } = this.#options;
    if (clock.now() - upstream.lookedUpAt < lookupMs) return Promise.resolve();
    const { uri } = upstream;
    if (targetOf(uri).length > 0) return Promise.resolve();
    upstream.lookup ??= locator.locate(uri, ['udp', 'tcp'], { own: true }).then((found) => {
      upstream.lookup = null;
      if (found.ok) {
        upstream.targets = found.value;
        upstream.lookedUpAt = clock.now();
      } else if (upstream.targets.length === 0) this.#mark(upstream, 'down', found.refusal.message);
    });
    return upstream.lookup;
  }

  /** RFC 3261 11: whatever it answers, it is there. Null: it is; else why not. Looks at each of its addresses. */
  async #ask(upstream: Upstream): Promise<{ readonly reason: string; readonly isSilent: boolean } | null> {
    let isSilent = true;
    let reason = upstream.reason ?? 'it has no address';
    for (const target of upstream.targets) {
      const flow = await this.#dial(upstream, target);
      if (flow === null) {
        reason = `no connection to ${target.address}:${target.port}`;
        continue;
      }
      const { status, local } = await this.#sendOptions(flow, upstream);
      if (!local && status !== 503) {
        // the one that answers comes first from now on
        upstream.targets = [target, ...upstream.targets.filter((one) => one !== target)];
        return null;
      }
      isSilent &&= local;
      reason = local
        ? `no answer from ${target.address}:${target.port}`
        : `${target.address}:${target.port} answers 503`;
    }
    return { reason, isSilent };
  }

  #sendOptions(flow: Flow, { text }: Upstream): Promise<FinalResponse> {
    const { engine, clock, random } = this.#options;
    const here = engine.reachableAt?.(flow);
    if (!here) return Promise.resolve(silence);
    const self = `sip:${contactUser}@${placeText(here, flow.transport)}`;
    const request = engine.request({
      method: 'OPTIONS',
      uri: text,
      from: `<${self}>;tag=${token(random, 64)}`,
      to: `<${text}>`,
      callId: token(random, 96),
      cseq: 1,
      routeSet: [],
      headers: [['Contact', `<${self}>`]],
      flow,
    });
    return within(clock, answerMs, request, () => silence);
  }

  #mark(upstream: Upstream, state: 'up' | 'down', reason: string | null): void {
    upstream.reason = reason;
    if (upstream.state === state) return;
    const wasDown = upstream.state === 'down';
    upstream.state = state;
    upstream.since = this.#options.clock.now();
    if (state === 'down') this.#logger.warn({ upstream: upstream.text, reason }, 'the upstream does not answer');
    else if (wasDown) this.#logger.info({ upstream: upstream.text }, 'the upstream answers again');
  }
}

const silence: FinalResponse = { status: 408, reason: 'Request Timeout', header: () => undefined, local: true };

/** Of a URI that names an address; empty: a name, to be looked up. */
function targetOf({ host, port, params }: SipUri): readonly Target[] {
  if (isIP(host) === 0) return [];
  const transport = params.get('transport')?.toLowerCase() === 'tcp' ? 'tcp' : 'udp';
  return [{ transport, address: plainAddress(host), port: port ?? defaultPort(transport), serverName: null }];
}
