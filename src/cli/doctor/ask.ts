import { parseHostPort } from '../../config/listen-point.ts';
import type { Config } from '../../config/schema.ts';
import type { Finding } from '../../model/check.ts';
import { reachable } from '../address.ts';
import { Daemon as Client, Unreachable } from '../daemon.ts';
import { type Reply, refusalIn } from '../reply.ts';
import type { Daemon, HealthAnswer, WaysAnswer } from './seen.ts';

/** A daemon that is well answers in milliseconds. */
const patienceMs = 5_000;
/** It examines itself and its PBXs for 25 s at most. */
const examineMs = 35_000;

export interface Question extends Pick<Config['http'], 'listen' | 'token'> {
  /** What to do where the token is missing or wrong. */
  readonly tokenFix: string;
}

/** Asks the daemon of this configuration how it is. Never rejects. */
export async function askDaemon({ listen, token, tokenFix }: Question): Promise<Daemon> {
  const { address, port } = parseHostPort(listen);
  const url = `http://${reachable(address)}:${port}`;
  const absent = (reason: string, fix: string): Daemon => ({ state: 'absent', url, reason, fix });
  const shut = (reason: string, fix: string): Daemon => ({ state: 'shut', url, reason, fix });
  if (port === 0) {
    return absent('http.listen has port 0: the system chose one, nobody knows which', 'write a port in http.listen');
  }
  const client = new Client({ url, token: token ?? null, tokenFix, absentFix: notRunning });
  const get = (path: string, timeoutMs = patienceMs) => client.send('GET', path, { timeoutMs });
  try {
    const alive = await get('/healthz');
    if (isCrowded(alive)) return shut(guessedTooOften, tokenFix);
    if (alive.status !== 200 || !has(alive.body, 'alive')) {
      return absent(
        'what answers there is no Lamplighter',
        'another program has the address of http.listen: stop it, or choose another port',
      );
    }
    const ways = await get('/api/v1/ways');
    if (isCrowded(ways)) return shut(guessedTooOften, tokenFix);
    if (ways.status === 401) {
      return shut(
        token === undefined ? 'it wants a token, and none was found' : 'it does not know this token',
        tokenFix,
      );
    }
    const status = await get('/api/v1/status');
    if (ways.status !== 200 || !has(ways.body, 'listeners') || !has(status.body, 'checks')) {
      return shut(
        `it does not say how phones reach it (${ways.status}): it is older than this command`,
        'start the daemon anew',
      );
    }
    const { checks } = status.body as { checks: readonly HealthAnswer[] };
    const findings = findingsIn(await get('/api/v1/checks', examineMs));
    return { state: 'open', url, ways: ways.body as WaysAnswer, health: checks, findings };
  } catch (error) {
    return absent(error instanceof Unreachable ? error.why : String(error), notRunning);
  }
}

const notRunning =
  'start it: systemctl start lamplighter, or lamplighter start --config FILE. If it runs, with another file or environment: doctor --config THAT-FILE';
const guessedTooOften = 'it has had too many wrong tokens from this host, and hears no more of them for a minute';

/** The API's own 429, not that of whatever else may stand there. */
function isCrowded({ status, body }: Reply): boolean {
  return status === 429 && refusalIn(body)?.code === 'too-many-requests';
}

/** A daemon that does not examine itself has one thing wrong with it. */
function findingsIn({ status, body }: { readonly status: number; readonly body: unknown }): readonly Finding[] {
  if (status === 200 && Array.isArray(body)) return body as readonly Finding[];
  const isSmall = status === 403;
  const text = isSmall
    ? 'this token may not let the daemon examine itself and its PBXs'
    : `the daemon does not examine itself (${status}): it is older than this command`;
  const fix = isSmall ? 'take a token of role operate or admin' : 'start the daemon anew';
  return [{ check: 'daemon', level: 'warn', text, fix }];
}

function has(body: unknown, key: string): boolean {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, key);
}
