import { z } from 'zod';
import type { Refusal } from '../../model/outcome.ts';
import { profileKinds } from '../../model/profile-document.ts';
import { addressOf, type OpsContext } from '../answers.ts';
import { readBytes } from '../body.ts';
import type { ProfileView } from '../deps.ts';
import { type Ask, type RawBody, type Route, route } from '../route.ts';
import { profileSchema } from '../schemas.ts';

const tag = 'Profiles';
const path = '/api/v1/profiles/{type}/{name+}';
const params = z.object({
  type: z
    .string()
    .describe(`Of what: ${profileKinds.join(', ')}.`)
    .meta({ examples: ['user'] }),
  name: z
    .string()
    .describe('Of whom; `@tenant.example` after it, where it is not of the default domain.')
    .meta({ examples: ['1001'] }),
});
const named = { 'unknown-profile-type': 404, 'invalid-name': 400 } as const;
const written = { 'precondition-failed': 412, 'store-failed': 503 } as const;

const effectiveBy = z
  .string()
  .regex(/^\d{0,10}$/, { error: 'expected seconds, or nothing for the usual' })
  .optional()
  .describe('Seconds until phones follow it; empty: as usual. Without it: as it was.')
  .meta({ examples: ['3600'] });

const owners = z
  .string()
  .optional()
  .describe('Who may read it, with commas between; `*`: everybody. Without it: as it was.')
  .meta({ examples: ['1001,1002'] });

const raw: RawBody = { types: ['text/xml'], about: 'The document, in UTF-8, with its own Content-Type.' };

/** Documents for phones (docs/profiles.md): put as they are, with their own Content-Type. */
export const profileRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/profiles',
    role: 'read',
    rpc: 'profiles.list',
    tag,
    about: 'The documents for phones.',
    answers: { 200: { about: 'All of them, without their texts.', schema: z.array(profileSchema) } },
    run: ({ c }, { profiles }) => c.json(profiles.list().map(shape)),
  }),
  route({
    method: 'GET',
    path,
    role: 'read',
    rpc: 'profiles.get',
    tag,
    about: 'One document, as phones read it.',
    params,
    answers: {
      200: { about: 'Its text, with `ETag`.', type: '*/*' },
      304: { about: 'It is what If-None-Match says.', type: null },
    },
    refusals: { ...named, 'unknown-profile': 404 },
    run: (ask, { profiles }) => {
      const { c } = ask;
      const found = profiles.get(ask.path.type, ask.path.name);
      if (!found.ok) return no(ask, found.refusal);
      const { document } = found.value;
      describe(c, found.value);
      if (tagsIn(c.req.header('if-none-match'))?.some((tag) => tag === '*' || tag === document.etag)) {
        return c.body(null, 304);
      }
      c.header('Content-Type', document.contentType);
      // It is what phones read, whatever it looks like: no browser shall show it as a page of ours.
      c.header('Content-Disposition', 'attachment');
      return c.body(document.content);
    },
  }),
  route({
    method: 'PUT',
    path,
    role: 'admin',
    rpc: 'profiles.put',
    tag,
    about: 'Puts a document for phones; `If-Match` and `If-None-Match` hold.',
    params,
    query: z.strictObject({ owners, effectiveBy }),
    raw,
    answers: {
      200: { about: 'It replaced one.', schema: profileSchema },
      201: { about: 'It is new.', schema: profileSchema },
    },
    refusals: {
      ...named,
      ...written,
      'invalid-body': 400,
      'invalid-type': 400,
      'invalid-owners': 400,
      'invalid-effective-by': 400,
      'too-large': 413,
      'too-many': 507,
    },
    run: async (ask, { profiles }) => {
      const { c, query } = ask;
      const bytes = await readBytes(c.req.raw.body).catch(() => 'aborted' as const);
      if (bytes === 'aborted') return ask.no({ code: 'invalid-body', message: 'the body was broken off' });
      if (bytes === null) {
        c.header('Connection', 'close');
        return ask.no({ code: 'too-large', message: 'the document is too large' });
      }
      const delay = query.effectiveBy;
      const put = {
        contentType: c.req.header('content-type') ?? '',
        bytes,
        owners: ownersIn(query.owners),
        effectiveBy: delay === undefined ? undefined : delay === '' ? null : Number(delay),
      };
      const outcome = profiles.put(ask.path.type, ask.path.name, put, conditionOf(c), clientOf(c));
      if (!outcome.ok) return no(ask, outcome.refusal);
      const view = { source: 'api' as const, document: outcome.value.document };
      describe(c, view);
      return c.json(shape(view), outcome.value.created ? 201 : 200);
    },
  }),
  route({
    method: 'DELETE',
    path,
    role: 'admin',
    rpc: 'profiles.remove',
    tag,
    about: 'Deletes one that came by the API; a file of the same name counts from then on.',
    params,
    answers: { 204: { about: 'It is deleted.', type: null } },
    refusals: { ...named, ...written, 'unknown-profile': 404 },
    run: (ask, { profiles }) => {
      const { c } = ask;
      const outcome = profiles.remove(ask.path.type, ask.path.name, conditionOf(c), clientOf(c));
      return outcome.ok ? c.body(null, 204) : no(ask, outcome.refusal);
    },
  }),
];

function no(ask: Pick<Ask<unknown, unknown, unknown>, 'no'>, { code, message, status = 400 }: Refusal): Response {
  return ask.no({ code, message, status });
}

function describe(c: OpsContext, { document }: ProfileView): void {
  c.header('ETag', `"${document.etag}"`);
  c.header('Last-Modified', new Date(document.updatedAt).toUTCString());
}

function shape({ source, document }: ProfileView): object {
  const { kind, domain, name, contentType, content, etag, readers, effectiveBy: delay, updatedAt } = document;
  return {
    type: kind,
    name,
    domain,
    source,
    contentType,
    bytes: Buffer.byteLength(content),
    etag,
    owners: readers === 'everybody' ? ['*'] : readers,
    effectiveBy: delay,
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
  return header.split(',').map((one) => one.trim().replace(/^(?:W\/)?"(.*)"$/, '$1'));
}

function clientOf(c: OpsContext): { readonly who: string; readonly from: string } {
  return { who: c.get('who'), from: addressOf(c) };
}
