import type { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Refusal } from '../../model/outcome.ts';
import { addressOf, type OpsContext, type OpsEnv, printable, refuse } from '../answers.ts';
import { readBytes } from '../body.ts';
import type { OpsDeps, ProfileView } from '../deps.ts';

const path = '/api/v1/profiles/:type/:name{.+}';

/** Documents for phones (docs/profiles.md): put as they are, with their own Content-Type. */
export function profileRoutes(app: Hono<OpsEnv>, { profiles }: OpsDeps): void {
  app.get('/api/v1/profiles', (c) => c.json(profiles.list().map(shape)));

  app.get(path, (c) => {
    const found = profiles.get(c.req.param('type'), c.req.param('name'));
    if (!found.ok) return no(c, found.refusal);
    const { document } = found.value;
    describe(c, found.value);
    if (tagsIn(c.req.header('if-none-match'))?.some((tag) => tag === '*' || tag === document.etag)) {
      return c.body(null, 304);
    }
    c.header('Content-Type', document.contentType);
    // It is what phones read, whatever it looks like: no browser shall show it as a page of ours.
    c.header('Content-Disposition', 'attachment');
    return c.body(document.content);
  });

  app.put(path, async (c) => {
    const bytes = await readBytes(c.req.raw.body).catch(() => 'aborted' as const);
    if (bytes === 'aborted') return refuse(c, 400, 'invalid-body', 'the body was broken off');
    if (bytes === null) {
      c.header('Connection', 'close');
      return refuse(c, 413, 'too-large', 'the document is too large');
    }
    const delay = c.req.query('effectiveBy');
    if (delay !== undefined && !/^\d{0,10}$/.test(delay)) {
      return refuse(c, 400, 'invalid-query', 'effectiveBy: expected seconds, or nothing for the usual');
    }
    const put = {
      contentType: c.req.header('content-type') ?? '',
      bytes,
      owners: ownersIn(c.req.query('owners')),
      effectiveBy: delay === undefined ? undefined : delay === '' ? null : Number(delay),
    };
    const outcome = profiles.put(c.req.param('type'), c.req.param('name'), put, conditionOf(c), clientOf(c));
    if (!outcome.ok) return no(c, outcome.refusal);
    const view = { source: 'api' as const, document: outcome.value.document };
    describe(c, view);
    return c.json(shape(view), outcome.value.created ? 201 : 200);
  });

  app.delete(path, (c) => {
    const outcome = profiles.remove(c.req.param('type'), c.req.param('name'), conditionOf(c), clientOf(c));
    return outcome.ok ? c.body(null, 204) : no(c, outcome.refusal);
  });
}

function no(c: OpsContext, { code, message, status = 400 }: Refusal): Response {
  return refuse(c, status as ContentfulStatusCode, code, printable(message, 300));
}

function describe(c: OpsContext, { document }: ProfileView): void {
  c.header('ETag', `"${document.etag}"`);
  c.header('Last-Modified', new Date(document.updatedAt).toUTCString());
}

function shape({ source, document }: ProfileView): object {
  const { kind, domain, name, contentType, content, etag, readers, effectiveBy, updatedAt } = document;
  return {
    type: kind,
    name,
    domain,
    source,
    contentType,
    bytes: Buffer.byteLength(content),
    etag,
    owners: readers === 'everybody' ? ['*'] : readers,
    effectiveBy,
    updatedAt: new Date(updatedAt).toISOString(),
  };
}

/** null: not said. */
function ownersIn(text: string | undefined): readonly string[] | null {
  if (text === undefined) return null;
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function conditionOf(c: OpsContext): { readonly ifMatch: readonly string[] | null; readonly ifNone: boolean } {
  return {
    ifMatch: tagsIn(c.req.header('if-match')),
    ifNone: tagsIn(c.req.header('if-none-match'))?.includes('*') ?? false,
  };
}

/** RFC 9110 8.8.3; null: there is no such header. */
function tagsIn(header: string | undefined): readonly string[] | null {
  if (header === undefined) return null;
  return header.split(',').map((tag) => tag.trim().replace(/^(?:W\/)?"(.*)"$/, '$1'));
}

function clientOf(c: OpsContext): { readonly who: string; readonly from: string } {
  return { who: c.get('who'), from: addressOf(c) };
}
