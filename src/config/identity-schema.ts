import { z } from 'zod';

/**
 * `sip.identity`: a proxy that has asked for the password says in a header who it is. From, Contact and the like are no
 * headers to choose: phones write those.
 *
 * @param network one entry of a list of networks.
 */
export function identitySchema(network: z.ZodType<string>) {
  return z.strictObject({
    header: z
      .string()
      .max(64)
      .regex(/^(?:remote-party-id|p-(?!preferred-identity$)[a-z0-9-]+|x-[a-z0-9-]+)$/i, {
        error: 'expected P-Asserted-Identity, Remote-Party-ID, or a header of your own that begins with X- or P-',
      })
      .default('P-Asserted-Identity')
      .describe('The header that names the user. A header of your own may hold user, user@domain or a URI.'),
    from: z
      .array(network)
      .min(1)
      .optional()
      .describe(
        'Networks whose header is believed, and nobody else: your proxies. Default with auth: trusted, the `trusted` networks.',
      ),
    missing: z
      .enum(['refuse', 'auth'])
      .default('refuse')
      .describe(
        'A request of theirs without the header. refuse: 403; auth: as `auth` says, by From with trusted, by password with pbx and users.',
      ),
  });
}
