import { z } from 'zod';
import type { PushView } from '../../model/push-view.ts';
import { extQuery } from '../params.ts';
import { type Route, route } from '../route.ts';
import { timeSchema } from '../schemas.ts';
import { aorAsked } from './extensions.ts';

const pushedSchema = z.strictObject({
  aor: z.string(),
  event: z.string(),
  state: z.enum(['told', 'waiting', 'subscribed', 'failed']),
  reason: z.string().nullable(),
  notifies: z.int(),
  lastNotifyAt: timeSchema.nullable(),
});

export const pushRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/push',
    role: 'read',
    rpc: 'phones.pushed',
    tag: 'Phones',
    about: 'The phones that are told through their PBX.',
    query: extQuery,
    answers: { 200: { about: 'A row for each user and event package.', schema: z.array(pushedSchema) } },
    refusals: { 'ambiguous-extension': 409 },
    run: ({ c, query }, deps) => {
      const aor = aorAsked(c, query.ext, deps);
      return aor instanceof Response ? aor : c.json((deps.pushed?.list(aor) ?? []).map(shapeOf));
    },
  }),
];

function shapeOf({ lastNotifyAt, ...view }: PushView): object {
  return { ...view, lastNotifyAt: lastNotifyAt === null ? null : new Date(lastNotifyAt).toISOString() };
}
