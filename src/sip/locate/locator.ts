import { type Clock, within } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import { granted, type Outcome, refused } from '../../model/outcome.ts';
import type { Random } from '../../model/random.ts';
import type { Transport } from '../engine.ts';
import type { SipUri } from '../message/uri.ts';
import type { Answer, Family, NameResolver } from './name-resolver.ts';
import { dnsName, isHostAddress, type NaptrRecord, type SrvRecord } from './records.ts';
import { isDenied, orderSrv } from './srv-order.ts';
import { type Host, isSecure, type Service, type Target, targetKey } from './target.ts';
import { afterNaptr, firstStep, type Step } from './transport-choice.ts';

export interface LocatorOptions {
  readonly resolver: NameResolver;
  readonly clock: Clock;
  /** Draws among SRV records of one priority. */
  readonly random: Random;
  readonly logger: Logger;
  /** The families we have sockets of, most wanted first. */
  readonly families: readonly Family[];
  /** Whether an address is this machine: loopback or one of its interfaces. */
  readonly isOwn: (address: string) => boolean;
  /** For one `locate`, all questions together; ms. Default 2000. */
  readonly deadlineMs?: number;
}

export interface LocateLimits {
  /** This machine may be the answer: only for peers that may live here. Default: false. */
  readonly own?: boolean;
}

/** SRV targets whose addresses are asked for. */
const maxHosts = 8;
/** Addresses taken of one name and family. */
const maxAddresses = 8;
/** Of one URI: more would not be tried within any deadline. */
const maxTargets = 16;
/** The part of the deadline NAPTR may take: many routers drop a question they do not know. */
const naptrShare = 0.3;
/** The part that must have passed before the questions for SRV are given up. */
const srvShare = 0.7;

/** RFC 3263: from a URI to the places a request for it can be sent to, best first. */
export class Locator {
  readonly #options: LocatorOptions;
  readonly #logger: Logger;
  readonly #deadlineMs: number;

  constructor(options: LocatorOptions) {
    this.#options = options;
    this.#logger = options.logger.child('locate');
    this.#deadlineMs = options.deadlineMs ?? 2000;
  }

  /**
   * At least one target, or why there is none: `scheme`, `transport-unknown`, `transport-unavailable`, `host-invalid`,
   * `not-offered`, `no-address`, `address-forbidden`, `dns-failed`. Never rejects, never takes longer than the deadline.
   */
  async locate(
    uri: SipUri,
    allowed: readonly Transport[],
    { own = false }: LocateLimits = {},
  ): Promise<Outcome<readonly Target[]>> {
    const step = firstStep(uri, allowed);
    if (!step.ok) return step;
    const start = this.#options.clock.now();
    const hosts = await this.#hosts(step.value, uri, allowed, start);
    const targets = hosts.ok ? await this.#targets(hosts.value, uri, start, own) : hosts;
    if (!targets.ok) this.#logger.debug({ host: uri.host, ...targets.refusal }, 'a host could not be located');
    return targets;
  }

