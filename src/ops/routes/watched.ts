import type { Hono } from 'hono';
import type { PhoneWatchView } from '../../model/views.ts';
import type { OpsEnv } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { aorOr } from './extensions.ts';

/** The phones that Lamplighter subscribes to itself. */
export function watchedRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  app.get('/api/v1/watched', (c) => {
    const ext = c.req.query('ext');
    const aor = ext === undefined ? undefined : aorOr(c, ext, deps);
    if (aor !== undefined && typeof aor !== 'string') return aor;
    return c.json((deps.watched?.list(aor) ?? []).map(shapeOf));
  });
}

function shapeOf({ expiresAt, ...view }: PhoneWatchView): object {
  return { ...view, expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString() };
}
