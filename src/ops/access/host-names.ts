import type { MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import { isLocal } from '../../model/host-port.ts';
import { type OpsEnv, printable, refuse } from '../answers.ts';

/**
 * Against DNS rebinding: a page of another site can make its own name point to this server, but cannot hide that name. On
 * loopback its own names alone are good. Elsewhere any address is too: a page that was fetched from an address came from
 * whoever has that address.
 *
 * @param listen where the server listens.
 * @param names what else it is called, asked each time.
 */
export function knownNamesOnly(listen: string, names: () => readonly string[]): MiddlewareHandler<OpsEnv> {
  const own = bare(listen.toLowerCase());
  const local = isLocal(listen);
  return createMiddleware<OpsEnv>(async (c, next) => {
    const host = bare((c.req.header('host') ?? '').toLowerCase().replace(/:\d*$/, '').replace(/\.$/, ''));
    if (host === own || isLocal(host) || (!local && isAddress(host)) || names().includes(host)) return next();
    const good = local ? 'localhost, 127.0.0.1 and [::1]' : 'its addresses';
    const message = `is this server called ${printable(host)}? Then add that to http.names; ${good} are always good`;
    return refuse(c, 403, 'wrong-host', message);
  });
}

function isAddress(host: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) || /^[0-9a-f:.]*:[0-9a-f:.]*$/.test(host);
}

/** An address without the brackets of IPv6. */
function bare(address: string): string {
  return address.replace(/^\[(.*)\]$/, '$1');
}
