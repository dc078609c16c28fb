import { addressOf, type Wanted } from '../address.ts';
import { Daemon } from '../daemon.ts';
import { Row } from '../row.ts';

const sources = {
  ext: { path: '/api/v1/extensions', key: 'ext' },
  id: { path: '/api/v1/subscriptions', key: 'id' },
  vendor: { path: '/api/v1/provision', key: 'vendor' },
} as const;

/** Who presses the tab key does not wait for long. */
const timeoutMs = 1_500;

/** More than anybody would look through. */
const most = 5_000;

/**
 * What can stand at a place, from the running daemon; nothing where it is not there, or wants another token: at the tab key is
 * no place for complaints. Only what needs no quotes in a shell, whatever the PBX calls its extensions.
 */
export async function candidates(
  what: keyof typeof sources,
  wanted: Wanted,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const { path, key } = sources[what];
  try {
    const daemon = new Daemon(await addressOf(wanted, environment));
    const { body } = await daemon.send('GET', path, { timeoutMs });
    const names = (Row.list(body, key) ?? []).map((row) => row.text(key) ?? '');
    return [...new Set(names.filter((name) => /^[\w.+@][\w.+@-]{0,127}$/.test(name)))].slice(0, most);
  } catch {
    return [];
  }
}
