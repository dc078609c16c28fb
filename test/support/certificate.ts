import { readFileSync } from 'node:fs';

const folder = 'test/fixtures/tls';

/** Path of a file of `test/fixtures/tls`. */
export function certificatePath(name: string): string {
  return `${folder}/${name}`;
}

/** Its content. */
export function certificate(name: string): string {
  return readFileSync(certificatePath(name), 'utf8');
}

/** What `sip.tls` holds in tests. */
export const testTls = {
  cert: certificatePath('server.pem'),
  key: certificatePath('server.key'),
  clientCert: 'none',
  minVersion: 'TLSv1.2',
} as const;
