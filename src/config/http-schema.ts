import { z } from 'zod';
import { domain } from './common-schema.ts';
import { sha256Of, whyHashRefused, whyTokenRefused } from './token-hash.ts';

const hostPort = /^(\[[0-9a-fA-F:.]+\]|[0-9.]+|localhost):\d{1,5}$/;
const addressPort = 'expected ADDRESS:PORT, an IPv6 address in []';
const loopback = /^(localhost|127\.[0-9.]+|\[(::1|::ffff:127\.[0-9.]+)\]):/;

/** Names of the audit trail that mean other things: nobody was asked for a token, and `http.token`. */
const taken = ['local', 'token'];

/** A message for what `why` says something against. */
function unless(why: (text: string) => string | null) {
  return (text: string, context: z.RefinementCtx): void => {
    const message = why(text);
    if (message !== null) context.addIssue({ code: 'custom', message });
  };
}

const token = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_.@-]{1,64}$/, 'expected letters, digits, _, ., @ or -')
      .refine((name) => !taken.includes(name), { error: `expected another name than ${taken.join(' and ')}` })
      .describe('Who has it, for the audit trail and the log.'),
    role: z
      .enum(['read', 'operate', 'admin'])
      .describe('read: look; operate: features, agents, subscriptions, calls of the demo; admin: everything.'),
    token: z
      .string()
      .min(16)
      .superRefine(unless(whyTokenRefused))
      .optional()
      .describe('The token. `tokenFile` may stand for it, or `sha256`.'),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, 'expected 64 hexadecimal digits, as sha256sum writes them')
      .superRefine(unless(whyHashRefused))
      .transform((digits) => digits.toLowerCase())
      .optional()
      .describe('In place of the token: its SHA-256, `printf %s "$TOKEN" | sha256sum`.'),
  })
  .superRefine(({ token: text, sha256 }, context) => {
    if (text === undefined && sha256 === undefined) {
      const message = 'missing; write tokenFile with the path of a file, token, or sha256';
      context.addIssue({ code: 'custom', path: ['token'], message });
    }
    if (text !== undefined && sha256 !== undefined) {
      context.addIssue({ code: 'custom', path: ['sha256'], message: 'sha256 and the token exclude each other' });
    }
  });

const rate = z
  .strictObject({
    perSecond: z.int().min(0).max(100_000).default(200).describe('For ever; 0: as many as it likes.'),
    burst: z.int().min(10).max(1_000_000).default(2000).describe('At once, after a rest.'),
  })
  .prefault({})
  .describe('Requests of one client (a token at an address); more are answered 429.');

/** `http` of the configuration. */
export const httpSchema = z
  .strictObject({
    listen: z
      .string(addressPort)
      .regex(hostPort, addressPort)
      .default('127.0.0.1:8090')
      .describe('Panel and API; off loopback only with a token.'),
    token: z
      .string()
      .min(16)
      .superRefine(unless(whyTokenRefused))
      .optional()
      .describe("An admin's: asked of every client where set. `tokenFile` may stand for it."),
    tokens: z.array(token).max(100).default([]).describe('Further ones, for people and programs: docs/api.md.'),
    names: z
      .array(domain)
      .max(100)
      .default([])
      .describe(
        'What browsers may call it. Addresses, `localhost`, the name of this host and the domains above need no entry off loopback; on loopback all but `localhost` do.',
      ),
    rate,
  })
  .superRefine(({ listen, token: own, tokens }, context) => {
    if (own === undefined && tokens.length === 0 && !loopback.test(listen) && hostPort.test(listen)) {
      const message = 'other hosts can reach this: set http.tokenFile, or listen on 127.0.0.1';
      context.addIssue({ code: 'custom', path: ['listen'], message });
    }
    const seen = new Map(own === undefined ? [] : [[sha256Of(own), 'http.token']]);
    for (const [index, { name, token: text, sha256 }] of tokens.entries()) {
      const complain = (key: string, message: string) =>
        context.addIssue({ code: 'custom', path: ['tokens', index, key], message });
      if (tokens.findIndex((one) => one.name === name) < index) complain('name', `there is another token of ${name}`);
      const digest = text === undefined ? sha256 : sha256Of(text);
      if (digest === undefined) continue;
      const other = seen.get(digest);
      // Two names for one token: the audit trail could not tell who it was.
      if (other !== undefined)
        complain(text === undefined ? 'sha256' : 'token', `is the same token as that of ${other}`);
      seen.set(digest, name);
    }
  });
