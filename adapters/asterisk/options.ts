import { z } from 'zod';
import { expandExtensions, extensionCount, extensionFault, mostExtensions } from '../extensions.ts';
import { lampKinds } from './facts.ts';

const password = z
  .string()
  .min(1)
  .regex(/^[^\r\n\0]+$/, { error: 'one line' })
  .describe('`passwordFile` may stand for it: a file that holds nothing else');

const wholeUrl = 'expected http://HOST:PORT, nothing else';

const ari = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: wholeUrl, abort: true })
    .regex(/^https?:\/\/[^/@]+\/?$/, { error: wholeUrl })
    .describe('root of the HTTP server of Asterisk, without /ari: http://127.0.0.1:8088'),
  username: z.string().min(1),
  password,
  app: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .default('lamplighter')
    .describe('name of the ARI application; two Lamplighters on one PBX need two names'),
});

/** AMI knows no quoting: a line break in a login would be the start of another action. */
const oneLine = z.string().regex(/^[^\r\n\0]+$/, { error: 'one line' });

const ami = z.strictObject({
  host: oneLine.default('127.0.0.1'),
  port: z.int().min(1).max(65535).default(5038),
  username: oneLine,
  password,
});

const state = z.strictObject({
  name: z
    .string()
    .regex(/^Custom:[A-Za-z0-9_*{}.-]+$/, { error: 'Custom:NAME with {ext} or {device} in it' })
    .refine((it) => /\{(ext|device)\}/.test(it), { error: 'must hold {ext} or {device}' })
    .describe('a device state; with {device} it is set once for each device of the user'),
  on: z.string().regex(/^[A-Z_]+$/),
  off: z.string().regex(/^[A-Z_]+$/),
});

const family = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'letters, digits, _ . -' });

const key = z
  .string()
  .regex(/^[A-Za-z0-9_.{}/-]{1,128}$/)
  .refine((it) => it.includes('{ext}'), { error: 'must hold {ext}' })
  .default('{ext}');

const place = z.strictObject({
  family,
  key,
  on: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,32}$/)
    .default('YES')
    .describe('what do-not-disturb is set to; any value counts as on when read'),
  states: z.array(state).default([]),
});

const templates = z.strictObject({
  dnd: place.optional(),
  cfa: place.optional(),
  cfb: place.optional(),
  cfna: place.optional(),
  ringTimer: z
    .strictObject({ family, key })
    .optional()
    .describe('seconds before a no-answer forward; 0 or absent = the system default'),
  devices: z.strictObject({ family, key }).optional().describe('devices of a user, separated by &'),
  user: z
    .strictObject({ family, key })
    .optional()
    .describe('the user of a device, where {ext} is the device; absent = the device itself, `none` = nobody'),
});

/** Where a PBX keeps each feature in its database. A feature without a place is not offered. */
export type Templates = z.infer<typeof templates>;
export type Place = z.infer<typeof place>;

/** Numbers, ranges and names: `['701-720', 'sales']`. */
const names = z
  .array(
    z.string({ error: "write '701', in quotes" }).refine((text) => extensionFault(text) === null, {
      error: (issue) => extensionFault(String(issue.input)) ?? 'not a name',
      abort: true,
    }),
  )
  .refine((entries) => extensionCount(entries) <= mostExtensions, { error: `more than ${mostExtensions} names` })
  .default([]);

const lamps = z
  .strictObject({
    park: names.describe("slots and lots of parking: ['701-720']"),
    queue: names.describe("['sales']"),
    conf: names.describe("rooms of ConfBridge: ['8000-8009']"),
    agent: names.describe("extensions of members of queues: ['1001-1010']"),
    flow: names.describe("day/night switches: ['0-3']"),
    custom: names.describe("`Custom:` device states without the word before the colon: ['Open']"),
  })
  .prefault({});

/** What QueueAdd takes as an interface. */
const queueInterface = oneLine.regex(/^[A-Za-z0-9]+[/:][^\s,;]*\{ext\}[^\s,;]*$/, {
  error: 'expected an interface with {ext} in it: PJSIP/{ext}',
});

const agents = z
  .strictObject({
    queues: z
      .array(
        z.strictObject({
          name: oneLine.regex(/^[^\s/,;|]{1,80}$/, { error: 'expected the name of a queue' }),
          members: names.describe("extensions that log in there: ['1001-1010']"),
          penalty: z.int().min(0).max(1000).default(0).describe('lower ones are called first'),
          wrapUpSeconds: z
            .int()
            .min(0)
            .max(3600)
            .optional()
            .describe('`wrapuptime` of queues.conf, which AMI does not tell: for so long after a call he wraps up'),
        }),
      )
      .default([])
      .describe(
        "which queues an agent logs in to; without, FreePBX's list of dynamic members, or those he was in when he logged off",
      ),
    interface: queueInterface
      .optional()
      .describe('how queues call him: PJSIP/{ext}; with features: freepbx Local/{ext}@from-queue/n'),
    stateInterface: queueInterface
      .optional()
      .describe('whose state says whether he is free; with features: freepbx hint:{ext}@ext-local'),
  })
  .prefault({});

/** The options of `type: asterisk`. */
export const asteriskOptions = z
  .strictObject({
    ari: ari.optional().describe('calls'),
    ami: ami.optional().describe('features, registrations, mailboxes; without it features cannot be read or written'),
    features: z.enum(['freepbx', 'astdb']).default('freepbx'),
    astdb: templates
      .optional()
      .describe('places of the features, with features: astdb; without, those of config/asterisk/extensions.conf'),
    secondsPerRing: z.number().min(1).max(30).default(6),
    writeRingTimer: z
      .boolean()
      .default(false)
      .describe('let phones change the ring time of the PBX; on FreePBX that is the time before voicemail too'),
    lamps: lamps.describe(
      'lamps that are no phone and are to be known before they were ever lit; parking slots, queues, switches and states that the PBX lists are known anyway',
    ),
    agents: agents.describe('members of queues who log in and out'),
    pollSeconds: z
      .number()
      .min(1)
      .max(300)
      .default(3)
      .describe('how often the database is read: busy and no-answer forwards raise no event'),
  })
  .refine((it) => it.ari !== undefined || it.ami !== undefined, { error: 'ari or ami, better both' });

export type AsteriskOptions = z.infer<typeof asteriskOptions>;

/** The lamps of the configuration: `park+701`. */
export function lampsOf({ lamps }: AsteriskOptions): readonly string[] {
  return lampKinds.flatMap((kind) => expandExtensions(lamps[kind]).map((name) => `${kind}+${name}`));
}
