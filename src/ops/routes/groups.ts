import type { Hono } from 'hono';
import { type OpsEnv, printable, refuse } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { groupShape } from '../groups.ts';

export function groupRoutes(app: Hono<OpsEnv>, { groups, hub }: OpsDeps): void {
  app.get('/api/v1/groups', (c) => c.json(groups.map((group) => groupShape(group, hub))));

  app.get('/api/v1/groups/:name', (c) => {
    const name = c.req.param('name');
    const group = groups.find((one) => one.name === name);
    if (group === undefined) return refuse(c, 404, 'unknown-group', `no group ${printable(name)} is configured`);
    return c.json(groupShape(group, hub));
  });
}
