import { isIP } from 'node:net';
import { z } from 'zod';
import { callKinds } from '../model/profile.ts';
import { drachtioSchema, engineProblems } from './drachtio-schema.ts';
import { hooksSchema } from './hooks-schema.ts';
import { identitySchema } from './identity-schema.ts';
import { inlineSchema, missingListener, ownUpstream, upstreamSchema, upstreamsOf } from './inline-schema.ts';
import { listProblems, listSchema } from './list-schema.ts';
import { parseListenPoint } from './listen-point.ts';
import { profilesSchema } from './profiles-schema.ts';
import { publishSchema } from './publish-schema.ts';
import { pushSchema } from './push-schema.ts';
import { watchSettings } from './watch-schema.ts';

const listenPoint = z
  .string()
  .regex(/^(udp|tcp|tls|ws|wss):(\[[0-9a-fA-F:.]+(%[A-Za-z0-9._-]+)?\]|[0-9.]+):\d{1,5}$/, {
    error:
      'expected udp:ADDRESS:PORT (or tcp, tls, ws, wss) with an IPv4 address, or an IPv6 address in []; for every address of this host write 0.0.0.0 or [::]',
    abort: true,
  })
  .refine((text) => isIP(parseListenPoint(text).address) !== 0, {
    error: 'expected an IPv4 address, or an IPv6 address in []',
    abort: true,
  })
  .refine((text) => parseListenPoint(text).port <= 65_535, 'expected a port from 0 to 65535');

/** Each transport but UDP is TCP below, and WSS is TLS. */
const isSecure = (point: string) => /^(tls|wss):/.test(point);
const socketOf = (point: string) => point.replace(/^(tcp|tls|ws|wss):/, 'tcp:').toLowerCase();

const tls = z
  .strictObject({
    cert: z.string().min(1).describe('Path of the certificate and its chain, PEM. A new one is taken while running.'),
    key: z.string().min(1).describe('Path of its private key, PEM without a passphrase.'),
    clientCa: z.string().min(1).optional().describe("Path of the authorities that sign the phones' certificates, PEM."),
    clientCert: z
      .enum(['none', 'request', 'require'])
      .default('none')
      .describe('request: a certificate that a phone shows must be good; require: every phone must show one.'),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('The oldest TLS that is spoken.'),
  })
  .superRefine(({ clientCa, clientCert }, context) => {
    if (clientCert === 'none' || clientCa !== undefined) return;
    const message = `missing; clientCert: ${clientCert} needs the authorities that sign the phones' certificates`;
    context.addIssue({ code: 'custom', path: ['clientCa'], message });
  });

const hostPort = /^(\[[0-9a-fA-F:.]+\]|[0-9.]+|localhost):\d{1,5}$/;
const loopback = /^(localhost|127\.[0-9.]+|\[(::1|::ffff:127\.[0-9.]+)\]):/;

const domain = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'expected a host name or an IPv4 address')
  .transform((name) => name.toLowerCase());

const advertised = z
  .string()
  .max(255)
  .regex(
    /^(?:(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d{1,5})?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F.]*)$/,
    { error: 'expected a host name or an address, with or without :PORT', abort: true },
  )
  .refine(isHostAndPort, 'expected a host name or an address that there can be, and a port from 1 to 65535');

function isHostAndPort(text: string): boolean {
  const [, host = text, port = '5060'] = /^(\[.*\]|[^:]*):(\d+)$/.exec(text) ?? [];
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  // RFC 3261 25.1: the last label of a host name begins with a letter, so that no name looks like an address
  const isName = /(?:^|\.)[A-Za-z][A-Za-z0-9-]*\.?$/.test(bare) && !bare.includes('..') && !bare.includes(':');
  return (isIP(bare) !== 0 || isName) && Number(port) >= 1 && Number(port) <= 65_535;
}

const pattern = z.string().superRefine((text, context) => {
  try {
    new RegExp(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `not a regular expression: ${(error as Error).message}` });
  }
});

const network = z
  .string()
  .regex(
    /^([0-9.]+(\/\d{1,2})?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(\/\d{1,3})?)$/,
    'expected an address or a network such as 10.0.0.0/8',
  );

