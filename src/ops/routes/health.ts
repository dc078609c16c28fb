import type { Hono } from 'hono';
import type { OpsEnv } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { holdsToken } from '../guard.ts';
import { linkShape } from '../shapes.ts';

/** For probes, which hold no token: the status alone says it. Why something is down is for admins. */
export function probeRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  app.get('/healthz', (c) => c.json({ alive: true, version: deps.version }));

  app.get('/readyz', (c) => {
    const { ready, checks } = deps.health();
    const admin = holdsToken(c.req.header('authorization'), deps.token);
    return c.json(admin ? { ready, checks } : { ready }, ready ? 200 : 503);
  });
}

/** What the panel's head shows. */
export function statusRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  app.get('/api/v1/status', (c) =>
    c.json({
      version: deps.version,
      domain: deps.domains[0].name,
      domains: deps.domains.map(({ name }) => name),
      simulator: deps.simulator !== null,
      ...deps.health(),
      links: deps.hub.links().map(linkShape),
    }),
  );
}
