import type { DigestFacts, PbxAdapter } from '../../adapters/adapter.ts';
import { identityOf } from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import { aorOf } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Random } from '../model/random.ts';
import { Authenticator, type AuthMemory } from '../sip/auth/authenticator.ts';
import type { Lookup } from '../sip/auth/credentials.ts';
import { factsFor } from '../sip/auth/realm.ts';
import type { Places } from '../sip/places.ts';
import type { SecurityLog } from '../sip/security-log.ts';
import type { InlinePhones } from './phones.ts';

type Adapters = ReadonlyMap<string, PbxAdapter>;

/** Who knows what of users and their passwords. */
export interface Authorities {
  readonly clock: Clock;
  readonly random: Random;
  readonly security: SecurityLog;
  /** By the name of their PBX: they know the phones' passwords. */
  readonly adapters: Adapters;
  /** The PBX that has this user of a domain; null: none that is known. */
  readonly owner: (user: string, domain: string) => string | null;
  /** The PBX of this name is away, or not read yet. */
  readonly isAway: (pbx: string) => boolean;
  /** Signs nonces; the same after a restart. */
  readonly secret: Buffer;
}

/** Who knows a user's password. */
export function lookupOf({ adapters, owner }: Authorities, config: Config): Lookup {
  const { sip } = config;
  const users = new Map(
    sip.users.map(({ user, domain = config.domain, password }) => [aorOf(user, domain), { realm: domain, password }]),
  );
  if (sip.auth === 'users') return async (user, domain) => users.get(aorOf(user, domain)) ?? null;
  return (user, domain) => credentials(adapters, owner, user, domain);
}

/** `memory`: of the one that this one takes the place of. */
export function authenticatorOf(
  options: Authorities,
  config: Config,
  places: Places,
  inline: InlinePhones | null,
  memory?: AuthMemory,
): Authenticator {
  const { clock, random, security, adapters, owner, secret } = options;
  const { sip } = config;
  return new Authenticator({
    mode: sip.auth,
    trusted: sip.trusted,
    identity: identityOf(sip),
    ...(inline?.registered === undefined ? {} : { registered: inline.registered }),
    lookup: lookupOf(options, config),
    isAway: (user, domain) => sip.auth === 'pbx' && isAway(options, user, domain),
    ...(memory === undefined ? {} : { memory }),
    facts: (user, domain) => {
      const facts =
        sip.auth === 'users' ? { realm: domain, md5Only: false } : digestFor(adapters, owner, user, domain, secret);
      // COMPAT(baresip 1, sipsak): they give up where the first offer is no MD5
      return facts === null || sip.digest !== 'md5' ? facts : { ...facts, md5Only: true };
    },
    secret,
    places,
    clock,
    random,
    security,
  });
}

/** Of the PBX that has the extension, and of no other: the same number at another PBX is another user. */
function credentials(adapters: Adapters, owner: Authorities['owner'], user: string, domain: string) {
  const known = adapters.get(owner(user, domain) ?? '');
  // Before any picture has come the owner is a guess, and may have nobody in this domain.
  return known !== undefined && known.digest(domain) !== null
    ? known.credentials(user, domain)
    : credentialsAnywhere(adapters, user, domain);
}

/** Who is known to no PBX is asked for at all of them. */
function isAway(options: Authorities, user: string, domain: string): boolean {
  const source = options.owner(user, domain);
  return source === null ? [...options.adapters.keys()].some(options.isAway) : options.isAway(source);
}

async function credentialsAnywhere(adapters: Adapters, user: string, domain: string) {
  for (const adapter of adapters.values()) {
    const found = await adapter.credentials(user, domain);
    if (found !== null) return found;
  }
  return null;
}

function digestFor(
  adapters: Adapters,
  owner: Authorities['owner'],
  user: string | null,
  domain: string,
  secret: Buffer,
): DigestFacts | null {
  const [first] = adapters.values();
  // Who has the user makes no difference where there is one: it is looked up two times less for each SUBSCRIBE (-2 us).
  if (adapters.size === 1 && first !== undefined) return first.digest(domain);
  const own = user === null ? null : (adapters.get(owner(user, domain) ?? '')?.digest(domain) ?? null);
  const all = [...adapters.values()].flatMap((adapter) => adapter.digest(domain) ?? []);
  return factsFor(user, own, all, secret);
}
