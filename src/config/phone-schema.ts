import { z } from 'zod';
import { callKinds } from '../model/profile.ts';
import { pattern } from './common-schema.ts';
import { watchSettings } from './watch-schema.ts';

/** Who may pick up whose calls. */
export const pickupRight = z.strictObject({
  watchers: pattern.describe('Who may: a regular expression on his whole number.'),
  extensions: pattern.describe('Whose ringing calls: a regular expression on the whole number.'),
});

/** `phones.profiles`: what phones of one make are told, and how. */
export const profile = z.strictObject({
  name: z.string().min(1).describe('A name for you.'),
  match: pattern.describe('Regular expression on the User-Agent; the first profile that matches is used.'),
  idleAtSubscribe: z
    .enum(['dummy', 'empty'])
    .optional()
    .describe('What a phone without calls is told when it subscribes: one ended call, or none.'),
  idleAtEnd: z
    .enum(['last', 'dummy', 'empty'])
    .optional()
    .describe(
      'What a phone is told when its last call ends. last: that call as ended; dummy: the ended call that stands for none; empty: no call.',
    ),
  dialogs: z.enum(['multi', 'single']).optional().describe('single: only the most interesting call.'),
  rank: z
    .array(z.enum(callKinds))
    .min(1)
    .refine((kinds) => new Set(kinds).size === kinds.length, 'each kind once')
    .optional()
    .describe(
      'Which call is the most interesting, best first. Kamailio and OpenSIPS have early, confirmed, proceeding, trying.',
    ),
  callerConfirmed: z
    .boolean()
    .optional()
    .describe('An unanswered outgoing call looks answered, for phones that would blink.'),
  trying: z.enum(['hide', 'show']).optional().describe('The moment before the other side rings.'),
  dndOnBlf: z.enum(['busy', 'off']).optional().describe('How do-not-disturb looks on a busy lamp.'),
  identities: z
    .enum(['number-if-allowed', 'none', 'full'])
    .optional()
    .describe('Who is calling, on the lamps of others.'),
  paramAttr: z
    .enum(['pval', 'pvalue'])
    .optional()
    .describe('Attribute of <param>: pval as RFC 4235, pvalue as Asterisk and FreeSWITCH write it.'),
  pickup: z
    .enum(['none', 'code', 'replaces'])
    .optional()
    .describe(
      'How a phone takes a call that rings, where `phones.pickup` lets its user. code: it dials the target; replaces: Call-ID and tags.',
    ),
  pickupCode: z
    .string()
    .regex(/^[0-9*#A-D]{0,8}$/, 'expected up to 8 of 0-9, *, # and A to D')
    .optional()
    .describe('With pickup: code, what stands before the extension in the target.'),
  notifyMinIntervalMs: z
    .int()
    .min(0)
    .max(60_000)
    .optional()
    .describe('Milliseconds between two changes told to one phone (RFC 4235 asks for 1000).'),
  initialNotify: z
    .enum(['auto', 'multipart', 'sequential'])
    .optional()
    .describe('Feature keys: all in one NOTIFY, one NOTIFY each, or by size.'),
  notifyTimeouts: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('NOTIFYs in a row that may stay unanswered before the subscription ends.'),
  ...watchSettings,
});
