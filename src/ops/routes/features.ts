import type { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { type FeatureName, featureNames, type Origin, type Wish } from '../../model/feature.ts';
import type { Refusal } from '../../model/outcome.ts';
import type { Verdict } from '../../model/verdict.ts';
import { addressOf, type OpsContext, type OpsEnv, printable, refuse } from '../answers.ts';
import { readBody } from '../body.ts';
import type { OpsDeps } from '../deps.ts';
import { featureShape } from '../shapes.ts';
import { aorOr, noSuchExtension } from './extensions.ts';

/** The shape of a feature as the API answers it, so that what was read can be sent back. */
const wishBody = z.strictObject({
  enabled: z.boolean({ error: 'expected true or false' }),
  target: z
    .string({ error: 'expected a string: a JSON number would lose leading zeros and +' })
    .min(1, { error: 'expected a number to forward to; leave it out to keep the stored one' })
    .max(256)
    .nullish(),
  ringCount: z.int().min(1).max(20).nullish(),
});

type WishBody = z.infer<typeof wishBody>;

/** HTTP's word for a refusal. 403: nobody may; 409: not as things stand; 429: not so often; 422: no such target. */
const statusOf: Readonly<Record<string, ContentfulStatusCode>> = {
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
  oscillating: 429,
  'too-many': 429,
  internal: 500,
  'pbx-failed': 502,
  'hook-failed': 503,
  'pbx-away': 503,
  'pbx-timeout': 504,
};

export function featureRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  app.put('/api/v1/extensions/:ext/features/:feature', async (c) => {
    const aor = aorOr(c, c.req.param('ext'), deps);
    if (typeof aor !== 'string') return aor;
    const view = deps.hub.view(aor);
    if (!view?.known) return noSuchExtension(c);
    const feature = featureNames.find((name) => name === c.req.param('feature'));
    if (feature === undefined) {
      const given = printable(c.req.param('feature'));
      return refuse(c, 404, 'unknown-feature', `${given} is none of ${featureNames.join(', ')}`);
    }
    const body = await readBody(c, wishBody);
    if (!body.ok) {
      const { code, message, status } = body.refusal;
      return refuse(c, (status ?? 400) as ContentfulStatusCode, code, message, {
        feature: featureShape(feature, view.features[feature]),
      });
    }
    return told(c, feature, await deps.grant(wishOf(aor, feature, body.value, c)));
  });
}

function told(c: OpsContext, feature: FeatureName, { refusal, state }: Verdict): Response {
  const shape = featureShape(feature, state);
  if (refusal === null) return c.json(shape);
  return refuse(c, statusFor(refusal), refusal.code, refusal.message, { feature: shape });
}

export function statusFor({ code, status }: Refusal): ContentfulStatusCode {
  const known = statusOf[code];
  if (known !== undefined) return known;
  // A hook's own code. SIP and HTTP mean the same by these; else it is a body we understand and will not follow.
  return status === 403 || status === 409 || status === 429 ? status : 422;
}

/** What a feature does not have is not passed on: every feature takes the one documented body. */
function wishOf(aor: Wish['aor'], feature: FeatureName, body: WishBody, c: OpsContext): Wish {
  const target = feature === 'dnd' ? undefined : (body.target ?? undefined);
  const ringCount = feature === 'cfna' ? (body.ringCount ?? undefined) : undefined;
  const param = c.env.rpc?.param ?? undefined;
  return { aor, feature, enabled: body.enabled, target, ringCount, param, origin: originOf(c) };
}

/** Who asks, for the audit trail. */
export function originOf(c: OpsContext): Origin {
  const userAgent = c.req.header('user-agent');
  return {
    kind: c.env.rpc !== undefined ? 'rpc' : userAgent?.startsWith('lamplighter-cli') ? 'cli' : 'api',
    who: c.get('who'),
    from: addressOf(c),
    userAgent: userAgent === undefined ? null : printable(userAgent, 200),
  };
}
