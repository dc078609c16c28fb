import { z } from 'zod';
import { extQuery, idParam } from '../params.ts';
import { type Ask, type Route, route } from '../route.ts';
import { subscriptionSchema } from '../schemas.ts';
import { subscriptionShape } from '../shapes.ts';
import { aorAsked } from './extensions.ts';

const tag = 'Subscriptions';
const path = '/api/v1/subscriptions/{id}';
const params = z.object({ id: idParam('subscription') });
const refusals = { 'unknown-subscription': 404 } as const;

export const subscriptionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/subscriptions',
    role: 'read',
    rpc: 'subscriptions.list',
    tag,
    about: 'The subscriptions of phones.',
    query: extQuery,
    answers: { 200: { about: 'Those that stand.', schema: z.array(subscriptionSchema) } },
    refusals: { 'ambiguous-extension': 409 },
    run: ({ c, query }, deps) => {
      const aor = aorAsked(c, query.ext, deps);
      if (aor instanceof Response) return aor;
      const wanted = deps.subscriptions.list().filter((view) => aor === undefined || view.aor === aor);
      return c.json(wanted.map(subscriptionShape));
    },
  }),
  route({
    method: 'GET',
    path,
    role: 'read',
    rpc: 'subscriptions.get',
    tag,
    about: 'One subscription.',
    params,
    answers: { 200: { about: 'As it is now.', schema: subscriptionSchema } },
    refusals,
    run: (ask, deps) => {
      const view = deps.subscriptions.list().find(({ id }) => id === ask.path.id);
      return view === undefined ? noSuchSubscription(ask) : ask.c.json(subscriptionShape(view));
    },
  }),
  route({
    method: 'DELETE',
    path,
    role: 'operate',
    rpc: 'subscriptions.remove',
    tag,
    about: 'Ends one with a last NOTIFY; its phone subscribes again.',
    params,
    answers: { 204: { about: 'It has ended.', type: null } },
    refusals,
    run: async (ask, { subscriptions }) => {
      if (!(await subscriptions.remove(ask.path.id))) return noSuchSubscription(ask);
      return ask.c.body(null, 204);
    },
  }),
  route({
    method: 'POST',
    path: `${path}/renotify`,
    role: 'operate',
    rpc: 'subscriptions.renotify',
    tag,
    about: 'Tells its phone everything again.',
    params,
    answers: {
      202: {
        about: 'The NOTIFY is on its way.',
        schema: z.strictObject({ id: z.int(), renotified: z.literal(true) }),
      },
    },
    refusals,
    run: (ask, { subscriptions }) => {
      const { id } = ask.path;
      if (!subscriptions.renotify(id)) return noSuchSubscription(ask);
      return ask.c.json({ id, renotified: true }, 202);
    },
  }),
];

function noSuchSubscription({ path: { id }, no }: Ask<{ readonly id: number }, unknown, unknown>): Response {
  return no({ code: 'unknown-subscription', message: `there is no subscription ${id}` });
}
