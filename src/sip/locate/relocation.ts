import type { AddressedRequest, Endpoint, Flow, Transport } from '../engine.ts';
import { parseNameAddr, splitList } from '../message/name-addr.ts';
import { parseUri, type SipUri } from '../message/uri.ts';
import type { Locator } from './locator.ts';
import type { Target } from './target.ts';

/** What a request says of its way. */
export type Hop = Pick<AddressedRequest, 'uri' | 'routeSet' | 'flow'>;

export interface RelocationOptions {
  readonly locator: Pick<Locator, 'locate'>;
  /** Whose word on where to send to is taken: `sip.trusted` with `sip.auth: trusted`, and `sip.identity.from`. */
  readonly isTrusted: (address: string) => boolean;
  /** One of our own listeners: a request sent there would come back. */
  readonly isSelf: (endpoint: Endpoint) => boolean;
}

/** What the engine can dial. TLS never falls back to it, and a WebSocket cannot be dialled at all (RFC 7118 5). */
const dialled: readonly Transport[] = ['tcp'];

/**
 * New ways for requests whose connection is gone, for trusted peers only: a proxy in front that was restarted. Anybody
 * else waits until he subscribes again, or a SUBSCRIBE could make us send to a third party (amplification).
 */
export class Relocation {
  readonly #options: RelocationOptions;

  constructor(options: RelocationOptions) {
    this.#options = options;
  }

  /** True: a new connection may be sought when the one of this flow is gone. */
  covers({ transport, remote }: Flow): boolean {
    return dialled.includes(transport) && this.#options.isTrusted(remote.address);
  }

  /**
   * Where else to send, by RFC 3263: the first route, else the remote target (RFC 3261 8.1.2). Every target is trusted
   * itself; one that only the remote target names is the very host the flow came from. Empty: nowhere. Never rejects.
   */
  async targets(hop: Hop): Promise<readonly Target[]> {
    const uri = this.covers(hop.flow) ? nextHop(hop) : null;
    if (uri === null) return [];
    const { locator, isTrusted, isSelf } = this.#options;
    const located = await locator.locate(uri, dialled, { own: true }); // what is trusted may live on this machine
    if (!located.ok) return [];
    const routed = hop.routeSet.length > 0;
    return located.value.filter(
      (target) =>
        isTrusted(target.address) && !isSelf(target) && (routed || target.address === hop.flow.remote.address),
    );
  }
}

/** RFC 3261 8.1.2; null: it cannot be read. */
export function nextHop({ uri, routeSet }: Pick<Hop, 'uri' | 'routeSet'>): SipUri | null {
  const [line] = routeSet;
  if (line === undefined) return parseUri(uri);
  const first = parseNameAddr(splitList(line)?.[0] ?? line);
  return first === null ? null : parseUri(first.uri);
}
