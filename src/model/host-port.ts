/** A host as URLs and configurations have it: an IPv6 address in brackets, with its zone; what has them already, as it is. */
export function inBrackets(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** `192.0.2.1:5060`, `[2001:db8::1]:5060`. */
export function hostPort(host: string, port: number): string {
  return `${inBrackets(host)}:${port}`;
}

/** True for what only this host can reach, with brackets or without: `localhost`, `127.0.0.1`, `::1`, `::ffff:127.0.0.1`. */
export function isLocal(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' || bare === '::1' || /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}
