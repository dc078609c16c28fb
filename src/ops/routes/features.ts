import { z } from 'zod';
import { mostRings, type Origin, type Wish } from '../../model/feature.ts';
import { addressOf, type OpsContext, printable } from '../answers.ts';
import { extParam, featureParam } from '../params.ts';
import { type Route, route } from '../route.ts';
import { featureSchema } from '../schemas.ts';
import { featureShape } from '../shapes.ts';
import { statusFor, wishRefusals } from '../wish-refusals.ts';
import { extensionRefusals, viewOr } from './extensions.ts';

const ringsExpected = `expected 1 to ${mostRings} rings`;

/** The shape of a feature as the API answers it, so that what was read can be sent back. */
const wishBody = z
  .strictObject({
    enabled: z.boolean({ error: 'expected true or false' }).describe('On or off.'),
    target: z
      .string({ error: 'expected a string: a JSON number would lose leading zeros and +' })
      .min(1, { error: 'expected a number to forward to; leave it out to keep the stored one' })
      .max(256)
      .nullish()
      .describe('Where to forward to; without it, the stored one.'),
    ringCount: z
      .int({ error: ringsExpected })
      .min(1, { error: ringsExpected })
      .max(mostRings, { error: ringsExpected })
      .nullish()
      .describe('Rings before cfna forwards.'),
  })
  .meta({ examples: [{ enabled: true }] });

type WishBody = z.infer<typeof wishBody>;

export const featureRoutes: readonly Route[] = [
  route({
    method: 'PUT',
    path: '/api/v1/extensions/{ext}/features/{feature}',
    role: 'operate',
    rpc: 'features.set',
    hookWord: true,
    tag: 'Features',
    about: 'Wishes for a feature as a key of the phone does; answers what the PBX then holds.',
    params: z.object({ ext: extParam, feature: featureParam }),
    body: wishBody,
    answers: { 200: { about: 'What the PBX holds now.', schema: featureSchema } },
    refusals: { ...extensionRefusals, ...wishRefusals, 'unknown-feature': 404 },
    beside: z.object({ feature: featureSchema.describe('What stands.') }),
    run: async (ask, deps) => {
      const { c, path } = ask;
      const { feature } = path;
      const view = viewOr(c, path.ext, deps);
      if (view instanceof Response) return view;
      const body = await ask.body();
      if (!body.ok) return ask.no(body.refusal, { feature: featureShape(feature, view.features[feature], view) });
      const { refusal, state } = await deps.grant(wishOf(view.aor, feature, body.value, c));
      const shape = featureShape(feature, state, deps.hub.view(view.aor));
      if (refusal === null) return c.json(shape);
      return ask.no({ ...refusal, status: statusFor(refusal) }, { feature: shape });
    },
  }),
];

/** What a feature does not have is not passed on: every feature takes the one documented body. */
function wishOf(aor: Wish['aor'], feature: Wish['feature'], body: WishBody, c: OpsContext): Wish {
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
