/** How a change of a setting comes into effect while the daemon runs. */
export interface Reloading {
  readonly change: 'live' | 'restart';
  /** What becomes of it, or why it has to wait; for docs/reload.md. */
  readonly text: string;
  /** Only where this section is there before and after; otherwise after a restart. */
  readonly within?: string;
}

const live = (text: string): Reloading => ({ change: 'live', text });
const restart = (text: string): Reloading => ({ change: 'restart', text });

const users = 'from the next request on; nonces that phones hold stay good';
const sockets = 'sockets are bound at start';
const aors = 'users, and all that is stored of them, are named by it';
const nextOne = 'from the next subscription or refresh on';
const documents = 'phones are told where their document is another one';
const certificate = 'connections that stand keep the old certificate';

/**
 * Every setting, and what a reload does with a change of it. A row stands for the setting and all below it; a test holds that
 * none of the schema is missing.
 */
export const reloadable: Readonly<Record<string, Reloading>> = {
  version: live('nothing follows from it; older files are migrated when they are read'),
  domain: restart(aors),
  aliases: live('from the next request on; the links to the PBXs are made anew'),
  domains: restart(aors),
  'sip.engine': restart(sockets),
  'sip.listen': restart(sockets),
  'sip.tls.cert': { ...live(certificate), within: 'sip.tls' },
  'sip.tls.key': { ...live(certificate), within: 'sip.tls' },
  'sip.tls.clientCa': { ...live(certificate), within: 'sip.tls' },
  'sip.tls.clientCert': { ...restart('listeners are made with it'), within: 'sip.tls' },
  'sip.tls.minVersion': { ...live('from the next connection on'), within: 'sip.tls' },
  'sip.webSocketOrigins': live('from the next connection on'),
  'sip.connections.perAddress': live('from the next connection on; none is cut'),
  'sip.connections.total': live('from the next connection on; none is cut'),
  'sip.advertise': restart('phones hold it as the address of their subscriptions'),
  'sip.auth': live(users),
  'sip.trusted': live(users),
  'sip.identity': live(users),
  'sip.digest': live('from the next challenge on'),
  'sip.expirySpread': live(nextOne),
  'sip.users': live(users),
  'sip.warmUp': live('it is for the start alone'),
  'sip.batches': restart(sockets),
  'sip.limits.perSource.rate': live('from the next message on'),
  'sip.limits.perSource.burst': live('from the next message on'),
  'sip.upstream': restart('routes of calls and registrations lead through it'),
  'sip.inline': restart('routes of calls and registrations lead through it'),
  'sip.drachtio': restart('subscriptions live on the connection to it'),
  pbx: live(
    'a PBX that is new, changed or gone alone is connected to or left; its lamps keep the last truth until it has told its picture. Extensions of one that is gone become unknown: their calls end, their subscriptions stand',
  ),
  'features.policy.allow': live('from the next wish on; forwards that stand are left alone'),
  'features.policy.deny': live('from the next wish on; forwards that stand are left alone'),
  'phones.profiles': live(`${documents}; phones that are to be watched otherwise are watched anew`),
  'phones.pickup': live(documents),
  'publish.rights': live('at once: what stands of somebody who may not publish any more ends'),
  'publish.minExpires': live('from the next publication on'),
  'publish.maxExpires': live('from the next publication on'),
  'profiles.directory': live('read at once; phones are told where their document is another one'),
  'profiles.pollSeconds': live('at once'),
  'profiles.types': live('read at once; phones are told where their document is another one'),
  'profiles.url': live(documents),
  'profiles.prefer': live(documents),
  'profiles.effectiveBy': live(documents),
  'profiles.defaultExpires': live(nextOne),
  groups: live('at once'),
  lists: live('at once: phones are told where members came or went; a list that is gone ends its subscriptions'),
  push: live('phones whose rules are different are told everything, the others nothing'),
  hooks: live('the old one is stopped, the new one asked for everything it has a say in'),
  'store.path': restart('the database is open'),
  'http.listen': restart(sockets),
  'http.token': live('at once; event streams end and come back'),
  'http.tokens': live('at once; event streams end and come back'),
  'http.names': live('at once'),
  'http.rate.perSecond': live('at once'),
  'http.rate.burst': live('at once'),
  'trace.keep': restart('the room for messages is taken at start'),
  'trace.hep': live('from the next message on'),
  'log.level': live('at once'),
  'log.format': restart('the log is open'),
};

/** The setting of the table that a path of the schema belongs to, itself or what it is in; null: none. */
export function rowFor(path: string): string | null {
  const parts = path.split('.');
  for (let depth = parts.length; depth > 0; depth--) {
    const name = parts.slice(0, depth).join('.');
    if (Object.hasOwn(reloadable, name)) return name;
  }
  return null;
}

/** What stands at a dotted path of a configuration. */
export function settingAt(config: unknown, path: string): unknown {
  let value = config;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
