import { z } from 'zod';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import { expandExtensions, extensionCount, extensionFault, mostExtensions } from '../extensions.ts';

/** ESL knows no quoting: a line break in a login would be the start of another command. */
const oneLine = z.string().regex(/^[^\p{Cc}]+$/u, { error: 'expected one line' });

const esl = z.strictObject({
  host: oneLine.default('127.0.0.1').describe('where mod_event_socket listens'),
  port: z.int().min(1).max(65535).default(8021).describe('its listen-port'),
  user: oneLine
    .regex(/^[^\s@:]+@[^\s@:]+$/, { error: 'expected user@domain' })
    .optional()
    .describe('a directory user with esl-password (userauth); without, the password is that of event_socket.conf.xml'),
  password: oneLine.describe('`passwordFile` may stand for it: a file that holds nothing else'),
});

/** `1001-1010`, or `1001-1010@domain`. */
const entry = z
  .string({ error: "extensions are strings: write '200', in quotes" })
  .refine((text) => extensionFault(rangeOf(text)) === null, {
    error: (issue) => extensionFault(rangeOf(String(issue.input))) ?? 'not an extension',
    abort: true,
  })
  .refine((text) => /^[^@]+(@[A-Za-z0-9][A-Za-z0-9.-]*)?$/.test(text), { error: 'expected a domain after the @' });

const profile = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'expected the name of a sofia profile' });

/** The options of `type: freeswitch`. */
export const freeswitchOptions = z.strictObject({
  esl: esl.describe('the event socket'),
  mode: z
    .enum(['sidecar', 'native', 'observe'])
    .default('sidecar')
    .describe(
      'who speaks as-feature-event with the phones. sidecar: Lamplighter, phones subscribe to it; native: they stay subscribed to FreeSWITCH and Lamplighter does the rest over the event socket; observe: a script of the PBX (the hook of FusionPBX), Lamplighter only learns and never writes',
    ),
  features: z
    .enum(['db', 'hash', 'fusionpbx'])
    .default('db')
    .describe(
      'where do-not-disturb and forwards live: mod_db or mod_hash with the dialplan of config/freeswitch, or FusionPBX',
    ),
  extensions: z
    .array(entry)
    .refine((entries) => extensionCount(entries.map(rangeOf)) <= mostExtensions, {
      error: `more than ${mostExtensions} extensions`,
    })
    .default([])
    .describe(
      "extensions beside those found, with or without their domain: ['1001-1010', '200@t2.example.com']. For directories that `list_users` does not list (FusionPBX, mod_xml_curl), of which otherwise only those are known whose phones have registered. Lamps that are no phone and are to be known before they were ever lit: ['park+5901-5910', 'conf+3001', 'queue+sales', 'flow+*800'].",
    ),
  profiles: z.array(profile).min(1).default(['internal']).describe('sofia profiles that phones register with'),
  pollSeconds: z
    .number()
    .min(1)
    .max(300)
    .default(5)
    .describe('how often features are read: what others write into mod_db, mod_hash or a table raises no event'),
  secondsPerRing: z
    .number()
    .min(1)
    .max(30)
    .default(6)
    .describe('phones count rings, mod_db and mod_hash hold seconds; FusionPBX always counts six'),
  emptyTarget: z
    .string()
    .regex(/^[0-9A-Za-z*#+._@-]{1,32}$/, { error: 'expected 1 to 32 letters, digits, * # + . _ @ -' })
    .default('0')
    .describe(
      'with mode native: what phones are told as the target of a forward that has none; FreeSWITCH leaves out a forward whose target is empty',
    ),
});

/** What a configuration may say: an adapter copes with a script that answers phones too, a file must not ask for one. */
export const freeswitchSettings = freeswitchOptions.superRefine(({ mode, features }, context) => {
  if (mode !== 'native' || features !== 'fusionpbx') return;
  const message = "expected sidecar or observe: FusionPBX's script, which writes its features, answers the phones too";
  context.addIssue({ code: 'custom', path: ['mode'], message });
});

export type FreeswitchOptions = z.infer<typeof freeswitchOptions>;

/** The extensions of a list, with the domain each entry names, or `usual`. */
export function extensionsOf(entries: readonly string[], usual: string): readonly Aor[] {
  const aors = entries.flatMap((text) => {
    const domain = text.split('@')[1] ?? usual;
    const lamp = lampOf(text);
    return expandExtensions([rangeOf(text)]).map((user) => aorOf(`${lamp}${user}`, domain));
  });
  return [...new Set(aors)];
}

function rangeOf(text: string): string {
  return text.slice(lampOf(text).length).split('@', 1)[0] ?? '';
}

/** `park+` of `park+5901-5910`: a lamp that is no phone. COMPAT(FusionPBX): its slots are `*5901`. */
function lampOf(text: string): string {
  return /^(?:park|conf|queue|agent|flow)\+\*?/.exec(text)?.[0] ?? '';
}
