import { z } from 'zod';
import { addressOf } from '../answers.ts';
import { type Route, route } from '../route.ts';

const path = z.string().describe('As in the file: `sip.listen`; a PBX by its name, `pbx.main`.');
const paths = z.array(path);

const configSchema = z
  .strictObject({
    files: z.array(z.string()).describe('All that were read, in their order.'),
    config: z.record(z.string(), z.unknown()).describe('With every default; secrets are `[hidden]`.'),
    settings: z.array(
      z.strictObject({
        path: z.string(),
        value: z.unknown(),
        origin: z.string().describe('FILE:LINE, the name of an environment variable, or `default`.'),
      }),
    ),
    pendingRestart: paths.describe('What differs in the files, and waits for a restart.'),
  })
  .meta({ id: 'Configuration' });

const reloadSchema = z
  .strictObject({
    applied: paths.describe('What is different from now on.'),
    requiresRestart: paths.describe('What differs, and waits for a restart.'),
    unchanged: z.boolean().describe('Nothing differs.'),
  })
  .meta({ id: 'Reload' });

const problemsSchema = z.object({
  problems: z.array(
    z.strictObject({
      path: z.string(),
      file: z.string().nullable(),
      line: z.int().nullable(),
      variable: z.string().nullable().describe('The environment variable that set it.'),
      message: z.string(),
      nearest: z.string().nullable().describe('The known setting that was probably meant.'),
    }),
  ),
});

const absent = { code: 'no-configuration', message: 'this server was started without one' };

/** What the daemon works with, and how it reads it again. */
export const configRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/config',
    role: 'read',
    rpc: 'config.get',
    tag: 'Configuration',
    about: 'The configuration at work, and where each value came from. Without secrets.',
    answers: { 200: { about: 'The configuration.', schema: configSchema } },
    refusals: { 'no-configuration': 404 },
    run: ({ c, no }, { configuration }) => {
      if (configuration === undefined) return no(absent);
      return c.json(configuration.view());
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/reload',
    role: 'admin',
    rpc: 'config.reload',
    tag: 'Configuration',
    about:
      'Reads files, environment and secrets again, and puts in place what can change without a restart. All or nothing: a wrong configuration changes nothing.',
    answers: { 200: { about: 'It is right.', schema: reloadSchema } },
    refusals: { 'config-invalid': 422, 'no-configuration': 404 },
    beside: problemsSchema,
    run: async ({ c, no }, { configuration }) => {
      if (configuration === undefined) return no(absent);
      const outcome = await configuration.reload({ who: c.get('who'), from: addressOf(c) });
      if (outcome.ok) {
        const { applied, requiresRestart } = outcome;
        return c.json({ applied, requiresRestart, unchanged: applied.length + requiresRestart.length === 0 });
      }
      const { problems } = outcome;
      const message = 'the configuration is wrong, and nothing was changed';
      return no({ code: 'config-invalid', message }, { problems });
    },
  }),
];
