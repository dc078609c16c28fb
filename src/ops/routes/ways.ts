import type { Hono } from 'hono';
import type { ListenerView, UpstreamView, WaysView } from '../../model/ways.ts';
import type { OpsEnv } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';

/** By which ways phones come, for `lamplighter doctor` and for people. */
export function wayRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  app.get('/api/v1/ways', (c) => {
    const ways = deps.ways?.();
    const known = ways === undefined ? {} : waysShape(ways);
    return c.json({ version: deps.version, domains: deps.domains.map(({ name }) => name), ...known });
  });
}

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
