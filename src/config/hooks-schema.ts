import { z } from 'zod';
import { featureNames } from '../model/feature.ts';
import { hookCalls } from '../model/hook.ts';

const policy = z.enum(['refuse', 'pass']);

const kinds = ['module', 'program', 'webhook'] as const;

/** The section `hooks`: decisions of the admin's own code. */
export const hooksSchema = z
  .strictObject({
    module: z.string().min(1).optional().describe('Path of an ES module that exports get, set, assigned or notify.'),
    program: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('A program and its arguments: it stays, and reads and writes one line of JSON for each question.'),
    webhook: z
      .strictObject({
        url: z
          .string()
          .refine(isWebAddress, 'expected http://… or https://… without a user name and a password')
          .describe('Asked by POST with JSON.'),
        token: z
          .string()
          .regex(/^[\x21-\x7e]+$/, 'expected letters, digits and signs of ASCII without spaces: a header must hold it')
          .optional()
          .describe('Sent as Authorization: Bearer. `tokenFile` may stand for it.'),
        ca: z.string().min(1).optional().describe("Path of the authorities that sign the server's certificate, PEM."),
      })
      .optional()
      .describe('A web server. One of module, program and webhook.'),
    calls: z
      .array(z.enum(hookCalls))
      .min(1)
      .optional()
      .describe('What a program or a webhook is asked; default: get and set. A module is asked what it exports.'),
    owns: z
      .array(z.enum(featureNames))
      .default([])
      .describe('Features that the hook stores itself: the PBX is not asked for them, and not heard on them.'),
    timeoutMs: z.int().min(50).max(1800).default(1000).describe('Milliseconds one answer may take.'),
    onFailure: z
      .strictObject({
        set: policy.default('refuse').describe('A wish nobody decided on. refuse: refused; pass: as without a hook.'),
        get: policy
          .default('pass')
          .describe(
            'A phone that subscribes. refuse: it is told to come again later; pass: it is told the last truth.',
          ),
      })
      .prefault({})
      .describe('Where the hook is silent, too slow, or answers nonsense.'),
    targets: z
      .enum(['policy', 'any'])
      .default('policy')
      .describe(
        'Forward targets that the hook names. policy: as if a phone had named them; any: all but those of features.policy.deny. With any, a fault of the hook can forward calls to expensive numbers.',
      ),
  })
  .superRefine((hooks, context) => {
    const named = kinds.filter((kind) => hooks[kind] !== undefined);
    const problem = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const [, second] = named;
    if (named.length === 0) {
      context.addIssue({ code: 'custom', path: [], message: `expected one of ${kinds.join(', ')}` });
    } else if (second !== undefined) problem(second, `there is ${named[0]} already: one of ${kinds.join(', ')}`);
    if (hooks.module !== undefined && hooks.calls !== undefined) problem('calls', 'a module is asked what it exports');
    const calls = hooks.calls ?? ['get', 'set'];
    if (hooks.owns.length > 0 && !(calls.includes('get') && calls.includes('set'))) {
      problem('owns', 'needs get and set among calls: whoever stores a feature reads and writes it');
    }
  });

export type HooksConfig = z.output<typeof hooksSchema>;

function isWebAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '' && hash === '';
}
