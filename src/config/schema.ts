import { z } from 'zod';

const listenPoint = z
  .string()
  .regex(
    /^(udp|tcp):(\[[0-9a-fA-F:.]+\]|[0-9.]+):\d{1,5}$/,
    'expected udp:ADDRESS:PORT or tcp:ADDRESS:PORT, an IPv6 address in []',
  );

const hostPort = /^(\[[0-9a-fA-F:.]+\]|[0-9.]+|localhost):\d{1,5}$/;
const loopback = /^(localhost|127\.[0-9.]+|\[(::1|::ffff:127\.[0-9.]+)\]):/;

const domain = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'expected a host name or an IPv4 address')
  .transform((name) => name.toLowerCase());

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

const sip = z.strictObject({
  engine: z.literal('embedded').default('embedded').describe('The SIP engine.'),
  listen: z
    .array(listenPoint)
    .min(1)
    .default(['udp:0.0.0.0:5070', 'tcp:0.0.0.0:5070'])
    .describe('Where phones reach Lamplighter.'),
  advertise: z.string().optional().describe('The address phones are told, where it differs from the one bound (NAT).'),
  auth: z
    .enum(['pbx', 'users', 'trusted'])
    .default('pbx')
    .describe(
      "pbx: the PBX's own passwords; users: the list below; trusted: From is believed from `trusted` networks.",
    ),
  trusted: z.array(network).default(['127.0.0.0/8']).describe('Networks that are believed with auth: trusted.'),
  users: z
    .array(z.strictObject({ user: z.string().min(1), password: z.string().min(1) }))
    .default([])
    .describe('With auth: users. `passwordFile` may stand for `password`.'),
});

const pbx = z.looseObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/, 'expected letters, digits, _ or -')
    .describe('Names this PBX in logs and in the audit trail.'),
  type: z.string().min(1).describe('asterisk, simulated, or the path of a module.'),
});

const profile = z.strictObject({
  name: z.string().min(1).describe('A name for you.'),
  match: pattern.describe('Regular expression on the User-Agent; the first profile that matches is used.'),
  idleAtSubscribe: z
    .enum(['dummy', 'empty'])
    .optional()
    .describe('What a phone without calls is told when it subscribes: one ended call, or none.'),
  idleAtEnd: z
    .enum(['last', 'empty'])
    .optional()
    .describe('What a phone is told when its last call ends: that call as ended, or none.'),
  dialogs: z.enum(['multi', 'single']).optional().describe('single: only the most interesting call.'),
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
});

/** The configuration file, version 1. Keys not named here are errors. */
export const configSchema = z.strictObject({
  version: z.literal(1).default(1).describe('Version of this file.'),
  domain: domain.default('lamplighter.test').describe('Users are user@domain.'),
  aliases: z.array(domain).default([]).describe('Other names and addresses that mean the same domain.'),
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
    })
    .prefault({}),
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

/** A configuration with every default filled in; `pbx` entries still carry their own options. */
export type Config = z.output<typeof configSchema>;
export type PbxConfig = Config['pbx'][number];