const sipSettings = z.strictObject({
  engine: z
    .enum(['embedded', 'drachtio'])
    .default('embedded')
    .describe('The SIP engine. embedded: its own; drachtio: a drachtio-server: docs/deploy/drachtio.md.'),
  listen: z
    .array(listenPoint)
    .min(1)
    .default(['udp:0.0.0.0:5070', 'tcp:0.0.0.0:5070'])
    .describe('Where phones reach Lamplighter: udp, tcp, tls, ws or wss, each as often as wanted.'),
  tls: tls.optional().describe('The certificate of tls: and wss: addresses.'),
  webSocketOrigins: z
    .array(
      z
        .string()
        .regex(/^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/i, 'expected an origin such as https://phone.example.com, or *'),
    )
    .default([])
    .describe('Web pages whose phones may connect by ws: and wss:, or *. Phones that are no web page need no entry.'),
  connections: z
    .strictObject({
      perAddress: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(50)
        .describe(
          'Connections from one address; `identity.from`, and with auth: trusted the `trusted` networks, are exempt.',
        ),
      total: z.int().min(1).max(1_000_000).default(10_000).describe('Connections in all.'),
    })
    .prefault({})
    .describe('Limits on TCP, TLS and WebSocket.'),
  advertise: advertised
    .optional()
    .describe('The address or host name phones are told, where it differs from the one bound (NAT).'),
  auth: z
    .enum(['pbx', 'users', 'trusted'])
    .default('pbx')
    .describe(
      "pbx: the PBX's own passwords; users: the list below; trusted: From is believed from `trusted` networks.",
    ),
  trusted: z.array(network).default(['127.0.0.0/8']).describe('Networks that are believed with auth: trusted.'),
  identity: identitySchema(network)
    .optional()
    .describe('Proxies that have asked for the password say in a header who it is: docs/deploy/kamailio.md.'),
  digest: z
    .enum(['sha-256', 'md5'])
    .default('sha-256')
    .describe(
      'sha-256: SHA-256 is offered first, MD5 second; md5: MD5 alone, for phones that read only the first offer (baresip 1, sipsak).',
    ),
  expirySpread: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.2)
    .describe(
      'Where more than 20 phones subscribe within two seconds, intervals beyond two minutes are granted up to this share shorter, at random, so that they do not come back at once. 0: always as asked.',
    ),
  users: z
    .array(
      z.strictObject({
        user: z.string().min(1),
        domain: domain.optional().describe('Whose user it is; default: of `domain`.'),
        password: z.string().min(1),
      }),
    )
    .default([])
    .describe('With auth: users. `passwordFile` may stand for `password`.'),
  warmUp: z
    .boolean()
    .default(true)
    .describe(
      'Rehearse at start for about a second, with phones of its own on loopback: the first storm then meets code that is compiled.',
    ),
  limits: z
    .strictObject({
      perSource: z
        .strictObject({
          rate: z.number().min(1).max(1_000_000).default(500).describe('Requests a second, in the long run.'),
          burst: z.int().min(1).max(1_000_000).default(2000).describe('Requests at once.'),
        })
        .prefault({})
        .describe(
          'From one IPv4 address or IPv6 /64; beyond it 503, then silence. This host is exempt, `identity.from`, and with auth: trusted the `trusted` networks.',
        ),
    })
    .prefault({})
    .describe('What any source may ask.'),
  upstream: upstreamSchema,
  inline: inlineSchema.describe('With `upstream`: how it stands between phones and PBX.'),
  drachtio: drachtioSchema.optional().describe('With engine: drachtio, its control port.'),
});

const sip = sipSettings.superRefine((settings, context) => {
  const { listen, tls: certificate, auth, identity, upstream } = settings;
  for (const { path, message } of engineProblems(settings)) {
    context.addIssue({ code: 'custom', path: [...path], message });
  }
  if (identity !== undefined && identity.from === undefined && auth !== 'trusted') {
    const message = `missing; auth: ${auth} has no trusted networks that could be meant`;
    context.addIssue({ code: 'custom', path: ['identity', 'from'], message });
  }
  const points = listen.map(parseListenPoint);
  for (const one of upstreamsOf({ upstream })) {
    const missing = missingListener(one, points);
    const isOwn = ownUpstream(one, points);
    if (!isOwn && missing === null) continue;
    const message = isOwn ? 'is an address of Lamplighter itself' : `needs a listener ${missing} in sip.listen`;
    context.addIssue({ code: 'custom', path: ['upstream'], message: `${one} ${message}` });
  }
  for (const [index, point] of listen.entries()) {
    const path = ['listen', index];
    const before = point.endsWith(':0') ? -1 : listen.findIndex((other) => socketOf(other) === socketOf(point));
    if (before >= 0 && before < index) {
      context.addIssue({ code: 'custom', path, message: `the address and port of ${listen[before]} are taken` });
    }
    if (isSecure(point) && certificate === undefined) {
      context.addIssue({ code: 'custom', path, message: 'needs sip.tls with cert and key' });
    }
  }
});

const pbx = z.looseObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/, 'expected letters, digits, _ or -')
    .describe('Names this PBX in logs and in the audit trail.'),
  type: z.string().min(1).describe('asterisk, freeswitch, simulated, or the path of a module.'),
  domain: domain
    .optional()
    .describe('Its users are in this one of `domains`, and in no other; default: in `domain`, or as the PBX says.'),
});

