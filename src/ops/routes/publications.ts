import type { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { Fault } from '../../model/errors.ts';
import { addressOf, type OpsContext, type OpsEnv, printable, refuse } from '../answers.ts';
import { readBody } from '../body.ts';
import type { OpsDeps } from '../deps.ts';
import { publicationShape } from '../shapes.ts';
import { aorOr, noSuchExtension } from './extensions.ts';

const count = z.int().min(0).max(4_294_967_295);

const mailboxBody = z.strictObject({
  new: count,
  old: count.default(0),
  newUrgent: count.default(0),
  oldUrgent: count.default(0),
  /** Seconds; null or absent: until it is deleted. */
  expires: z.int().min(1).max(31_536_000).nullish(),
});

/** What was published (RFC 3903), and message counts in the admin's name. */
export function publicationRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  const { publications, logger } = deps;
  app.get('/api/v1/publications', (c) => {
    const ext = c.req.query('ext');
    const aor = ext === undefined ? undefined : aorOr(c, ext, deps);
    if (aor !== undefined && typeof aor !== 'string') return aor;
    return c.json(publications.list(aor).map(publicationShape));
  });

  app.delete('/api/v1/publications/:id', async (c) => {
    const text = c.req.param('id');
    const removed = await stored(c, async () => /^\d{1,15}$/.test(text) && (await publications.remove(Number(text))));
    if (removed instanceof Response) return removed;
    if (!removed) return refuse(c, 404, 'unknown-publication', `there is no publication ${printable(text)}`);
    logger.info({ id: Number(text), who: c.get('who'), from: addressOf(c) }, 'publication removed by the admin');
    return c.body(null, 204);
  });

  app.put('/api/v1/extensions/:ext/mailbox', async (c) => {
    const aor = aorOr(c, c.req.param('ext'), deps);
    if (typeof aor !== 'string') return aor;
    if (!deps.hub.view(aor)?.known) return noSuchExtension(c);
    const body = await readBody(c, mailboxBody);
    if (!body.ok) {
      const { code, message, status } = body.refusal;
      return refuse(c, (status ?? 400) as ContentfulStatusCode, code, message);
    }
    if (publications.ownsMailbox(aor)) return ownedByPbx(c);
    const { expires, ...counts } = body.value;
    const userAgent = c.req.header('user-agent');
    const from = { from: addressOf(c), userAgent: userAgent === undefined ? null : printable(userAgent, 200) };
    const failed = await stored(c, () => publications.setMailbox(aor, counts, expires ?? null, from));
    return failed instanceof Response ? failed : c.json(deps.hub.view(aor)?.mailbox ?? counts);
  });

  app.delete('/api/v1/extensions/:ext/mailbox', async (c) => {
    const aor = aorOr(c, c.req.param('ext'), deps);
    if (typeof aor !== 'string') return aor;
    const cleared = await stored(c, () => publications.clearMailbox(aor));
    if (cleared instanceof Response) return cleared;
    if (cleared) return c.body(null, 204);
    if (publications.ownsMailbox(aor)) return ownedByPbx(c);
    return refuse(c, 404, 'no-mailbox', 'no message counts were set for this extension');
  });
}

/** Nothing was changed where the disk takes nothing. */
async function stored<T>(c: OpsContext, work: () => Promise<T>): Promise<T | Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return refuse(c, 503, error.code, `the database cannot be written: ${error.fix}`);
  }
}

function ownedByPbx(c: OpsContext): Response {
  return refuse(c, 409, 'mailbox-of-pbx', 'the PBX has a mailbox for this extension: its own counts are told');
}
