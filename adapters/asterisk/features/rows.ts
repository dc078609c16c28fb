import { type AmiLink, refusal } from '../ami.ts';
import type { AstdbFeatures } from './astdb.ts';

/** The ring time of a user in seconds; 0 = none of his own. */
export type RingTimers = Map<string, number>;

/** One row of the PBX's database; null where it does not exist. */
export async function readRow(ami: AmiLink, family: string, key: string): Promise<string | null> {
  const { ok, rows, message } = await ami.action('DBGet', [
    ['Family', family],
    ['Key', key],
  ]);
  if (ok) return rows[0]?.['Val'] ?? null;
  if (/not found/i.test(message)) return null;
  throw refusal('DBGet', message);
}

/** Reads the ring time of one user again. */
export async function readRingTimer(
  ami: AmiLink,
  features: AstdbFeatures,
  ringTimers: RingTimers,
  user: string,
): Promise<void> {
  const row = features.ringTimerRow(user);
  if (row === null) return;
  const stored = await readRow(ami, row.family, row.key);
  ringTimers.set(user, Math.max(Number.parseInt(stored ?? '0', 10) || 0, 0));
}
