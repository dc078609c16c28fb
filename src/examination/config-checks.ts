import { accessSync, constants, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { parseHostPort, parseListenPoint } from '../config/listen-point.ts';
import { nearest } from '../config/nearest.ts';
import { demoNote, notesOn } from '../config/notes.ts';
import { type Config, isOwnDomain } from '../config/schema.ts';
import { broken, type Check, odd, type Remark } from '../model/check.ts';
import { isLoopback } from '../sip/local-addresses.ts';
import { policyNotAnchored, policyTooWide } from './forward-policy.ts';

/** What is looked at in the file alone. */
export interface ConfigSeen {
  readonly config: Config;
  /** Event packages that Lamplighter serves. */
  readonly packages: readonly string[];
}

/** Settings that are good, and do nothing. */
export const notes: Check<ConfigSeen> = {
  name: 'config-notes',
  look: ({ config }) => notesOn(config.sip).map((text) => odd(text, 'correct it, or take it out')),
};

/** The demo's PBX where a file was written for a real one; in the demo itself there is nothing odd about it. */
const noPbx: Check<ConfigSeen> = {
  name: 'no-pbx',
  look: ({ config }) => {
    const note = isOwnDomain(config.domain) ? demoNote(config) : null;
    return note === null ? [] : [odd(note, 'name yours under pbx: lamplighter setup writes it (docs/setup.md)')];
  },
};

/** Whoever is believed may be anybody. */
const trustedTooWide: Check<ConfigSeen> = {
  name: 'trusted-too-wide',
  look: ({ config: { sip } }) => [
    ...(sip.auth === 'trusted' ? judgeNetworks('sip.trusted', sip.trusted) : []),
    ...judgeNetworks('sip.identity.from', sip.identity?.from ?? []),
  ],
};

function judgeNetworks(setting: string, networks: readonly string[]): readonly Remark[] {
  const fix = `name in ${setting} the addresses of your proxies, one by one`;
  return networks.flatMap((network) => {
    const width = widthOf(network);
    if (width === 'all') return [broken(`${setting} has ${network}: anybody may say he is anybody`, fix)];
    return width === 'wide' ? [odd(`everybody in ${network} may say he is anybody (${setting})`, fix)] : [];
  });
}

/** More than a network of 256 addresses is no list of proxies. */
function widthOf(network: string): 'all' | 'wide' | 'narrow' {
  const [address = '', prefix] = network.split('/');
  if (prefix === undefined) return 'narrow';
  const length = Number(prefix);
  if (length === 0) return 'all';
  if (isLoopback(address)) return 'narrow';
  return length < (isIP(address) === 6 ? 64 : 24) ? 'wide' : 'narrow';
}

/** An inline Lamplighter leaves packages to the PBX by their name. */
const inlinePackages: Check<ConfigSeen> = {
  name: 'inline-packages',
  look: ({ config, packages }) =>
    config.sip.inline.pbx
      .filter((name) => !packages.includes(name))
      .map((name) => {
        const meant = nearest(name, packages);
        const idle = `sip.inline.pbx: ${name} is no package that Lamplighter serves, so it goes to the PBX anyway`;
        return odd(
          meant === null ? idle : `${idle}; did you mean ${meant}?`,
          meant === null ? 'take it out' : `write ${meant}: as it is, Lamplighter keeps that for itself`,
        );
      }),
};

/** Documents for phones that are not there. */
const profilesFolder: Check<ConfigSeen> = {
  name: 'profiles-folder',
  look: ({ config }) => {
    const { directory } = config.profiles;
    if (directory === undefined) return [];
    const fix = 'make the folder, or correct profiles.directory (docs/profiles.md)';
    try {
      if (!statSync(directory).isDirectory()) return [broken(`profiles.directory: ${directory} is no folder`, fix)];
      accessSync(directory, constants.R_OK | constants.X_OK);
      return [];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'is not there' : 'may not be read by this user';
      return [broken(`profiles.directory: ${directory} ${why}: phones get no documents from it`, fix)];
    }
  },
};

/** Passwords that everybody knows. */
const known = new Set(['1234', '12345', '123456', '12345678', 'password', 'secret', 'changeme', 'change-me', 'admin']);

/** The demo's passwords, or others that everybody can guess, where others can reach us. */
const knownPasswords: Check<ConfigSeen> = {
  name: 'known-passwords',
  look: ({ config: { sip, pbx } }) => {
    // with drachtio the listeners are its server's
    const own = sip.engine === 'embedded' ? sip.listen : [];
    const open = own.filter((point) => !isLoopback(parseListenPoint(point).address));
    if (open.length === 0) return [];
    const remarks: Remark[] = [];
    if (sip.auth === 'pbx' && pbx.some(({ type }) => type === 'simulated')) {
      remarks.push(
        odd(
          `the simulated PBX has passwords that everybody knows (secret1001), and other hosts reach ${open.join(', ')}`,
          'for a demo listen on loopback: sip.listen: [udp:127.0.0.1:5070]; else connect a real PBX',
        ),
      );
    }
    const weak = sip.auth === 'users' ? sip.users.filter(({ user, password }) => isWeak(user, password)) : [];
    if (weak.length > 0) {
      const names = weak
        .map(({ user }) => user)
        .slice(0, 5)
        .join(', ');
      remarks.push(odd(`sip.users: the password of ${names} is easily guessed`, 'give each a long one of his own'));
    }
    return remarks;
  },
};

function isWeak(user: string, password: string): boolean {
  const name = user.replace(/@.*/, '');
  return password.length < 6 || password === name || password === `secret${name}` || known.has(password.toLowerCase());
}

/** A token in the clear. */
const httpInTheClear: Check<ConfigSeen> = {
  name: 'http-in-the-clear',
  look: ({ config: { http } }) => {
    const { address } = parseHostPort(http.listen);
    if (address === 'localhost' || isLoopback(address)) return [];
    return [
      odd(
        `other hosts reach http.listen ${http.listen}, and the token crosses the network unencrypted`,
        'listen on 127.0.0.1:8090, and let a web server with TLS bring the rest; or keep it in a network of your own',
      ),
    ];
  },
};

/** Looked at in the file, whether the daemon runs or not. A new check is one function, and a line here. */
export const configChecks: readonly Check<ConfigSeen>[] = [
  notes,
  noPbx,
  trustedTooWide,
  inlinePackages,
  profilesFolder,
  policyTooWide,
  policyNotAnchored,
  knownPasswords,
  httpInTheClear,
];
