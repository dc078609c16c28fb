import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Refusal } from '../model/outcome.ts';

/** HTTP's word for a refused wish. 403: nobody may; 409: not as things stand; 429: not so often; 422: no such target. */
export const wishRefusals = {
  denied: 403,
  emergency: 403,
  'external-target': 403,
  'feature-code': 403,
  'foreign-host': 403,
  international: 403,
  'not-assigned': 403,
  'not-yours': 403,
  premium: 403,
  'unknown-extension': 404,
  'forward-loop': 409,
  'no-agent': 409,
  'not-writable': 409,
  'pbx-kept': 409,
  'pbx-refused': 409,
  'self-forward': 409,
  'bad-characters': 422,
  'bad-number': 422,
  'no-target': 422,
  'too-long': 422,
  oscillating: 429,
  'too-many': 429,
  internal: 500,
  'pbx-failed': 502,
  'hook-failed': 503,
  'pbx-away': 503,
  'pbx-timeout': 504,
} as const satisfies Readonly<Record<string, ContentfulStatusCode>>;

/** The status for what the gate refused. */
export function statusFor({ code, status }: Refusal): ContentfulStatusCode {
  const known: ContentfulStatusCode | undefined = wishRefusals[code as keyof typeof wishRefusals];
  if (known !== undefined) return known;
  // A hook's own code. SIP and HTTP mean the same by these; else it is a body we understand and will not follow.
  return status === 403 || status === 409 || status === 429 ? status : 422;
}
