import { z } from 'zod';
import { featureNames } from '../model/feature.ts';
import { printable } from './answers.ts';

/** What to answer where a part of the path names nothing there could be. */
const missing = z.registry<{ readonly code: string }>();

/** `unknown-subscription` for an id that is none. */
export function codeOfMissing(schema: z.core.$ZodType | undefined): string {
  return (schema === undefined ? undefined : missing.get(schema)?.code) ?? 'not-found';
}

/** The extension of a path; whether there is one, and which, the route finds out. */
export const extParam = z
  .string()
  .describe('The extension: `1001`, or `1001@tenant.example`.')
  .meta({ examples: ['1001'] });

export const featureParam = z
  .enum(featureNames, { error: ({ input }) => `${printable(String(input))} is none of ${featureNames.join(', ')}` })
  .describe('Which feature.')
  .meta({ examples: ['dnd'] })
  .register(missing, { code: 'unknown-feature' });

/** The number of a `thing`. */
export function idParam(thing: string) {
  return z
    .string()
    .regex(/^\d{1,15}$/, { error: ({ input }) => `there is no ${thing} ${printable(String(input))}` })
    .transform(Number)
    .describe(`Number of the ${thing}, as the list has it.`)
    .meta({ type: 'integer', pattern: undefined, minimum: 1, examples: [1] })
    .register(missing, { code: `unknown-${thing}` });
}

/** `?ext=1001` */
export const extQuery = z.strictObject({
  ext: z
    .string()
    .optional()
    .describe('Only of this extension.')
    .meta({ examples: ['1001'] }),
});

/** A whole number in a query. */
export function wholeNumber(least: number, most: number, usual: number) {
  const error = `expected a number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error })
    .transform(Number)
    .refine((value) => value >= least && value <= most, { error })
    .default(usual)
    .meta({ type: 'integer', pattern: undefined, minimum: least, maximum: most, default: usual, examples: [usual] });
}
