import { type Aor, aorOf, domainOf, userOf } from '../model/aor.ts';
import type { Domain } from '../model/domain.ts';
import { granted, type Outcome, refused } from '../model/outcome.ts';
import type { HubReader } from './deps.ts';

/** What is asked to understand an admin's name for an extension. */
export interface Registry {
  readonly hub: Pick<HubReader, 'view'>;
  /** The default first. */
  readonly domains: readonly [Domain, ...Domain[]];
}

/**
 * Whom an admin means: `1001@tenant.example` (or an alias of it) says it; `1001` is that of the default domain, or of the only
 * other domain that has one. Refusal: `ambiguous-extension` (409). Whether there is such an extension is not said.
 */
export function aorNamed(text: string, { hub, domains }: Registry): Outcome<Aor> {
  if (text.includes('@')) {
    const host = domainOf(text as Aor).toLowerCase();
    const named = domains.find(({ name, aliases }) => name === host || aliases.includes(host));
    return granted(aorOf(userOf(text as Aor), named?.name ?? host));
  }
  const [first, ...others] = domains.map(({ name }) => aorOf(text, name)) as [Aor, ...Aor[]];
  if (hub.view(first)?.known) return granted(first);
  const holders = others.filter((aor) => hub.view(aor)?.known);
  if (holders.length < 2) return granted(holders[0] ?? first);
  const some = holders.slice(0, 3).join(', ');
  return refused(
    'ambiguous-extension',
    `${holders.length} domains have it: write ${some}${holders.length > 3 ? ', …' : ''}`,
    409,
  );
}
