import type { Hono } from 'hono';
import { type OpsEnv, refuse } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { auditShape } from '../shapes.ts';
import { aorOr } from './extensions.ts';

const mostRows = 1000;

export function auditRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  app.get('/api/v1/audit', (c) => {
    const ext = c.req.query('ext');
    const text = c.req.query('limit') ?? '100';
    const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    if (limit < 1 || limit > mostRows) {
      return refuse(c, 400, 'invalid-query', `limit: expected a number from 1 to ${mostRows}`);
    }
    // An extension the PBX has no more still has a history.
    const aor = ext === undefined ? null : aorOr(c, ext, deps);
    if (aor !== null && typeof aor !== 'string') return aor;
    const rows = deps.audit(aor === null ? { limit } : { aor, limit });
    return c.json(rows.map(auditShape));
  });
}
