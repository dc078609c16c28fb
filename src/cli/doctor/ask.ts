import { parseHostPort } from '../../config/listen-point.ts';
import type { Config } from '../../config/schema.ts';
import type { Daemon, HealthAnswer, WaysAnswer } from './seen.ts';

/** A daemon that is well answers in milliseconds. */
const patienceMs = 5_000;

interface Reply {
  readonly status: number;
  /** Null: it is no JSON. */
  readonly body: unknown;
}

/** Asks the daemon of this configuration how it is. Never rejects. */
export async function askDaemon({ listen, token }: Config['http']): Promise<Daemon> {
  const { address, port } = parseHostPort(listen);
  const url = `http://${reachable(address)}:${port}`;
  const absent = (reason: string, fix: string): Daemon => ({ running: false, url, reason, fix });
  if (port === 0) {
    return absent('http.listen has port 0: the system chose one, nobody knows which', 'write a port in http.listen');
  }
  const get = (path: string) => ask(`${url}${path}`, token);
  try {
    const alive = await get('/healthz');
    if (alive.status !== 200 || !has(alive.body, 'alive')) {
      return absent(
        'what answers there is no Lamplighter',
        'another program has the address of http.listen: stop it, or choose another port',
      );
    }
    const ways = await get('/api/v1/ways');
    if (ways.status === 401) {
      return absent('it runs, and wants another token than this configuration has', askedAgain);
    }
    const status = await get('/api/v1/status');
    if (ways.status !== 200 || !has(ways.body, 'listeners') || !has(status.body, 'checks')) {
      return absent(
        `it runs, and does not say how phones reach it (${ways.status}): it is older than this command`,
        'start the daemon anew',
      );
    }
    const { checks } = status.body as { checks: readonly HealthAnswer[] };
    return { running: true, url, ways: ways.body as WaysAnswer, health: checks };
  } catch (error) {
    return absent(`nothing answers there: ${whyOf(error)}`, notRunning);
  }
}

const notRunning =
  'start it: npm start -- --config FILE. If it runs, with another file or environment: doctor --config THAT-FILE';
const askedAgain = 'give the file that it runs with: doctor --config FILE; or start the daemon anew';

async function ask(url: string, token: string | undefined): Promise<Reply> {
  const response = await fetch(url, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    redirect: 'error',
    signal: AbortSignal.timeout(patienceMs),
  });
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: null };
  }
}

function has(body: unknown, key: string): boolean {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, key);
}

/** A listener on every address is reached by loopback. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return address.includes(':') ? `[${address}]` : address;
}

function whyOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer within 5 s';
  const { cause } = error as { readonly cause?: { readonly code?: string } };
  return cause?.code ?? String(error);
}
