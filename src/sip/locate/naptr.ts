import type { Transport } from '../engine.ts';
import { dnsName, type NaptrRecord } from './records.ts';
import { isSecure, type Service } from './target.ts';

/** RFC 3263 4.1, RFC 7118 10.4: NAPTR service fields, in lower case. */
const transports: Readonly<Record<string, Transport>> = {
  'sip+d2u': 'udp',
  'sip+d2t': 'tcp',
  'sips+d2t': 'tls',
  'sip+d2w': 'ws',
  'sips+d2w': 'wss',
};
/** How many records of one name are used: nobody has more services, and a hostile zone may. */
const maxRecords = 16;

/** The service fields a URI of this scheme may use: for SIPS only those with TLS (RFC 3263 4.1). */
export function servicesOf(scheme: string, usable: readonly Transport[]): ReadonlyMap<string, Transport> {
  const fits = (transport: Transport) => usable.includes(transport) && (scheme !== 'sips' || isSecure(transport));
  return new Map(Object.entries(transports).filter(([, transport]) => fits(transport)));
}

/**
 * The SRV names to ask, best first: of the usable records those with the lowest order, by preference. Higher orders are
 * never used beside them (RFC 3403 4.1): a zone that says "TLS, else TCP" must not be talked down by a lost packet.
 */
export function rankNaptr(
  records: readonly NaptrRecord[],
  services: ReadonlyMap<string, Transport>,
): readonly Service[] {
  const usable = records
    .filter(({ flags, regexp }) => flags.toLowerCase() === 's' && regexp === '') // RFC 3263 4.1: ends at an SRV name
    .flatMap((record) => {
      const transport = services.get(record.service.toLowerCase());
      const name = dnsName(record.replacement);
      return transport === undefined || name === null ? [] : [{ ...record, transport, name }];
    })
    .sort((a, b) => a.order - b.order || a.preference - b.preference);
  const best = usable.filter(({ order }) => order === usable[0]?.order);
  return best.slice(0, maxRecords).map(({ transport, name }) => ({ transport, name }));
}
