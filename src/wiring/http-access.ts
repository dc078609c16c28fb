import { hostname } from 'node:os';
import { parseHostPort } from '../config/listen-point.ts';
import { domainsOf } from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import { isLocal } from '../model/host-port.ts';
import { tokenOf } from '../ops/access/tokens.ts';
import type { HttpAccess } from '../ops/http.ts';

/** Who may come in over HTTP, by which names and how often; may change while the server runs (`HttpServer.admit`). */
export function httpAccess(config: Pick<Config, 'http' | 'domain' | 'aliases' | 'domains'>): HttpAccess {
  const { token = null, tokens, names, rate } = config.http;
  return {
    token,
    tokens: tokens.map(({ name, role, token: text, sha256 = '' }) =>
      text === undefined ? { name, role, sha256 } : tokenOf(name, role, text),
    ),
    names: [...names, ...ownNames(config)],
    rate: rate.perSecond === 0 ? null : rate,
  };
}

/** Off loopback: no stranger can make these lead elsewhere. On loopback a page of this very network could. */
function ownNames(config: Parameters<typeof httpAccess>[0]): readonly string[] {
  if (isLocal(parseHostPort(config.http.listen).address)) return [];
  const host = hostname().toLowerCase();
  const served = domainsOf(config).flatMap(({ name, aliases }) => [name, ...aliases]);
  return [host, host.split('.')[0] ?? host, ...served];
}
