import type { Door } from '../../config/door.ts';
import { ownToken, tokenFixOf } from '../address.ts';
import { Failure } from '../failure.ts';

/** What the daemon is asked with. */
export interface OwnToken {
  /** null: none was found. */
  readonly token: string | null;
  /** What to do where it does not do. */
  readonly fix: string;
}

/**
 * The token that this command has: the one of the environment, else the configuration's. A file that cannot be read is no
 * reason to look at nothing: it is told with the fix.
 */
export function tokenFrom(door: Door | null, environment: Readonly<Record<string, string | undefined>>): OwnToken {
  let own: string | null = null;
  let unread = '';
  try {
    own = ownToken(environment);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    unread = `${error.message}. `;
  }
  return { token: own ?? door?.token ?? null, fix: `${unread}${tokenFixOf(own, door)} (role operate or admin)` };
}
