import { z } from 'zod';
import type { PhoneWatchView } from '../../model/views.ts';
import { extQuery } from '../params.ts';
import { type Route, route } from '../route.ts';
import { timeSchema } from '../schemas.ts';
import { aorAsked } from './extensions.ts';

const watchedSchema = z.strictObject({
  aor: z.string(),
  event: z.string(),
  contact: z.string(),
  userAgent: z.string().nullable(),
  state: z.enum(['new', 'asking', 'watching', 'waiting', 'over']),
  reason: z.string().nullable(),
  source: z.string().nullable(),
  expiresAt: timeSchema.nullable(),
});

export const watchedRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/watched',
    role: 'read',
    rpc: 'phones.watched',
    tag: 'Phones',
    about: 'The phones that Lamplighter itself subscribes to.',
    query: extQuery,
    answers: { 200: { about: 'Its own subscriptions.', schema: z.array(watchedSchema) } },
    refusals: { 'ambiguous-extension': 409 },
    run: ({ c, query }, deps) => {
      const aor = aorAsked(c, query.ext, deps);
      return aor instanceof Response ? aor : c.json((deps.watched?.list(aor) ?? []).map(shapeOf));
    },
  }),
];

function shapeOf({ expiresAt, ...view }: PhoneWatchView): object {
  return { ...view, expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString() };
}
