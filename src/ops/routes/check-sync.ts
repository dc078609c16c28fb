import type { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import type { NotifiedPhone } from '../../model/phone-notice.ts';
import { type OpsEnv, printable, refuse } from '../answers.ts';
import { readBody } from '../body.ts';
import type { OpsDeps } from '../deps.ts';
import { aorOr, noSuchExtension } from './extensions.ts';
import { originOf } from './features.ts';

const statusOf: Readonly<Record<string, ContentfulStatusCode>> = {
  'no-phone': 409,
  'not-registered': 409,
  'not-writable': 409,
  'pbx-refused': 502,
  'too-many': 429,
  internal: 500,
  'pbx-away': 503,
  'pbx-timeout': 504,
};

export function checkSyncRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  const { phoneOrders } = deps;
  const expected = `expected one of ${phoneOrders.events.join(', ')}`;
  const body = z.strictObject({
    event: z.string().refine((text) => phoneOrders.events.includes(text), { error: expected }),
    reboot: z.boolean({ error: 'expected true or false' }).nullish(),
  });

  app.post('/api/v1/extensions/:ext/check-sync', async (c) => {
    const aor = aorOr(c, c.req.param('ext'), deps);
    if (typeof aor !== 'string') return aor;
    const view = deps.hub.view(aor);
    if (!view?.known || view.lamp === true) return noSuchExtension(c);
    const read = await readBody(c, body);
    if (!read.ok) {
      const { code, message, status } = read.refusal;
      return refuse(c, (status ?? 400) as ContentfulStatusCode, code, message);
    }
    const { event: wished, reboot = null } = read.value;
    const outcome = await phoneOrders.send({ aor, event: wished, reboot, origin: originOf(c) });
    if (!outcome.ok) {
      const { code, message } = outcome.refusal;
      return refuse(c, statusOf[code] ?? 409, code, printable(message, 300));
    }
    const { via, event, phones } = outcome.value;
    return c.json({ via, event, sent: phones.length, phones: phones.map(phoneShape) });
  });
}

/** `answer` is null where nobody tells it: a PBX does not. */
function phoneShape({ contact, userAgent, source, answer }: NotifiedPhone): object {
  return { contact, userAgent, source, answer };
}
