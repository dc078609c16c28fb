import type { MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import { type OpsContext, type OpsEnv, refuse } from './answers.ts';

type Guard = MiddlewareHandler<OpsEnv>;

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of every answer. No CORS: no other site has any business here. */
export const securityHeaders: Guard = createMiddleware<OpsEnv>(async (c, next) => {
  await next();
  c.header('Content-Security-Policy', policy);
  c.header('X-Content-Type-Options', 'nosniff');
  c.header('X-Frame-Options', 'DENY');
  c.header('Referrer-Policy', 'no-referrer');
  c.header('Cross-Origin-Opener-Policy', 'same-origin');
  c.header('Cross-Origin-Resource-Policy', 'same-origin');
  if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-store');
});

/**
 * Refuses what a page of another site made a browser send. Programs send neither header. Nor may it read the API: the
 * answers are hidden from it, but not what they cost, again and again.
 */
export const sameSiteOnly: Guard = createMiddleware<OpsEnv>(async (c, next) => {
  const site = c.req.header('sec-fetch-site');
  if (c.req.method === 'GET' || c.req.method === 'HEAD') {
    const foreign = site === undefined ? !isOwn(c) : site === 'cross-site' || site === 'same-site';
    return foreign && !isPage(c.req.path) ? refuseSite(c) : next();
  }
  // No page can forge Sec-Fetch-Site, and a reverse proxy may have changed Host: Origin speaks only where it is absent.
  const own = site !== undefined ? site === 'same-origin' || site === 'none' : isOwn(c);
  return own ? next() : refuseSite(c);
});

/** Programs send no Origin, browsers that of the page; for a GET only where a script has made it. */
function isOwn(c: OpsContext): boolean {
  const origin = c.req.header('origin');
  return origin === undefined || hostOf(origin) === c.req.header('host')?.toLowerCase();
}

/**
 * The refusal for what may be the form of another site; null: it is none. For what takes no body, and so never looks at its
 * type. COMPAT(browsers of before 2020): they send a form with neither header, but always as one of these types.
 */
export function formRefusal(c: OpsContext): Response | null {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  const tells = ['sec-fetch-site', 'origin', 'authorization'].some((name) => c.req.header(name) !== undefined);
  return tells || !formTypes.includes(type) ? null : refuseSite(c);
}

const formTypes = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

/** A link from anywhere may lead to a page, and probes say nothing. */
function isPage(path: string): boolean {
  return !/^\/(?:api\/|rpc|metrics|openapi\.json)/.test(path);
}

function refuseSite(c: OpsContext): Response {
  return refuse(c, 403, 'cross-site', 'requests from other sites are refused');
}

/** Host and port of an Origin, as a Host header writes them; null for `null` and what is none. */
function hostOf(origin: string): string | null {
  const [, host] = /^https?:\/\/([^/]+)$/i.exec(origin) ?? [];
  return host?.toLowerCase() ?? null;
}
