import { defaultProfile, type PhoneProfile } from '../model/profile.ts';
import type { Config } from './schema.ts';

/** `192.0.2.1:8090` or `[::1]:8090`, as the schema lets it through. */
export function parseHostPort(text: string): { readonly address: string; readonly port: number } {
  const at = text.lastIndexOf(':');
  return { address: text.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(at + 1)) };
}

/** `udp:0.0.0.0:5070`, as the schema lets it through. */
export function parseListenPoint(text: string): {
  readonly transport: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
} {
  const at = text.indexOf(':');
  return { transport: text.slice(0, at) === 'tcp' ? 'tcp' : 'udp', ...parseHostPort(text.slice(at + 1)) };
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
