import { z } from 'zod';
import { extensionCount, extensionFault, mostExtensions } from '../extensions.ts';

/** What `type: simulated` takes in the configuration. */
export const simulatedOptions = z.strictObject({
  extensions: z
    .array(
      z
        .string({ error: "extensions are strings: write '200', in quotes" })
        .refine((entry) => extensionFault(entry) === null, {
          error: (issue) => extensionFault(String(issue.input)) ?? 'not an extension',
        }),
    )
    .min(1)
    .refine((entries) => extensionCount(entries) <= mostExtensions, { error: `more than ${mostExtensions} extensions` })
    .default(['1001-1010'])
    .describe("Ranges, numbers and names: ['1001-1010', '200', 'alice']"),
  password: z
    .string()
    .min(1)
    .default('secret<ext>')
    .describe('SIP password of every extension; <ext> stands for the extension'),
});
