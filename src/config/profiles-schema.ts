import { z } from 'zod';

const mediaType = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/;
const known = ['name', 'user', 'mac', 'domain', 'vendor', 'model', 'version'];

/** What stands in a URL of RFC 3986, and `{name}`. Nothing that could end a quoted string or a line. */
const template = /^https?:\/\/[A-Za-z0-9.:[\]-]+(?:[/?](?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]|\{\w+\})*)?$/;

/** Section `profiles`: documents for phones (RFC 6080). */
export const profilesSchema = z.strictObject({
  directory: z
    .string()
    .min(1)
    .optional()
    .describe('A folder with users/, devices/, models/ and local-network/: docs/profiles.md says how it is laid out.'),
  pollSeconds: z
    .number()
    .min(1)
    .max(3600)
    .default(5)
    .describe('How often the folder is looked through; files that are as before are not read.'),
  types: z
    .record(z.string(), z.string().regex(mediaType, 'expected type/subtype'))
    .refine((types) => Object.keys(types).every((ending) => /^[a-z0-9]{1,16}$/.test(ending)), {
      error: 'expected endings of files in lower case, without the dot',
    })
    .default({})
    .describe('Media types of files by their ending, beside xml, json, html and url; others are text/plain.'),
  url: z
    .string()
    .max(500)
    .regex(template, 'expected http:// or https://, with placeholders only behind the host')
    .refine((text) => [...text.matchAll(/\{(\w+)\}/g)].every(([, name]) => known.includes(name ?? '')), {
      error: `expected only {${known.join('}, {')}}`,
    })
    .optional()
    .describe(
      'Where phones that take a URL fetch their configuration; what they say of themselves is put in, escaped.',
    ),
  prefer: z.enum(['document', 'url']).default('document').describe('What a phone is sent that takes both.'),
  effectiveBy: z
    .int()
    .min(0)
    .max(2_147_483_647)
    .optional()
    .describe(
      'Seconds within which phones must obey a document, 0 = at once, calls or not; absent: they are not told.',
    ),
  defaultExpires: z
    .int()
    .min(60)
    .max(86_400)
    .default(86_400)
    .describe('Seconds granted to a phone that asks for none.'),
});
