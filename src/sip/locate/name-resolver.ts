import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isHostAddress, type NaptrRecord, plainAddress, type SrvRecord } from './records.ts';

/** What DNS said. `failed`: it said nothing (no server, SERVFAIL, garbage), so that nothing is known. */
export type Answer<T> =
  /** `ttl`: seconds, the least of all records; null where Node does not tell it. */
  | { readonly kind: 'records'; readonly records: readonly T[]; readonly ttl: number | null }
  /** The name, or this type of it, does not exist. */
  | { readonly kind: 'none' }
  | { readonly kind: 'failed'; readonly reason: string };

export type Family = 4 | 6;

/** The questions of RFC 3263. None ever rejects. */
export interface NameResolver {
  naptr(name: string): Promise<Answer<NaptrRecord>>;
  srv(name: string): Promise<Answer<SrvRecord>>;
  addresses(name: string, family: Family): Promise<Answer<string>>;
}

export interface DnsOptions {
  /** `192.0.2.53` or `192.0.2.53:5353`; default: those of the system. */
  readonly servers?: readonly string[];
  /** How long one server may take for one try; ms. */
  readonly timeoutMs?: number;
  readonly tries?: number;
}

/** Of one answer: a zone that says more is not believed further than this. */
const maxRecords = 64;
const absent: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

/** RFC 3263 over the DNS of the system (c-ares); /etc/hosts is not asked. Values are checked before anybody sees them. */
export class DnsResolver implements NameResolver {
  readonly #dns: Resolver;

  constructor({ servers, timeoutMs = 700, tries = 2 }: DnsOptions = {}) {
    this.#dns = new Resolver({ timeout: timeoutMs, tries });
    if (servers !== undefined) this.#dns.setServers(servers);
  }

  naptr(name: string): Promise<Answer<NaptrRecord>> {
    return answered(async () => ({ records: (await this.#dns.resolveNaptr(name)).filter(isNaptr), ttl: null }));
  }

  srv(name: string): Promise<Answer<SrvRecord>> {
    return answered(async () => {
      const records = await this.#dns.resolveSrv(name);
      return { records: records.map(({ name: target, ...rest }) => ({ ...rest, target })).filter(isSrv), ttl: null };
    });
  }

  addresses(name: string, family: Family): Promise<Answer<string>> {
    if (name === 'localhost' || name.endsWith('.localhost')) {
      // RFC 6761 6.3: never asked of a server
      return Promise.resolve({ kind: 'records', records: [family === 4 ? '127.0.0.1' : '::1'], ttl: null });
    }
    return answered(async () => {
      const ask = { ttl: true } as const;
      const found = await (family === 4 ? this.#dns.resolve4(name, ask) : this.#dns.resolve6(name, ask));
      const records = found.map(({ address }) => plainAddress(address)).filter((one) => isIP(one) === family);
      return { records: records.filter(isHostAddress), ttl: Math.min(...found.map(({ ttl }) => ttl)) };
    });
  }

  /** Ends the questions under way: they fail. */
  close(): void {
    this.#dns.cancel();
  }
}

async function answered<T>(
  ask: () => Promise<{ readonly records: readonly T[]; readonly ttl: number | null }>,
): Promise<Answer<T>> {
  try {
    const { records, ttl } = await ask();
    return records.length === 0 ? { kind: 'none' } : { kind: 'records', records: records.slice(0, maxRecords), ttl };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return absent.has(code) ? { kind: 'none' } : { kind: 'failed', reason: code };
  }
}

function isNaptr({ order, preference, flags, service, regexp, replacement }: NaptrRecord): boolean {
  return isShort(order) && isShort(preference) && [flags, service, regexp, replacement].every(isText);
}

function isSrv({ priority, weight, port, target }: SrvRecord): boolean {
  return [priority, weight, port].every(isShort) && isText(target);
}

function isShort(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 1024;
}
