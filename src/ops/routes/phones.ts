import { z } from 'zod';
import { extQuery } from '../params.ts';
import { type Route, route } from '../route.ts';
import { phoneSchema } from '../schemas.ts';
import { phoneShape } from '../shapes.ts';
import { aorAsked } from './extensions.ts';

export const phoneRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/phones',
    role: 'read',
    rpc: 'phones.list',
    tag: 'Phones',
    about: 'The phones that have registered through Lamplighter.',
    query: extQuery,
    answers: { 200: { about: 'Those that are registered.', schema: z.array(phoneSchema) } },
    refusals: { 'ambiguous-extension': 409 },
    run: ({ c, query }, deps) => {
      const aor = aorAsked(c, query.ext, deps);
      return aor instanceof Response ? aor : c.json((deps.phones?.list(aor) ?? []).map(phoneShape));
    },
  }),
];
