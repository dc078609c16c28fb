import type { Domain } from '../model/domain.ts';
import { defaultProfile, type PhoneProfile } from '../model/profile.ts';
import type { Config } from './schema.ts';

type DomainSettings = Pick<Config, 'domain' | 'aliases' | 'domains'>;

/** Every domain that is served, the default first. */
export function domainsOf({ domain, aliases, domains }: DomainSettings): readonly [Domain, ...Domain[]] {
  return [{ name: domain, aliases }, ...domains];
}

/** The first profile whose pattern matches the User-Agent, its gaps filled from the default. */
export function chooseProfile(profiles: Config['phones']['profiles']): (userAgent: string | null) => PhoneProfile {
  const compiled = profiles.map(({ match, ...profile }) => ({
    pattern: new RegExp(match),
    profile: { ...defaultProfile, ...given(profile) } as PhoneProfile,
  }));
  return (userAgent) => compiled.find(({ pattern }) => pattern.test(userAgent ?? ''))?.profile ?? defaultProfile;
}

function given(profile: object): object {
  return Object.fromEntries(Object.entries(profile).filter(([, value]) => value !== undefined));
}
