import type { Aor } from '../../../src/model/aor.ts';
import { domainOf, userOf } from '../../../src/model/aor.ts';
import type { Domains } from '../domains.ts';
import type { Picture } from '../picture.ts';
import type { Directory } from './native.ts';
import { contactAddress } from './words.ts';

/**
 * What is known of the PBX as native mode needs it. `live`: the picture while the PBX is in step. `profiles`: those where
 * phones may be subscribed; in each a user is looked for under the name of his domain, even if he has not been heard of.
 */
export function knownOf(live: () => Picture | null, domains: Domains, profiles: readonly string[]): Directory {
  return {
    aorOf: (user, host) => domains.aor(user, host),
    has: (aor) => live()?.has(aor) ?? false,
    contacts: (aor) => live()?.contactsOf(aor) ?? [],
    holders: (address) => {
      const picture = live();
      const holds = (aor: Aor) => picture?.contactsOf(aor).some((it) => contactAddress(it) === address) ?? false;
      return (picture?.users ?? []).filter(holds);
    },
    value: (aor, feature) => live()?.feature(aor, feature) ?? null,
    places: (aor) => {
      const picture = live();
      // A lamp such as `park+5901` is a resource, and no user.
      if (picture !== null && !picture.has(aor)) return [];
      return profiles.map((profile) => ({ profile, user: userOf(aor), host: domainOf(aor) }));
    },
  };
}
