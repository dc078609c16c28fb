import { z } from 'zod';

/** What a profile says of phones that Lamplighter itself subscribes to. */
export const watchSettings = {
  watch: z
    .array(z.enum(['presence', 'dialog', 'as-feature-event']))
    .refine((events) => new Set(events).size === events.length, 'each package once')
    .optional()
    .describe(
      'Packages that Lamplighter subscribes to at the phone itself while it is registered: what the phone says of do not disturb and forwarding becomes a wish.',
    ),
  watchProof: z
    .enum(['address', 'digest'])
    .optional()
    .describe(
      "What shows that a NOTIFY is this phone's. address: it comes from where the phone was asked; digest: the phone signs it with its password.",
    ),
};
