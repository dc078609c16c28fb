declare const brand: unique symbol;

/**
 * An address of record, `user@domain`: the key of everything. The user part is case-sensitive and unescaped, the domain
 * is lower case (RFC 3261 19.1.4). Two tenants with the same extension never share a key.
 */
export type Aor = string & { readonly [brand]: 'Aor' };

/** Joins a user part (already unescaped) and a domain. */
export function aorOf(user: string, domain: string): Aor {
  return `${user}@${domain.toLowerCase()}` as Aor;
}

/** The part before the last `@`; a user part may itself hold an unescaped `@`. */
export function userOf(aor: Aor): string {
  return aor.slice(0, aor.lastIndexOf('@'));
}

/** The part after the last `@`. */
export function domainOf(aor: Aor): string {
  return aor.slice(aor.lastIndexOf('@') + 1);
}

/** Whether both are of one domain. */
export function areNeighbours(one: Aor, other: Aor): boolean {
  return other.endsWith(one.slice(one.lastIndexOf('@'))); // no domain has an `@`
}
