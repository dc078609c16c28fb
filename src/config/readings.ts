import { type Aor, domainOf, userOf } from '../model/aor.ts';
import type { Domain } from '../model/domain.ts';
import { defaultProfile, type PhoneProfile } from '../model/profile.ts';
import type { ListDefinition } from '../model/resource-list.ts';
import { knownPhones } from './known-phones.ts';
import type { Config } from './schema.ts';

type DomainSettings = Pick<Config, 'domain' | 'aliases' | 'domains'>;

/** Every domain that is served, the default first. */
export function domainsOf({ domain, aliases, domains }: DomainSettings): readonly [Domain, ...Domain[]] {
  return [{ name: domain, aliases }, ...domains];
}

/**
 * The first profile whose pattern matches the User-Agent; what it does not say is as that phone is known to want it, or as
 * most do. Equal phones get one object: what is written for them is kept by it.
 */
export function chooseProfile(profiles: Config['phones']['profiles']): (userAgent: string | null) => PhoneProfile {
  const kinds = [...knownPhones, { match: /(?:)/, profile: defaultProfile }].map(({ match: kind, profile: usual }) => ({
    kind,
    usual,
    wanted: profiles.map(({ match, ...profile }) => ({
      pattern: new RegExp(match),
      profile: { ...usual, ...given(profile) } as PhoneProfile,
    })),
  }));
  const choose = (text: string): PhoneProfile => {
    const found = kinds.find(({ kind }) => kind.test(text));
    return found?.wanted.find(({ pattern }) => pattern.test(text))?.profile ?? found?.usual ?? defaultProfile;
  };
  const chosen = new Map<string, PhoneProfile>();
  return (userAgent) => {
    const text = userAgent ?? '';
    const known = chosen.get(text);
    if (known !== undefined) return known;
    const profile = choose(text);
    if (chosen.size >= mostKinds) chosen.clear();
    chosen.set(text, profile);
    return profile;
  };
}

/** User-Agents that are remembered with what was chosen for them: a site has tens, who sends more makes them up. */
const mostKinds = 1_000;

/**
 * Who may take whose ringing calls. A pattern means the whole number, for `1\d\d` that also fits 91001 would be a hole; a
 * trusted source without a name is nobody.
 */
export function pickupRights(rights: Config['phones']['pickup']): (watcher: Aor | null, resource: Aor) => boolean {
  const compiled = rights.map(({ watchers, extensions }) => ({ who: whole(watchers), whose: whole(extensions) }));
  return (watcher, resource) =>
    watcher !== null &&
    domainOf(watcher) === domainOf(resource) &&
    compiled.some(({ who, whose }) => who.test(userOf(watcher)) && whose.test(userOf(resource)));
}

/** Who may publish for whom (RFC 3903). */
export interface PublishRights {
  /** What this publisher may say of a resource of his own domain. */
  of(publisher: Aor, resource: Aor): 'none' | 'state' | 'features';
  /** Somebody may publish it: it may be watched though no PBX has it. */
  covers(resource: Aor): boolean;
}

export function publishRights({ publish, domain }: Pick<Config, 'publish' | 'domain'>): PublishRights {
  const rights = publish.rights.map((right) => ({
    domain: right.domain ?? domain,
    who: whole(right.publishers),
    whose: whole(right.extensions),
    features: right.features,
  }));
  const covering = (resource: Aor) =>
    rights.filter((right) => right.domain === domainOf(resource) && right.whose.test(userOf(resource)));
  return {
    of: (publisher, resource) => {
      const own = covering(resource).filter(({ who }) => who.test(userOf(publisher)));
      if (own.some(({ features }) => features)) return 'features';
      return own.length > 0 ? 'state' : 'none';
    },
    covers: (resource) => covering(resource).length > 0,
  };
}

type IdentitySettings = Pick<Config['sip'], 'auth' | 'trusted' | 'identity'>;

/** Whose header names the user, with the default filled in; null: nobody's. */
export function identityOf({ auth, trusted, identity }: IdentitySettings): AssertingProxies | null {
  if (identity === undefined) return null;
  const { header, from = auth === 'trusted' ? trusted : [], missing } = identity;
  return { header, from, missing };
}

/** Networks that are believed who their users are, by From or by a header: the proxies and gateways of the house. */
export function believedNetworks(sip: IdentitySettings): readonly string[] {
  return [...(sip.auth === 'trusted' ? sip.trusted : []), ...(identityOf(sip)?.from ?? [])];
}

interface AssertingProxies {
  readonly header: string;
  readonly from: readonly string[];
  readonly missing: 'refuse' | 'auth';
}

/** What is told through the PBXs, to whom; times in milliseconds. */
export function pushesOf({ push, phones, domain: first }: Pick<Config, 'push' | 'phones' | 'domain'>) {
  return push.map(({ extensions, domain = first, packages, watch, profile, subscribed, ...pace }) => {
    const chosen = phones.profiles.find(({ name }) => name === profile);
    return {
      extensions: whole(extensions),
      domain,
      packages,
      watch,
      profile: chosen === undefined ? null : ({ ...defaultProfile, ...given(withoutMatch(chosen)) } as PhoneProfile),
      sparesSubscribed: subscribed === 'skip',
      minIntervalMs: pace.minIntervalMs,
      repeatMs: pace.repeatMinutes === 0 ? null : pace.repeatMinutes * 60_000,
    };
  });
}

function withoutMatch({ match: _, ...profile }: Config['phones']['profiles'][number]) {
  return profile;
}

/** Groups of extensions, each in its domain. */
export function groupsOf({ groups, domain }: Pick<Config, 'groups' | 'domain'>): readonly ExtensionGroup[] {
  return groups.map((group) => ({
    name: group.name,
    domain: group.domain ?? domain,
    extensions: whole(group.extensions),
  }));
}

/** The lists of extensions, and the groups as lists; each in its domain. */
export function listsOf({
  lists,
  groups,
  domain: first,
}: Pick<Config, 'lists' | 'groups' | 'domain'>): ConfiguredLists {
  return {
    lists: lists.map(({ name, domain = first, displayNames = {}, members = [], group = null, extensions }) => ({
      name,
      domain,
      names: Object.entries(displayNames).map(([lang, text]) => ({ text, lang })),
      members,
      group,
      extensions: extensions === undefined ? null : whole(extensions),
    })),
    groups: groupsOf({ groups, domain: first }).map((group) => ({ ...group, names: [], members: [], group: null })),
  };
}

interface ConfiguredLists {
  readonly lists: readonly ListDefinition[];
  readonly groups: readonly ListDefinition[];
}

interface ExtensionGroup {
  readonly name: string;
  readonly domain: string;
  readonly extensions: RegExp;
}

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}

function given(profile: object): object {
  return Object.fromEntries(Object.entries(profile).filter(([, value]) => value !== undefined));
}
