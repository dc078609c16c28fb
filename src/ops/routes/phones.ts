import type { Hono } from 'hono';
import type { OpsEnv } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { phoneShape } from '../shapes.ts';
import { aorOr } from './extensions.ts';

/** The phones that have registered through Lamplighter. */
export function phoneRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  app.get('/api/v1/phones', (c) => {
    const ext = c.req.query('ext');
    const aor = ext === undefined ? undefined : aorOr(c, ext, deps);
    if (aor !== undefined && typeof aor !== 'string') return aor;
    return c.json((deps.phones?.list(aor) ?? []).map(phoneShape));
  });
}
