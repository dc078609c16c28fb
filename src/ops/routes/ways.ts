import { z } from 'zod';
import type { ListenerView, UpstreamView, WaysView } from '../../model/ways.ts';
import { type Route, route } from '../route.ts';
import { timeSchema } from '../schemas.ts';

const count = z.int().min(0);

const waysSchema = z
  .object({
    engine: z.strictObject({
      kind: z.enum(['embedded', 'drachtio']),
      up: z.boolean(),
      reason: z.string().nullable(),
    }),
    auth: z.string(),
    listeners: z.array(
      z.strictObject({
        transport: z.string(),
        address: z.string(),
        port: z.int(),
        requests: z.record(z.string(), count),
        lastRequestAt: timeSchema.nullable(),
      }),
    ),
    upstreams: z.array(
      z.strictObject({
        uri: z.string(),
        state: z.enum(['up', 'down', 'unknown']),
        reason: z.string().nullable(),
        since: timeSchema.nullable(),
      }),
    ),
    subscriptions: z.strictObject({
      total: count,
      direct: count,
      inline: count,
      proxy: count,
      drachtio: count,
      unanswered: count,
    }),
    sources: z.array(z.strictObject({ address: z.string(), subscriptions: count, users: count })),
    sourceCount: count,
    phonesLearnt: count.nullable(),
    pushRules: count.nullable(),
  })
  .partial()
  .extend({ version: z.string(), domains: z.array(z.string()) })
  .meta({ id: 'Ways' });

/** By which ways phones come, for `lamplighter doctor` and for people. */
export const wayRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/ways',
    role: 'read',
    rpc: 'ways.get',
    tag: 'Health',
    about: 'How phones reach Lamplighter, and how many by which way.',
    answers: { 200: { about: 'By the configuration, and by what was seen.', schema: waysSchema } },
    run: ({ c }, deps) => {
      const ways = deps.ways?.();
      const known = ways === undefined ? {} : waysShape(ways);
      return c.json({ version: deps.version, domains: deps.domains.map(({ name }) => name), ...known });
    },
  }),
];

/** Times are ISO 8601 in UTC, as everywhere in the API. */
function waysShape({ listeners, upstreams, ...view }: WaysView): object {
  return { ...view, listeners: listeners.map(listenerShape), upstreams: upstreams.map(upstreamShape) };
}

function listenerShape({ lastRequestAt, ...listener }: ListenerView): object {
  return { ...listener, lastRequestAt: timeOf(lastRequestAt) };
}

function upstreamShape({ since, ...upstream }: UpstreamView): object {
  return { ...upstream, since: timeOf(since) };
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
