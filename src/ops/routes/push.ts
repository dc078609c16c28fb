import type { Hono } from 'hono';
import type { PushView } from '../../model/push-view.ts';
import type { OpsEnv } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { aorOr } from './extensions.ts';

/** The phones that are told through their PBX. */
export function pushRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  app.get('/api/v1/push', (c) => {
    const ext = c.req.query('ext');
    const aor = ext === undefined ? undefined : aorOr(c, ext, deps);
    if (aor !== undefined && typeof aor !== 'string') return aor;
    return c.json((deps.pushed?.list(aor) ?? []).map(shapeOf));
  });
}

function shapeOf({ lastNotifyAt, ...view }: PushView): object {
  return { ...view, lastNotifyAt: lastNotifyAt === null ? null : new Date(lastNotifyAt).toISOString() };
}
