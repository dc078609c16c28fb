import { z } from 'zod';
import { type Route, route } from '../route.ts';

export const findingSchema = z
  .strictObject({
    check: z.string().meta({ examples: ['ami-rights'] }),
    level: z.enum(['ok', 'warn', 'fail']),
    text: z.string(),
    fix: z.string().nullable(),
  })
  .meta({ id: 'Finding', description: 'What one check found (docs/doctor.md), and what to do about it.' });

/** Doctor, as far as the daemon itself can look. */
export const checkRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/checks',
    // it asks the PBX, and sends requests of its own
    role: 'operate',
    rpc: 'checks.list',
    tag: 'Health',
    about: 'Examines Lamplighter and its PBXs, which takes some seconds; who asks meanwhile gets the same answer.',
    answers: { 200: { about: 'What was found, good things too.', schema: z.array(findingSchema) } },
    refusals: { 'not-here': 404 },
    run: async ({ c, no }, deps) => {
      if (deps.examine === undefined) return no({ code: 'not-here', message: 'nobody looks here' });
      return c.json(await deps.examine());
    },
  }),
];
