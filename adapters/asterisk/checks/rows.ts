import { isSafeUser } from '../features/astdb.ts';
import type { AskedAmi } from './seen.ts';

/** Whether FreePBX has a row for this user. COMPAT(FreePBX): each extension has one, whatever its kind. */
export async function userRowOf(ami: AskedAmi, user: string): Promise<boolean> {
  if (!isSafeUser(user)) return false;
  const { ok } = await ami.action('DBGet', [
    ['Family', 'AMPUSER'],
    ['Key', `${user}/device`],
  ]);
  return ok;
}
