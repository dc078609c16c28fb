import type { AmiLink } from '../ami.ts';
import type { AstdbFeatures } from './astdb.ts';
import { readRow } from './rows.ts';

/**
 * Whose features a phone has. On most PBXs its own name's; with FreePBX's devices and users, and for its soft phones
 * beside a desk phone, those of the user who is logged in there.
 */
export class Owners {
  readonly #features: AstdbFeatures;
  /** Endpoint to user; null = nobody is logged in. */
  readonly #users = new Map<string, string | null>();

  constructor(features: AstdbFeatures) {
    this.#features = features;
  }

  /** As last read; null = nobody's. */
  of(endpoint: string): string | null {
    const user = this.#users.get(endpoint);
    return user === undefined ? endpoint : user;
  }

  /** The endpoints of one user, among these. */
  endpointsOf(user: string, endpoints: readonly string[]): readonly string[] {
    return endpoints.filter((it) => this.of(it) === user);
  }

  /** Asks the PBX. */
  async read(ami: AmiLink, endpoint: string): Promise<string | null> {
    const row = this.#features.userRow(endpoint);
    const stored = row === null ? null : await readRow(ami, row.family, row.key);
    // COMPAT(FreePBX): a device where nobody is logged in has the user `none`.
    const user = stored === 'none' ? null : stored || endpoint;
    this.#users.set(endpoint, user);
    return user;
  }
}