  /** RFC 3263 4.1 and 4.2 down to host names and ports. */
  async #hosts(
    step: Step,
    uri: SipUri,
    allowed: readonly Transport[],
    start: number,
  ): Promise<Outcome<readonly Host[]>> {
    if (step.kind === 'address') {
      return granted([{ transport: step.transport, name: step.address, port: step.port }]);
    }
    if (step.kind === 'host') return granted([step.host]);
    if (step.kind === 'services') return this.#offered(step.services, step.fallback, start);
    const naptr = await this.#ask(this.#options.resolver.naptr(step.name), start, naptrShare);
    const records: readonly NaptrRecord[] = naptr.kind === 'records' ? naptr.records : [];
    const next = afterNaptr(uri, allowed, records);
    return this.#hosts(next, uri, allowed, start);
  }

  /** RFC 3263 4.2, RFC 2782. */
  async #offered(services: readonly Service[], fallback: Host, start: number): Promise<Outcome<readonly Host[]>> {
    const { resolver, random } = this.#options;
    const asked = services.map(async (service) => ({
      ...service,
      answer: await this.#ask(resolver.srv(service.name), start, srvShare),
    }));
    const answers = await Promise.all(asked);
    const found = answers.flatMap(({ transport, answer }) => hostsOf(transport, answer, random));
    if (found.length > 0) return granted(found.slice(0, maxHosts));
    const failed = answers.find(({ answer }) => answer.kind === 'failed')?.answer;
    // Only a clear "no such records" leads to the bare host: another host than the one meant may live there.
    if (failed?.kind === 'failed') return refused('dns-failed', `DNS: ${failed.reason}`, 503);
    const denied = answers.some(
      ({ transport, answer }) =>
        transport === fallback.transport && answer.kind === 'records' && isDenied(answer.records),
    );
    return denied ? refused('not-offered', `${fallback.name} has no SIP service`, 503) : granted([fallback]);
  }

  async #targets(
    hosts: readonly Host[],
    uri: SipUri,
    start: number,
    own: boolean,
  ): Promise<Outcome<readonly Target[]>> {
    const asked = hosts.map(async (host) => ({ host, ...(await this.#addresses(host.name, start)) }));
    const resolved = await Promise.all(asked);
    const targets = new Map<string, Target>();
    let forbidden = false;
    for (const { host, addresses } of resolved) {
      for (const address of addresses) {
        const { transport, port } = host;
        const serverName = isSecure(transport) ? dnsName(uri.host) : null; // RFC 5922 4
        const target = { transport, address, port, serverName };
        if (!isHostAddress(address) || (!own && this.#options.isOwn(address))) forbidden = true;
        else targets.set(targetKey(target), target);
      }
    }
    if (targets.size > 0) return granted([...targets.values()].slice(0, maxTargets));
    if (forbidden) return refused('address-forbidden', `${uri.host} is an address that may not be used`, 503);
    const failed = resolved.find(({ failure }) => failure !== null)?.failure;
    if (failed !== undefined && failed !== null) return refused('dns-failed', `DNS: ${failed}`, 503);
    return refused('no-address', `${uri.host} has no address`, 503);
  }

  /** The addresses of a name, families in turn (RFC 8305 4); an address is its own answer. */
  async #addresses(
    name: string,
    start: number,
  ): Promise<{ readonly addresses: readonly string[]; readonly failure: string | null }> {
    const { resolver, families } = this.#options;
    if (dnsName(name) === null) {
      const family = name.includes(':') ? 6 : 4;
      return { addresses: families.includes(family) ? [name] : [], failure: null };
    }
    const answers = await Promise.all(families.map((family) => this.#ask(resolver.addresses(name, family), start, 1)));
    const lists = answers.map((answer) => (answer.kind === 'records' ? answer.records.slice(0, maxAddresses) : []));
    const failed = answers.find((answer) => answer.kind === 'failed');
    return { addresses: inTurn(lists), failure: failed?.kind === 'failed' ? failed.reason : null };
  }

  /** The answer, or none in the part of the deadline that is left. */
  #ask<T>(answer: Promise<Answer<T>>, start: number, share: number): Promise<Answer<T>> {
    const { clock } = this.#options;
    const left = Math.max(start + this.#deadlineMs * share - clock.now(), 0);
    return within<Answer<T>>(clock, left, answer, () => ({ kind: 'failed', reason: 'deadline' }));
  }
}

/** RFC 2782: in the order to be tried; names that are none, and port 0, are left out. */
function hostsOf(transport: Transport, answer: Answer<SrvRecord>, random: Random): readonly Host[] {
  if (answer.kind !== 'records') return [];
  return orderSrv(answer.records, random).flatMap(({ target, port }) => {
    const name = dnsName(target);
    return name === null || port === 0 ? [] : [{ transport, name, port }];
  });
}

function inTurn(lists: readonly (readonly string[])[]): readonly string[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => lists.map((list) => list[index])).flatMap((round) =>
    round.filter((address) => address !== undefined),
  );
}
