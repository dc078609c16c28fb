import { z } from 'zod';
import { aorOf } from '../model/aor.ts';
import { domain, pattern } from './common-schema.ts';
import { hooksSchema } from './hooks-schema.ts';
import { httpSchema } from './http-schema.ts';
import { listProblems, listSchema } from './list-schema.ts';
import { parseHostPort, parseListenPoint } from './listen-point.ts';
import { pickupRight, profile } from './phone-schema.ts';
import { profilesSchema } from './profiles-schema.ts';
import { publishSchema } from './publish-schema.ts';
import { pushSchema } from './push-schema.ts';
import { sipSchema } from './sip-schema.ts';
import { traceSchema } from './trace-schema.ts';

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

/** What the demo needs no configuration for. Its passwords stand in the README, so whoever has it by mistake must be told. */
const demoPbx = { name: 'demo', type: 'simulated' };
const demoDomain = 'lamplighter.test';

/** True where nobody named a PBX: the simulated one of the demo answers, in whatever domain. */
export function hasDemoPbx({ pbx: [first, ...others] }: Pick<Config, 'pbx'>): boolean {
  return others.length === 0 && JSON.stringify(first) === JSON.stringify(demoPbx);
}

/** True where a domain was named. */
export function isOwnDomain(name: string): boolean {
  return name !== demoDomain;
}

const settings = z.strictObject({
  version: z.literal(1).default(1).describe('Version of this file.'),
  domain: domain.default(demoDomain).describe('Users are user@domain.'),
  aliases: z.array(domain).default([]).describe('Other names and addresses that mean the same domain.'),
  domains: z
    .array(tenant)
    .default([])
    .describe('Further domains (tenants) of the PBX. Equal numbers in two of them are two users that never meet.'),
  sip: sipSchema.prefault({}),
  pbx: z
    .array(pbx)
    .min(1, 'expected at least one PBX, with its name and type')
    .default([demoPbx])
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
  http: httpSchema.prefault({}),
  trace: traceSchema
    .prefault({})
    .describe('The SIP messages that passed, for whoever looks what a phone says: docs/trace.md.'),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('The least that is written.'),
      format: z.enum(['auto', 'json', 'text']).default('auto').describe('auto: text on a terminal, json elsewhere.'),
    })
    .prefault({}),
});

/** The configuration file, version 1. Keys not named here are errors. */
export const configSchema = settings.superRefine(
  ({ domain: first, aliases, domains, sip, pbx: pbxs, publish, groups, lists, push, phones, http, trace }, context) => {
    const { users } = sip;
    const sharing = sip.engine === 'embedded' ? sip.listen.find((point) => sharesPort(point, http.listen)) : undefined;
    if (sharing !== undefined) {
      const message = `${sharing} of sip.listen has this port`;
      context.addIssue({ code: 'custom', path: ['http', 'listen'], message });
    }
    if (trace.keep === 0 && trace.hep !== undefined) {
      const message = 'not with keep: 0; what is sent on is taken from what is kept';
      context.addIssue({ code: 'custom', path: ['trace', 'hep'], message });
    }
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
    for (const [index, message] of namesakes(users, first)) {
      context.addIssue({ code: 'custom', path: ['sip', 'users', index, 'user'], message });
    }
    // a domain may be written twice, which is another problem
    const names = [...new Set([first, ...domains.map(({ name }) => name)])];
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

/** Whether a listener for phones and `http.listen` want one port; 0 is a free one. */
function sharesPort(point: string, http: string): boolean {
  const [one, other] = [parseListenPoint(point), parseHostPort(http)];
  if (one.transport === 'udp' || one.port !== other.port || one.port === 0) return false;
  const wild = other.address.includes(':') ? '::' : '0.0.0.0';
  const isOneFamily = one.address.includes(':') === other.address.includes(':');
  return isOneFamily && (one.address === other.address || one.address === wild || other.address === wild);
}

/** Users who stand there already, by their places; of two passwords one would count, and nobody would know which. */
function namesakes(
  users: readonly { readonly user: string; readonly domain?: string | undefined }[],
  usual: string,
): readonly (readonly [number, string])[] {
  const names = users.map(({ user, domain }) => aorOf(user, domain ?? usual));
  return names.flatMap((name, index) =>
    names.indexOf(name) === index ? [] : [[index, `there is another user ${name}`] as const],
  );
}

/** A configuration with every default filled in; `pbx` entries still carry their own options. */
export type Config = z.output<typeof configSchema>;
export type PbxConfig = Config['pbx'][number];
