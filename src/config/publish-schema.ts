import { z } from 'zod';

/** `publish` of the configuration, made of the schemas of a regular expression and of a domain. */
export function publishSchema(pattern: z.ZodType<string>, domain: z.ZodType<string, string>) {
  const right = z.strictObject({
    publishers: pattern.describe('Who may: a regular expression on his whole name.'),
    extensions: pattern.describe(
      'For whom: a regular expression on the whole number. These may be watched even where no PBX has them.',
    ),
    domain: domain.optional().describe('Of whom both are; default: `domain`.'),
    features: z
      .boolean()
      .default(false)
      .describe('He may also set their features by it: do not disturb, forwards. Only of extensions that a PBX has.'),
  });
  return z
    .strictObject({
      rights: z
        .array(right)
        .default([])
        .describe('Who may publish for others, such as another PBX; everybody may for himself: docs/publish.md.'),
      minExpires: seconds(60, 'A shorter interval is refused with this one, 423.'),
      maxExpires: seconds(3600, 'A longer one is granted as this: a publication that got lost lasts no longer.'),
    })
    .refine(({ minExpires, maxExpires }) => minExpires <= maxExpires, {
      path: ['minExpires'],
      error: 'expected no more than maxExpires',
    })
    .prefault({});
}

function seconds(usual: number, description: string) {
  return z.int().min(1).max(86_400).default(usual).describe(`Seconds. ${description}`);
}
