import type { Hono } from 'hono';
import { addressOf, type OpsContext, type OpsEnv, printable, refuse } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { subscriptionShape } from '../shapes.ts';
import { aorOr } from './extensions.ts';

export function subscriptionRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  const { subscriptions, logger } = deps;
  app.get('/api/v1/subscriptions', (c) => {
    const ext = c.req.query('ext');
    const aor = ext === undefined ? null : aorOr(c, ext, deps);
    if (aor !== null && typeof aor !== 'string') return aor;
    const wanted = subscriptions.list().filter((view) => aor === null || view.aor === aor);
    return c.json(wanted.map(subscriptionShape));
  });

  app.delete('/api/v1/subscriptions/:id', async (c) => {
    const id = idFrom(c.req.param('id'));
    if (id === null || !(await subscriptions.remove(id))) return noSuchSubscription(c);
    logger.info({ id, who: c.get('who'), from: addressOf(c) }, 'subscription removed by the admin');
    return c.body(null, 204);
  });

  app.post('/api/v1/subscriptions/:id/renotify', (c) => {
    const id = idFrom(c.req.param('id'));
    if (id === null || !subscriptions.renotify(id)) return noSuchSubscription(c);
    logger.info({ id, who: c.get('who'), from: addressOf(c) }, 'subscription told again by the admin');
    return c.json({ id, renotified: true }, 202);
  });
}

function idFrom(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function noSuchSubscription(c: OpsContext): Response {
  return refuse(c, 404, 'unknown-subscription', `there is no subscription ${printable(c.req.param('id') ?? '')}`);
}
