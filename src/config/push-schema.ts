import { z } from 'zod';

/** Packages that a phone may make sense of without having subscribed. */
const packages = ['as-feature-event', 'message-summary', 'dialog'] as const;

const watched = z
  .string()
  .regex(/^[\w.!~*'()&=+$,;?/#-]{1,64}$/, 'expected a number or name, without its domain; numbers in quotes');

/** The schema of an entry of `push`; the parts that other sections have too are handed in. */
export function pushSchema<P extends z.ZodType, D extends z.ZodType>(pattern: P, domain: D) {
  return z
    .strictObject({
      extensions: pattern.describe('Whose phones: a regular expression on the whole number.'),
      domain: domain.optional().describe('Of which domain; default: of `domain`.'),
      packages: z
        .array(z.enum(packages))
        .min(1)
        .refine((events) => new Set(events).size === events.length, 'each package once')
        .describe('What they are told. Not every phone listens: docs/deploy/push.md.'),
      watch: z
        .array(watched)
        .max(100)
        .default([])
        .describe('With `dialog`: the extensions and lamps that each of these phones is told of.'),
      profile: z
        .string()
        .min(1)
        .optional()
        .describe('The one of `phones.profiles` to write for; default: by the User-Agent of the phone.'),
      subscribed: z
        .enum(['skip', 'tell'])
        .default('skip')
        .describe(
          'Users whose phones subscribe to the package here, or at a FreeSWITCH in native mode. skip: told by that alone; tell: told twice.',
        ),
      minIntervalMs: z
        .int()
        .min(100)
        .max(60_000)
        .default(500)
        .describe(
          'Milliseconds between two NOTIFYs of the same thing; what changes in between is told as it stands then.',
        ),
      repeatMinutes: z
        .int()
        .min(0)
        .max(1440)
        .default(15)
        .describe('Everything is told again after so many minutes, as nobody says what got lost. 0: never.'),
    })
    .superRefine(({ packages: events, watch }, context) => {
      if (events.includes('dialog') === watch.length > 0) return;
      const message = 'watch and the package dialog belong together';
      context.addIssue({ code: 'custom', path: ['watch'], message });
    });
}
