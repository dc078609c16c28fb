import { z } from 'zod';
import { expandExtensions, extensionCount, extensionFault, mostExtensions } from '../extensions.ts';

const entries = z.array(
  z
    .string({ error: "extensions are strings: write '200', in quotes" })
    .refine((entry) => extensionFault(entry) === null, {
      error: (issue) => extensionFault(String(issue.input)) ?? 'not an extension',
    }),
);

/** What `type: simulated` takes in the configuration. */
export const simulatedOptions = z
  .strictObject({
    extensions: entries
      .min(1)
      .refine((all) => extensionCount(all) <= mostExtensions, { error: `more than ${mostExtensions} extensions` })
      .default(['1001-1010'])
      .describe("Ranges, numbers and names: ['1001-1010', '200', 'alice']"),
    password: z
      .string()
      .min(1)
      .default('secret<ext>')
      .describe('SIP password of every extension; <ext> stands for the extension'),
    agents: entries
      .refine((all) => extensionCount(all) <= mostExtensions, { error: `more than ${mostExtensions} agents` })
      .default([])
      .describe(
        "extensions that are agents of a queue, written as `extensions` are; logged off at first: ['1001-1003']",
      ),
  })
  .superRefine(({ extensions, agents }, context) => {
    if (agents.length === 0) return;
    const known = new Set(expandExtensions(extensions));
    const stranger = expandExtensions(agents).find((ext) => !known.has(ext));
    if (stranger === undefined) return;
    const message = `'${stranger}' is none of the extensions`;
    context.addIssue({ code: 'custom', path: ['agents'], message });
  });
