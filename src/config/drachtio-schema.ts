import { isIP } from 'node:net';
import { z } from 'zod';

/** Its control port asks for a secret and lets everybody do everything without: whoever reaches it owns the phones. */
const remoteProblem =
  'whoever reaches this port can do everything, the secret keeps nobody out: let drachtio-server run on this host, or guard the network between and set remote: true';

/** `sip.drachtio`: the control port of drachtio-server. */
export const drachtioSchema = z
  .strictObject({
    host: z
      .string()
      .max(253)
      .regex(/^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/, {
        error: 'expected a host name or an address',
      })
      .default('127.0.0.1')
      .describe('Where its control port is.'),
    port: z.int().min(1).max(65_535).default(9022).describe('The `admin` port of its configuration.'),
    secret: z
      .string()
      .max(255)
      .regex(/^[\x21-\x7b\x7d\x7e]+$/, 'expected letters, digits and signs, without spaces and |')
      .describe('The `secret` of that port. `secretFile` may stand for it.'),
    remote: z
      .boolean()
      .default(false)
      .describe('true: `host` may be another one, over a network that nobody else can send in.'),
  })
  .superRefine(({ host, remote }, context) => {
    if (remote || isThisHost(host)) return;
    context.addIssue({ code: 'custom', path: ['host'], message: remoteProblem });
  });

function isThisHost(host: string): boolean {
  const name = host.toLowerCase();
  if (name === 'localhost' || name === '::1') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}

interface EngineSettings {
  readonly engine: 'embedded' | 'drachtio';
  readonly drachtio?: unknown;
  readonly upstream?: unknown;
}

/** What does not go together, at its path below `sip`. */
export function engineProblems({ engine, drachtio, upstream }: EngineSettings): readonly {
  readonly path: readonly string[];
  readonly message: string;
}[] {
  if (engine === 'embedded') return [];
  const problems = [];
  if (drachtio === undefined) {
    problems.push({ path: ['drachtio'], message: 'missing; engine: drachtio needs the secret of its control port' });
  }
  if (upstream !== undefined) {
    const message =
      'not with engine: drachtio, which drops methods it does not know and sends no INVITE on for us; use engine: embedded';
    problems.push({ path: ['upstream'], message });
  }
  return problems;
}

/** What an admin should know of settings that are good and do nothing; null: nothing. */
export function idleSettings({ engine }: Pick<EngineSettings, 'engine'>): string | null {
  if (engine === 'embedded') return null;
  return 'engine: drachtio: sip.listen, sip.tls, sip.webSocketOrigins and sip.connections are not used; where phones are heard is the business of drachtio-server';
}
