import { isIPv6 } from 'node:net';
import type { Aor } from '../../model/aor.ts';
import { granted, type Outcome, refused } from '../../model/outcome.ts';
import type { Flow, ListenPoint, SipEngine, Transport } from '../engine.ts';
import type { PhonePlace } from '../front.ts';
import { isLoopback, type LocalAddresses } from '../local-addresses.ts';
import type { Locator } from '../locate/locator.ts';
import type { Target } from '../locate/target.ts';
import { parseUri } from '../message/uri.ts';

export interface PhonePathsOptions {
  readonly locator: Pick<Locator, 'locate'>;
  readonly engine: Pick<SipEngine, 'connect'>;
  readonly addresses: Pick<LocalAddresses, 'has' | 'facing'>;
  /** The path of a phone that has registered through us, by its contact; null: it has not, or is away. Absent: none has. */
  readonly learnt?: (aor: Aor, contact: string) => Flow | null;
  /** The path of a subscription that the phone itself has here, where there is one. */
  readonly own: (aor: Aor, contact: string) => Flow | null;
}

/** What we can send by unasked: nobody dials TLS to a phone, and a WebSocket cannot be dialled (RFC 7118 5). */
const outward: readonly Transport[] = ['udp', 'tcp'];

/** Nothing of ours leads there: TLS, WebSocket, a phone that takes no connections. */
const unreachable: readonly string[] = ['transport-unavailable', 'not-connected'];

/**
 * From what a phone registered to a path. Its contact is its own word: it may make us send to itself, and to nobody who
 * would be worse off, so neither to a listener of ours nor, unless we listen there ourselves, to this host's loopback.
 */
export class PhonePaths {
  readonly #options: PhonePathsOptions;
  #points: readonly ListenPoint[] = [];

  constructor(options: PhonePathsOptions) {
    this.#options = options;
  }

  /** Where our listeners are bound; before it nothing is found. */
  listen(points: readonly ListenPoint[]): void {
    this.#points = points;
  }

  /** Refusals: `uri-malformed`, `address-forbidden`, `not-connected`, and those of the locator. Never rejects. */
  async to(aor: Aor, place: PhonePlace): Promise<Outcome<Flow>> {
    // The PBX has taken it by this very path, and its contact may lead nowhere.
    const learnt = this.#options.learnt?.(aor, place.uri) ?? null;
    if (learnt !== null) return granted(learnt);
    // Behind a NAT only what the phone opened itself is open; a proxy that stays in the way (`lr`) is sent to.
    const isBehind = place.via !== null && parseUri(place.via)?.params.has('lr') !== true;
    const own = isBehind ? this.#options.own(aor, place.uri) : null;
    if (own !== null) return granted(own);
    const found = await this.#find(place);
    if (found.ok || !unreachable.includes(found.refusal.code)) return found;
    const other = this.#options.own(aor, place.uri);
    return other === null ? found : granted(other);
  }

  async #find({ uri, via }: PhonePlace): Promise<Outcome<Flow>> {
    const next = parseUri(via ?? uri);
    if (next === null || parseUri(uri) === null) return refused('uri-malformed', 'the contact is no SIP URI');
    const usable = outward.filter((transport) => this.#points.some((point) => point.transport === transport));
    const located = await this.#options.locator.locate(next, usable, { own: true });
    if (!located.ok) return located;
    const allowed = located.value.filter((target) => this.#isAllowed(target));
    if (allowed.length === 0) return refused('address-forbidden', 'the contact leads to this host itself');
    for (const target of allowed) {
      const flow = await this.#flowTo(target);
      if (flow !== null) return granted(flow);
    }
    return refused('not-connected', 'nobody takes a connection there');
  }

  /** The same path over another connection; null: there is none. */
  async again({ transport, remote }: Flow): Promise<Flow | null> {
    return transport === 'tcp' ? this.#flowTo({ transport, ...remote, serverName: null }) : null;
  }

  #isAllowed({ address, port }: Target): boolean {
    const points = this.#points;
    if (!this.#options.addresses.has(address)) return true;
    if (isLoopback(address) && !points.some((point) => isLoopback(point.address))) return false;
    return !points.some((point) => point.port === port);
  }

  async #flowTo({ transport, address, port }: Target): Promise<Flow | null> {
    const remote = { address, port };
    if (transport === 'tcp') return (await this.#options.engine.connect?.({ transport, ...remote })) ?? null;
    const local = this.#listenerFacing(address);
    return local === null ? null : { transport: 'udp', local, remote, connection: '' };
  }

  #listenerFacing(address: string): Flow['local'] | null {
    const family = this.#points.filter(
      (point) => point.transport === 'udp' && isIPv6(point.address) === isIPv6(address),
    );
    const facing = this.#options.addresses.facing(address);
    const exact = family.find((point) => point.address === facing);
    const chosen = exact ?? family.find((point) => isWildcard(point.address)) ?? family[0];
    return chosen === undefined ? null : { address: chosen.address, port: chosen.port };
  }
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
