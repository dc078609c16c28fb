import { isTransport } from '../dialog.ts';
import { type Endpoint, type Flow, isStream, type ListenPoint, type Transport } from '../engine.ts';
import type { SrfRequest } from './srf.ts';

/** `udp/192.0.2.1:5060,tcp/[2001:db8::1]:5060`, as the server says it when it lets us in. What is no such thing is left out. */
export function readHostports(text: string): readonly ListenPoint[] {
  return text.split(',').flatMap((part) => {
    const [, transport, host] = /^\s*([a-z]+)\/(.+)$/i.exec(part) ?? [];
    const at = host === undefined ? null : readEndpoint(host.trim());
    const kind = transport?.toLowerCase();
    return at === null || !isTransport(kind) ? [] : [{ transport: kind, ...at }];
  });
}

/** `address:port`, an IPv6 address with brackets or without. */
export function readEndpoint(text: string): Endpoint | null {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  const address = host.replace(/^\[(.*)\]$/, '$1');
  return address === '' || Number(port) > 65_535 ? null : { address, port: Number(port) };
}

/** Names every connection: which one it is, only the server knows. */
const someConnection = 'drachtio';

type Source = Pick<SrfRequest, 'protocol' | 'source_address' | 'source_port' | 'receivedOn'>;

/**
 * The path of a request. Within a dialog the server does not say where it came in: `known` is where the dialog's first one
 * did, and without it it is the first listener that fits.
 */
export function flowOf(request: Source, points: readonly ListenPoint[], known: Endpoint | null): Flow {
  const protocol = request.protocol?.toLowerCase();
  const transport: Transport = isTransport(protocol) ? protocol : 'udp';
  const address = (request.source_address ?? '').replace(/^\[(.*)\]$/, '$1');
  const remote = { address, port: request.source_port ?? 5060 };
  const heard = request.receivedOn === undefined ? null : readEndpoint(request.receivedOn);
  const six = address.includes(':');
  const fitting = points.find((point) => point.transport === transport && point.address.includes(':') === six);
  const local = heard ?? known ?? (fitting === undefined ? unknown : at(fitting));
  return { transport, local, remote, connection: isStream(transport) ? someConnection : '' };
}

const unknown: Endpoint = { address: '0.0.0.0', port: 5060 };

function at({ address, port }: Endpoint): Endpoint {
  return { address, port };
}
