import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import { addressOf, type OpsContext, type OpsEnv, printable, refuse } from './answers.ts';

type Guard = MiddlewareHandler<OpsEnv>;

/** True for the addresses that only this host can reach. */
export function isLoopback(address: string): boolean {
  const host = bare(address);
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

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
 * Against DNS rebinding: a page of another site can make its own name point to 127.0.0.1, but cannot hide that name. On
 * other listeners the token, which no page has, does this work.
 */
export function localNamesOnly(configured: string): Guard {
  return createMiddleware<OpsEnv>(async (c, next) => {
    const host = bare((c.req.header('host') ?? '').toLowerCase().replace(/:\d*$/, ''));
    if (host !== bare(configured.toLowerCase()) && !isLoopback(host)) {
      return refuse(c, 403, 'wrong-host', 'this server answers to localhost, 127.0.0.1 and [::1] only');
    }
    return next();
  });
}

/**
 * Refuses what a page of another site made a browser send. Programs send neither header. Nor may it read the API: the
 * answers are hidden from it, but not what they cost, again and again.
 */
export const sameSiteOnly: Guard = createMiddleware<OpsEnv>(async (c, next) => {
  const site = c.req.header('sec-fetch-site');
  if (c.req.method === 'GET' || c.req.method === 'HEAD') {
    const foreign = site === 'cross-site' || site === 'same-site';
    return foreign && c.req.path.startsWith('/api/') ? refuseSite(c) : next();
  }
  const origin = c.req.header('origin');
  // No page can forge Sec-Fetch-Site, and a reverse proxy may have changed Host: Origin speaks only where it is absent.
  const own =
    site !== undefined
      ? site === 'same-origin' || site === 'none'
      : origin === undefined || hostOf(origin) === c.req.header('host')?.toLowerCase();
  return own ? next() : refuseSite(c);
});

function refuseSite(c: OpsContext): Response {
  return refuse(c, 403, 'cross-site', 'requests from other sites are refused');
}

/** Refused tokens are told once an address in this time, or guessing would fill the disk. */
const quietMs = 10_000;
const mostAddresses = 1000;

/** Asks for `Authorization: Bearer …`. Without a configured token everybody who gets here is the local admin. */
export function tokenHolders(token: string | null, logger: Logger, clock: Clock): Guard {
  /** When the last line was written; oldest first. */
  const told = new Map<string, number>();
  const complain = (from: string, path: string): void => {
    const now = clock.now();
    if (now - (told.get(from) ?? Number.NEGATIVE_INFINITY) < quietMs) return;
    told.delete(from);
    told.set(from, now);
    const [oldest] = told.keys();
    if (told.size > mostAddresses && oldest !== undefined) told.delete(oldest);
    logger.warn({ from, path: printable(path) }, 'http request without the token refused');
  };
  return createMiddleware<OpsEnv>(async (c, next) => {
    if (!holdsToken(c.req.header('authorization'), token)) {
      complain(addressOf(c), c.req.path);
      c.header('WWW-Authenticate', 'Bearer realm="lamplighter"');
      return refuse(c, 401, 'token-needed', 'send Authorization: Bearer with the token of http.tokenFile');
    }
    c.set('who', token === null ? 'local' : 'token');
    return next();
  });
}

/** Takes the same time wherever the two differ: digests are compared, which have one length. */
export function holdsToken(header: string | undefined, token: string | null): boolean {
  if (token === null) return true;
  const [, given] = /^Bearer +(\S+) *$/i.exec(header ?? '') ?? [];
  return timingSafeEqual(sha256(given ?? ''), sha256(token)) && given !== undefined;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** An address without the brackets of IPv6. */
function bare(address: string): string {
  return address.replace(/^\[(.*)\]$/, '$1');
}

/** Host and port of an Origin, as a Host header writes them; null for `null` and what is none. */
function hostOf(origin: string): string | null {
  const [, host] = /^https?:\/\/([^/]+)$/i.exec(origin) ?? [];
  return host?.toLowerCase() ?? null;
}
