import { z } from 'zod';
import { addressOf } from '../answers.ts';
import { type Route, route } from '../route.ts';
import { findingSchema } from './checks.ts';

const line = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[^\p{Cc}]+$/u, { error: 'expected one line' });
const password = line.optional().describe('Without: the one an earlier setup wrote.');
const port = z.int().min(1).max(65_535);
const host = line.regex(/^[A-Za-z0-9.:-]+$/, { error: 'expected a host name or an address' });

const ami = z.strictObject({ host, port, username: line, password });
const ari = z.strictObject({
  url: line.regex(/^https?:\/\/[A-Za-z0-9.:[\]-]+\/?$/, { error: 'expected http://HOST:PORT' }),
  username: line,
  password,
});
const esl = z.strictObject({
  host,
  port,
  user: line.regex(/^[^\s@:]+@[^\s@:]+$/, { error: 'expected user@domain' }).optional(),
  password,
});

const exampleAccess = {
  type: 'freeswitch',
  features: 'db',
  esl: { host: '127.0.0.1', port: 8021, user: 'lamplighter@pbx.example.com' },
};

const accessSchema = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('asterisk'), features: z.enum(['freepbx', 'astdb']), ami, ari }),
    z.strictObject({ type: z.literal('freeswitch'), features: z.enum(['db', 'hash', 'fusionpbx']), esl }),
  ])
  .meta({
    id: 'PbxAccess',
    examples: [exampleAccess],
  });

const domain = host.nullable().default(null).describe('What phones have as SIP server; null: as found.');
const place = z.strictObject({ file: z.string(), line: z.int().nullable() }).nullable().describe('Where it stands.');
const problem = z.strictObject({
  level: z.enum(['warn', 'fail']),
  code: z.string().meta({ examples: ['http-disabled'] }),
  text: z.string(),
  fix: z.string(),
  at: place,
});

const pbx = z
  .strictObject({
    id: z.string().meta({ examples: ['asterisk:/etc/asterisk'] }),
    type: z.enum(['asterisk', 'freeswitch']),
    flavour: z.enum(['asterisk', 'freepbx', 'freeswitch', 'fusionpbx']),
    folder: z.string().describe('Of its configuration.'),
    version: z.string().nullable(),
    running: z.boolean().nullable(),
    facts: z.array(z.strictObject({ what: z.string(), value: z.string(), at: place })),
    problems: z.array(problem),
    edits: z
      .array(
        z.strictObject({
          file: z.string(),
          why: z.string(),
          before: z.string().nullable().describe('The line they belong before; null: at the end of the file.'),
          lines: z.array(z.string()).describe('Passwords stand as `[hidden]`.'),
        }),
      )
      .describe('Lines that are missing in its files.'),
    reload: z.array(z.string()).describe('Commands that make it read them.'),
    config: z.string().nullable().describe('The configuration that would be written for it.'),
  })
  .meta({ id: 'FoundPbx' });

const reportSchema = z
  .strictObject({
    pbxs: z.array(pbx),
    looked: z.array(z.string()).describe('Where was looked.'),
    file: z.string().describe('The configuration that is written.'),
    fileExists: z.boolean(),
    problems: z.array(problem),
  })
  .meta({ id: 'SetupReport' });

const absent = { code: 'not-here', message: 'this daemon sets nothing up' };

/** The first run by browser. The client never says which file is written, and never sees a password. */
export const setupRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/setup',
    role: 'admin',
    rpc: 'setup.get',
    tag: 'Setup',
    about: 'Which PBXs this host has, where their files are, and what is missing in them.',
    answers: { 200: { about: 'What was found.', schema: reportSchema } },
    refusals: { 'not-here': 404 },
    run: async ({ c, no }, { setup }) => (setup === undefined ? no(absent) : c.json(await setup.look())),
  }),
  route({
    method: 'POST',
    path: '/api/v1/setup/test',
    role: 'admin',
    rpc: 'setup.test',
    tag: 'Setup',
    about: 'Logs in at a PBX as the daemon would, and looks whether all works; takes some seconds.',
    body: z.strictObject({ access: accessSchema, domain }).meta({ examples: [{ access: exampleAccess }] }),
    answers: { 200: { about: 'What was found, good things too.', schema: z.array(findingSchema) } },
    refusals: { 'not-here': 404 },
    run: async ({ c, body, no }, { setup }) => {
      if (setup === undefined) return no(absent);
      const asked = await body();
      if (!asked.ok) return no(asked.refusal);
      return c.json(await setup.test(asked.value.access, asked.value.domain));
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/setup',
    role: 'admin',
    rpc: 'setup.write',
    tag: 'Setup',
    about:
      'Writes the configuration and the password files. No file of a PBX is changed: `lamplighter setup --apply` does that.',
    body: z
      .strictObject({
        pbx: z
          .string()
          .max(1000)
          .nullable()
          .default(null)
          .describe('The id of one that was found; null: `access` says all.'),
        access: accessSchema.nullable().default(null).describe('In place of what was found.'),
        domain,
        replace: z
          .boolean()
          .default(false)
          .describe('A configuration that is there may be replaced; it is kept as .bak.'),
      })
      .meta({ examples: [{ pbx: 'asterisk:/etc/asterisk', domain: 'pbx.example.com' }] }),
    answers: {
      200: {
        about: 'It is written.',
        schema: z.strictObject({
          file: z.string(),
          backup: z.string().nullable().describe('Where the file that was there is kept.'),
          next: z.array(z.string()).describe('What to do now.'),
        }),
      },
    },
    refusals: {
      'not-here': 404,
      'unknown-pbx': 404,
      'access-needed': 400,
      blocked: 409,
      'config-exists': 409,
      'config-refused': 422,
      'not-permitted': 409,
      'read-only': 409,
      'no-space': 409,
      'not-written': 409,
    },
    run: async ({ c, body, no }, { setup, logger }) => {
      if (setup === undefined) return no(absent);
      const asked = await body();
      if (!asked.ok) return no(asked.refusal);
      const written = await setup.write(asked.value);
      if (!written.ok) return no(written.refusal);
      const { file, backup } = written.value;
      logger.warn({ who: c.get('who'), from: addressOf(c), file, backup }, 'configuration written by setup');
      return c.json(written.value);
    },
  }),
];