const group = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected letters, digits, ., _ or -')
    .describe('Names it in the API.'),
  extensions: pattern.describe('A regular expression on the whole number.'),
  domain: domain.optional().describe('Whose extensions; default: of `domain`.'),
});

const tenant = z.strictObject({
  name: domain.describe('Users are user@name, and strangers to those of every other domain.'),
  aliases: z.array(domain).default([]).describe('Other names and addresses that mean it.'),
});

const pickupRight = z.strictObject({
  watchers: pattern.describe('Who may: a regular expression on his whole number.'),
  extensions: pattern.describe('Whose ringing calls: a regular expression on the whole number.'),
});

const profile = z.strictObject({
  name: z.string().min(1).describe('A name for you.'),
  match: pattern.describe('Regular expression on the User-Agent; the first profile that matches is used.'),
  idleAtSubscribe: z
    .enum(['dummy', 'empty'])
    .optional()
    .describe('What a phone without calls is told when it subscribes: one ended call, or none.'),
  idleAtEnd: z
    .enum(['last', 'dummy', 'empty'])
    .optional()
    .describe(
      'What a phone is told when its last call ends. last: that call as ended; dummy: the ended call that stands for none; empty: no call.',
    ),
  dialogs: z.enum(['multi', 'single']).optional().describe('single: only the most interesting call.'),
  rank: z
    .array(z.enum(callKinds))
    .min(1)
    .refine((kinds) => new Set(kinds).size === kinds.length, 'each kind once')
    .optional()
    .describe(
      'Which call is the most interesting, best first. Kamailio and OpenSIPS have early, confirmed, proceeding, trying.',
    ),
  callerConfirmed: z
    .boolean()
    .optional()
    .describe('An unanswered outgoing call looks answered, for phones that would blink.'),
  trying: z.enum(['hide', 'show']).optional().describe('The moment before the other side rings.'),
  dndOnBlf: z.enum(['busy', 'off']).optional().describe('How do-not-disturb looks on a busy lamp.'),
  identities: z
    .enum(['number-if-allowed', 'none', 'full'])
    .optional()
    .describe('Who is calling, on the lamps of others.'),
  paramAttr: z
    .enum(['pval', 'pvalue'])
    .optional()
    .describe('Attribute of <param>: pval as RFC 4235, pvalue as Asterisk and FreeSWITCH write it.'),
  pickup: z
    .enum(['none', 'code', 'replaces'])
    .optional()
    .describe(
      'How a phone takes a call that rings, where `phones.pickup` lets its user. code: it dials the target; replaces: Call-ID and tags.',
    ),
  pickupCode: z
    .string()
    .regex(/^[0-9*#A-D]{0,8}$/, 'expected up to 8 of 0-9, *, # and A to D')
    .optional()
    .describe('With pickup: code, what stands before the extension in the target.'),
  notifyMinIntervalMs: z
    .int()
    .min(0)
    .max(60_000)
    .optional()
    .describe('Milliseconds between two changes told to one phone (RFC 4235 asks for 1000).'),
  initialNotify: z
    .enum(['auto', 'multipart', 'sequential'])
    .optional()
    .describe('Feature keys: all in one NOTIFY, one NOTIFY each, or by size.'),
  notifyTimeouts: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('NOTIFYs in a row that may stay unanswered before the subscription ends.'),
  ...watchSettings,
});

const settings = z.strictObject({
  version: z.literal(1).default(1).describe('Version of this file.'),
  domain: domain.default('lamplighter.test').describe('Users are user@domain.'),
  aliases: z.array(domain).default([]).describe('Other names and addresses that mean the same domain.'),
  domains: z
    .array(tenant)
    .default([])
    .describe('Further domains (tenants) of the PBX. Equal numbers in two of them are two users that never meet.'),
  sip: sip.prefault({}),
  pbx: z
    .array(pbx)
    .min(1)
    .default([{ name: 'demo', type: 'simulated' }])
    .describe('The PBXs, each with the options of its type.'),
  features: z
    .strictObject({
      policy: z
        .strictObject({
          allow: z
            .array(pattern)
            .default([])
            .describe('Forward targets allowed beside internal extensions; anchor with ^ and $.'),
          deny: z.array(pattern).default([]).describe('Forward targets refused, whatever allows them.'),
        })
        .prefault({}),
    })
    .prefault({}),
  phones: z
    .strictObject({
      profiles: z.array(profile).default([]).describe('What kinds of phones want otherwise than most.'),
      pickup: z
        .array(pickupRight)
        .default([])
        .describe(
          "Who may take whose ringing calls, within a domain. Phones are told how by their profile's `pickup`.",
        ),
    })
    .prefault({}),
  publish: publishSchema(pattern, domain),
  profiles: profilesSchema
    .prefault({})
    .describe('Documents that phones fetch and follow (RFC 6080): docs/profiles.md.'),
  groups: z
    .array(group)
    .default([])
    .describe('Extensions that the API counts together: how many of their phones can take a call now.'),
  lists: z
    .array(listSchema(pattern, domain))
    .max(1000)
    .default([])
    .describe(
      'Extensions that a phone watches with one subscription (RFC 4662): docs/lists.md. Each of `groups` is one too.',
    ),
  push: z
    .array(pushSchema(pattern, domain))
    .max(100)
    .default([])
    .describe(
      'Phones that are told through their PBX, as their SUBSCRIBE cannot come here. Best effort: docs/deploy/push.md.',
    ),
  hooks: hooksSchema.optional().describe('Your own code has a say in feature keys: docs/hooks.md.'),
  store: z
    .strictObject({
      path: z.string().min(1).default('var/lamplighter.db').describe('The SQLite file; its folder is made.'),
    })
    .prefault({}),
  http: z
    .strictObject({
      listen: z
        .string()
        .regex(hostPort, 'expected ADDRESS:PORT, an IPv6 address in []')
        .default('127.0.0.1:8090')
        .describe('Panel and API; off loopback only with a token.'),
      token: z.string().min(16).optional().describe('Asked of every client where set. `tokenFile` may stand for it.'),
    })
    .superRefine(({ listen, token }, context) => {
      if (token !== undefined || loopback.test(listen) || !hostPort.test(listen)) return;
      const message = 'other hosts can reach this: set http.tokenFile, or listen on 127.0.0.1';
      context.addIssue({ code: 'custom', path: ['listen'], message });
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('The least that is written.'),
      format: z.enum(['auto', 'json', 'text']).default('auto').describe('auto: text on a terminal, json elsewhere.'),
    })
    .prefault({}),
});

/** The configuration file, version 1. Keys not named here are errors. */
export const configSchema = settings.superRefine(
  ({ domain: first, aliases, domains, sip: { users }, pbx: pbxs, publish, groups, lists, push, phones }, context) => {
    const meaning = new Map([first, ...aliases].map((name) => [name, first]));
    for (const [index, tenant] of domains.entries()) {
      for (const [at, name] of [tenant.name, ...tenant.aliases].entries()) {
        const path = at === 0 ? ['domains', index, 'name'] : ['domains', index, 'aliases', at - 1];
        const taken = meaning.get(name);
        if (taken !== undefined && (at === 0 || taken !== tenant.name)) {
          context.addIssue({ code: 'custom', path, message: `${name} means ${taken} already` });
        } else {
          meaning.set(name, tenant.name);
        }
      }
    }
    for (const [index, { user }] of users.entries()) {
      const host = user.includes('@') ? user.slice(user.lastIndexOf('@') + 1).toLowerCase() : '';
      if (domains.length === 0 || !meaning.has(host)) continue;
      const message = `expected the user alone, and domain: ${meaning.get(host)} beside it`;
      context.addIssue({ code: 'custom', path: ['sip', 'users', index, 'user'], message });
    }
    const names = [first, ...domains.map(({ name }) => name)];
    const named = [
      ...users.map((user, index) => [['sip', 'users', index, 'domain'], user.domain] as const),
      ...pbxs.map((one, index) => [['pbx', index, 'domain'], one.domain] as const),
      ...groups.map((one, index) => [['groups', index, 'domain'], one.domain] as const),
      ...publish.rights.map((one, index) => [['publish', 'rights', index, 'domain'], one.domain] as const),
      ...lists.map((one, index) => [['lists', index, 'domain'], one.domain] as const),
      ...push.map((one, index) => [['push', index, 'domain'], one.domain] as const),
    ];
    for (const [index, { name }] of groups.entries()) {
      if (groups.findIndex((one) => one.name === name) === index) continue;
      context.addIssue({ code: 'custom', path: ['groups', index, 'name'], message: `there is another group ${name}` });
    }
    for (const [index, { profile: wanted }] of push.entries()) {
      if (wanted === undefined || phones.profiles.some(({ name }) => name === wanted)) continue;
      const message = `there is no profile ${wanted} in phones.profiles`;
      context.addIssue({ code: 'custom', path: ['push', index, 'profile'], message });
    }
    for (const { path, message } of listProblems(lists, first)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
    for (const [path, name] of named) {
      if (name === undefined || names.includes(name)) continue;
      context.addIssue({ code: 'custom', path: [...path], message: `expected one of ${names.join(', ')}` });
    }
  },
);

/** A configuration with every default filled in; `pbx` entries still carry their own options. */
export type Config = z.output<typeof configSchema>;
export type PbxConfig = Config['pbx'][number];
