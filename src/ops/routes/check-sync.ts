import { z } from 'zod';
import type { NotifiedPhone } from '../../model/phone-notice.ts';
import { extParam } from '../params.ts';
import { type Route, route } from '../route.ts';
import { extensionRefusals, noSuchExtension, viewOr } from './extensions.ts';
import { originOf } from './features.ts';

const orderBody = z
  .strictObject({
    event: z.string().max(128).describe('`check-sync`, or another word that phones know.'),
    reboot: z.boolean({ error: 'expected true or false' }).nullish().describe('And to start anew.'),
  })
  .meta({ examples: [{ event: 'check-sync', reboot: false }] });

const toldSchema = z.strictObject({
  via: z.enum(['pbx', 'subscriptions']),
  event: z.string(),
  sent: z.int(),
  phones: z.array(
    z.strictObject({
      contact: z.string(),
      userAgent: z.string().nullable(),
      source: z.string().nullable(),
      answer: z.int().nullable().describe('null: nobody tells, as a PBX does not.'),
    }),
  ),
});

export const checkSyncRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/api/v1/extensions/{ext}/check-sync',
    role: 'operate',
    rpc: 'phones.checkSync',
    tag: 'Phones',
    about: 'Asks the phones of a user to fetch their configuration.',
    params: z.object({ ext: extParam }),
    body: orderBody,
    answers: { 200: { about: 'Whom it was sent to.', schema: toldSchema } },
    refusals: {
      ...extensionRefusals,
      'no-phone': 409,
      'not-registered': 409,
      'not-writable': 409,
      'too-many': 429,
      internal: 500,
      'pbx-refused': 502,
      'pbx-away': 503,
      'pbx-timeout': 504,
    },
    run: async (ask, deps) => {
      const { phoneOrders } = deps;
      const view = viewOr(ask.c, ask.path.ext, deps);
      if (view instanceof Response) return view;
      if (view.lamp === true) return noSuchExtension(ask.c);
      const body = await ask.body();
      if (!body.ok) return ask.no(body.refusal);
      const { event: wished, reboot = null } = body.value;
      if (!phoneOrders.events.includes(wished)) {
        const message = `event: expected one of ${phoneOrders.events.join(', ')}`;
        return ask.no({ code: 'invalid-body', message });
      }
      const outcome = await phoneOrders.send({ aor: view.aor, event: wished, reboot, origin: originOf(ask.c) });
      if (!outcome.ok) return ask.no({ code: outcome.refusal.code, message: outcome.refusal.message });
      const { via, event, phones } = outcome.value;
      return ask.c.json({ via, event, sent: phones.length, phones: phones.map(phoneShape) });
    },
  }),
];

/** `answer` is null where nobody tells it: a PBX does not. */
function phoneShape({ contact, userAgent, source, answer }: NotifiedPhone): object {
  return { contact, userAgent, source, answer };
}
