import { isIP } from 'node:net';
import { parseHostPort } from '../config/listen-point.ts';
import type { Config } from '../config/schema.ts';
import { type Aor, domainOf, userOf } from '../model/aor.ts';
import type { Domain } from '../model/domain.ts';
import { isLocal } from '../model/host-port.ts';
import { granted, type Outcome, refused } from '../model/outcome.ts';
import {
  type PhoneTransport,
  type ProvisionDesk,
  type ProvisionWay,
  type ProvisionWish,
  phoneTransports,
  type Snippet,
} from '../model/provision.ts';
import type { ListenerView, WaysView } from '../model/ways.ts';
import { bracketed } from '../sip/own-contact.ts';

export interface ProvisionSources {
  readonly config: Pick<Config, 'sip'>;
  /** The default first. */
  readonly domains: readonly [Domain, ...Domain[]];
  readonly ways: () => Pick<WaysView, 'engine' | 'listeners' | 'upstreams'>;
  /** The address of ours that the rest of the network most likely reaches. */
  readonly ownAddress: () => string;
}

/** Where phones find us, by what is configured and what is bound. */
interface Place {
  readonly transport: PhoneTransport;
  readonly host: string;
  readonly port: number;
  /** What an admin should know about it; null: nothing. */
  readonly doubt: string | null;
}

/** Provisioning for this daemon. The data on vendors is loaded when somebody asks: a daemon at work never does. */
export async function provisionDesk(sources: ProvisionSources): Promise<ProvisionDesk> {
  const [{ vendors }, { render }] = await Promise.all([
    import('../provision/index.ts'),
    import('../provision/render.ts'),
  ]);
  return {
    vendors: () => vendors.map(({ id, name }) => ({ vendor: id, name })),
    snippet: (id, wish): Outcome<Snippet> => {
      const vendor = vendors.find((one) => one.id === id.toLowerCase());
      if (vendor === undefined) {
        const known = vendors.map((one) => one.id).join(', ');
        return refused('unknown-vendor', `no vendor is called ${id.slice(0, 40)}; there are ${known}`, 404);
      }
      const place = placeOf(sources, wish.transport);
      if (place === null) {
        return refused(
          'no-listener',
          `nothing listens for phones on ${wish.transport ?? phoneTransports.join(', ')}`,
          409,
        );
      }
      const way = wish.way ?? wayOf(sources.ways());
      const { notes, ...rest } = render(vendor, { ...orderOf(wish), ...place, way });
      const strange = way === 'sidecar' ? strangeTo(wish.aor, place, sources) : null;
      const doubts = [place.doubt, strange].filter((doubt) => doubt !== null);
      return granted({ vendor: vendor.id, ...rest, notes: [...doubts, ...notes] });
    },
  };
}

function orderOf({ aor, lamps, list, pickup }: ProvisionWish) {
  return { ext: userOf(aor), domain: domainOf(aor), lamps, list, pickup };
}

/** As the daemon is set up: with an upstream it is one to be sent everything. */
function wayOf({ engine, upstreams }: ReturnType<ProvisionSources['ways']>): ProvisionWay {
  if (engine.kind === 'drachtio') return 'proxy';
  return upstreams.length > 0 ? 'inline' : 'sidecar';
}

/** null: nothing listens there. */
function placeOf({ config, ways, ownAddress }: ProvisionSources, wanted: PhoneTransport | undefined): Place | null {
  const forPhones = ways().listeners.flatMap((listener) => {
    const transport = phoneTransports.find((one) => one === listener.transport);
    return transport === undefined ? [] : [{ ...listener, transport }];
  });
  const listener = forPhones.find(({ transport }) => wanted === undefined || transport === wanted);
  if (listener === undefined) return null;
  const { transport, port } = listener;
  const { advertise } = config.sip;
  if (advertise !== undefined) {
    const told = isIP(advertise) !== 0 || !/:\d+$/.test(advertise) ? null : parseHostPort(advertise);
    // an advertised port is the one of plain SIP: TLS listens elsewhere
    const toldPort = transport === 'tls' ? null : (told?.port ?? null);
    return { transport, host: bracketed(told?.address ?? advertise), port: toldPort ?? port, doubt: null };
  }
  const host = hostOf(listener, ownAddress);
  return { transport, host: bracketed(host), port, doubt: doubtAbout(listener, host) };
}

/** A phone that watches at an address watches in the domain that address means (`Places`); null: it is his own. */
function strangeTo(aor: Aor, { host }: Place, { domains }: ProvisionSources): string | null {
  const address = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const meant = domains.find(({ name, aliases }) => name === address || aliases.includes(address)) ?? domains[0];
  if (meant.name === domainOf(aor)) return null;
  return `${host} means the domain ${meant.name}: for phones of ${domainOf(aor)} write a name that is among its aliases.`;
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::' || address === '';
}

function hostOf({ address }: ListenerView, ownAddress: () => string): string {
  return isWildcard(address) ? ownAddress() : address;
}

function doubtAbout({ address }: ListenerView, host: string): string | null {
  if (isLocal(host)) return `${host} is reached from this host alone: no phone gets here (sip.listen).`;
  if (!isWildcard(address)) return null;
  return `${host} is an address of this host; where phones reach it by another, sip.advertise says which.`;
}
