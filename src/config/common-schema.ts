import { z } from 'zod';

/** A SIP domain; lower case after reading. */
export const domain = z
  .string()
  .regex(
    /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/,
    'expected a host name or an IPv4 address, without sip: and without a port',
  )
  .transform((name) => name.toLowerCase());

/** A regular expression. */
export const pattern = z.string().superRefine((text, context) => {
  try {
    new RegExp(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `not a regular expression: ${(error as Error).message}` });
  }
});
