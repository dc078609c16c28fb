import { z } from 'zod';
import { extQuery, wholeNumber } from '../params.ts';
import { type Route, route } from '../route.ts';
import { auditSchema } from '../schemas.ts';
import { auditShape } from '../shapes.ts';
import { aorAsked } from './extensions.ts';

const mostRows = 1000;

export const auditRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/audit',
    role: 'read',
    rpc: 'audit.list',
    tag: 'Audit',
    about: 'Who changed what, newest first.',
    query: extQuery.extend({
      limit: wholeNumber(1, mostRows, 100).describe(`How many, up to ${mostRows}.`),
    }),
    answers: { 200: { about: 'The rows.', schema: z.array(auditSchema) } },
    refusals: { 'ambiguous-extension': 409 },
    run: ({ c, query: { ext, limit } }, deps) => {
      // An extension the PBX has no more still has a history.
      const aor = aorAsked(c, ext, deps);
      if (aor instanceof Response) return aor;
      return c.json(deps.audit(aor === undefined ? { limit } : { aor, limit }).map(auditShape));
    },
  }),
];
