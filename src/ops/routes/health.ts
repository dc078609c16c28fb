import { z } from 'zod';
import { type Route, route } from '../route.ts';
import { linkSchema } from '../schemas.ts';
import { linkShape } from '../shapes.ts';

const ready = z.boolean().describe('PBX links, store and listeners are up.');
const checks = z.array(
  z.strictObject({ name: z.string(), ok: z.boolean(), reason: z.string().nullable().describe('Why not.') }),
);
const readySchema = z.strictObject({ ready, checks: checks.optional().describe('For those who hold a token.') });

/** For probes, which hold no token: the status alone says it. Why something is down is for admins. */
export const probeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/healthz',
    role: 'everybody',
    rpc: null,
    tag: 'Health',
    about: 'The process lives.',
    answers: { 200: { about: 'It does.', schema: z.strictObject({ alive: z.literal(true), version: z.string() }) } },
    run: ({ c }, { version }) => c.json({ alive: true, version }),
  }),
  route({
    method: 'GET',
    path: '/readyz',
    role: 'everybody',
    rpc: null,
    tag: 'Health',
    about: 'It can do its work.',
    answers: {
      200: { about: 'All is up.', schema: readySchema },
      503: { about: 'Something is down.', schema: readySchema },
    },
    run: ({ c }, deps) => {
      const health = deps.health();
      const known = c.get('holder') !== null;
      const answer = known ? { ready: health.ready, checks: health.checks } : { ready: health.ready };
      return c.json(answer, health.ready ? 200 : 503);
    },
  }),
];

/** What the panel's head shows. */
export const statusRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/status',
    role: 'read',
    rpc: 'status.get',
    tag: 'Health',
    about: 'Version, domains, PBX links and whether all is well.',
    answers: {
      200: {
        about: 'How it stands.',
        schema: z
          .strictObject({
            version: z.string(),
            program: z.string().describe('How commands are typed on this host: `npx lamplighter` in a checkout.'),
            domain: z.string(),
            domains: z.array(z.string()),
            simulator: z.boolean().describe('The PBX is a simulated one.'),
            you: z
              .strictObject({ name: z.string(), role: z.enum(['read', 'operate', 'admin']) })
              .describe('Whose token this is, and what it may.'),
            ready,
            checks,
            links: z.array(linkSchema),
            pendingRestart: z.array(z.string()).describe('Settings that differ in the files, and wait for a restart.'),
          })
          .meta({ id: 'Status' }),
      },
    },
    run: ({ c }, deps) =>
      c.json({
        version: deps.version,
        program: deps.program,
        domain: deps.domains[0].name,
        domains: deps.domains.map(({ name }) => name),
        simulator: deps.simulator !== null,
        you: { name: c.get('who'), role: c.get('role') },
        ...deps.health(),
        links: deps.hub.links().map(linkShape),
        pendingRestart: deps.configuration?.pendingRestart ?? [],
      }),
  }),
];
