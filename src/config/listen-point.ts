export interface ConfiguredPoint {
  readonly transport: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
  readonly address: string;
  readonly port: number;
}

/** `192.0.2.1:8090` or `[::1]:8090`, as the schema lets it through. */
export function parseHostPort(text: string): { readonly address: string; readonly port: number } {
  const at = text.lastIndexOf(':');
  return { address: text.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(at + 1)) };
}

/** `udp:0.0.0.0:5070`, as the schema lets it through. */
export function parseListenPoint(text: string): ConfiguredPoint {
  const at = text.indexOf(':');
  return { transport: text.slice(0, at) as ConfiguredPoint['transport'], ...parseHostPort(text.slice(at + 1)) };
}
