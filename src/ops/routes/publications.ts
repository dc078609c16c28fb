import { z } from 'zod';
import { Fault } from '../../model/errors.ts';
import { addressOf, type OpsContext, printable, refuse } from '../answers.ts';
import { extParam, extQuery, idParam } from '../params.ts';
import { type Route, route } from '../route.ts';
import { mailboxSchema, publicationSchema } from '../schemas.ts';
import { publicationShape } from '../shapes.ts';
import { aorAsked, aorOr, extensionRefusals, viewOr } from './extensions.ts';

const count = z.int().min(0).max(4_294_967_295);

const mailboxBody = z
  .strictObject({
    new: count.describe('New messages.'),
    old: count.default(0).describe('Old ones.'),
    newUrgent: count.default(0).describe('New urgent ones.'),
    oldUrgent: count.default(0).describe('Old urgent ones.'),
    expires: z.int().min(1).max(31_536_000).nullish().describe('For so many seconds; else until they are cleared.'),
  })
  .meta({ examples: [{ new: 2, old: 1 }] });

const path = '/api/v1/extensions/{ext}/mailbox';
const params = z.object({ ext: extParam });
/** Faults of the store (docs/errors.md). */
const storeRefusals = {
  'store-unwritable': 503,
  'store-full': 503,
  'store-corrupt': 503,
  'store-locked': 503,
} as const;

/** What was published (RFC 3903), and message counts in the admin's name. */
export const publicationRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/publications',
    role: 'read',
    rpc: 'publications.list',
    tag: 'Publications',
    about: 'What is published (RFC 3903).',
    query: extQuery,
    answers: { 200: { about: 'What stands.', schema: z.array(publicationSchema) } },
    refusals: { 'ambiguous-extension': 409 },
    run: ({ c, query }, deps) => {
      const aor = aorAsked(c, query.ext, deps);
      return aor instanceof Response ? aor : c.json(deps.publications.list(aor).map(publicationShape));
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/publications/{id}',
    role: 'operate',
    rpc: 'publications.remove',
    tag: 'Publications',
    about: 'Ends one.',
    params: z.object({ id: idParam('publication') }),
    answers: { 204: { about: 'It has ended.', type: null } },
    refusals: { 'unknown-publication': 404, ...storeRefusals },
    run: async (ask, { publications }) => {
      const { id } = ask.path;
      const removed = await stored(ask.c, () => publications.remove(id));
      if (removed instanceof Response) return removed;
      if (!removed) return ask.no({ code: 'unknown-publication', message: `there is no publication ${id}` });
      return ask.c.body(null, 204);
    },
  }),
  route({
    method: 'PUT',
    path,
    role: 'operate',
    rpc: 'mailbox.set',
    tag: 'Mailboxes',
    about: 'Message counts of a user whose PBX has no mailbox for him.',
    params,
    body: mailboxBody,
    answers: { 200: { about: 'What phones are told.', schema: mailboxSchema } },
    refusals: { ...extensionRefusals, 'mailbox-of-pbx': 409, ...storeRefusals },
    run: async (ask, deps) => {
      const { c } = ask;
      const view = viewOr(c, ask.path.ext, deps);
      if (view instanceof Response) return view;
      const body = await ask.body();
      if (!body.ok) return ask.no(body.refusal);
      const { publications } = deps;
      if (publications.ownsMailbox(view.aor)) return ask.no(ownedByPbx);
      const { expires, ...counts } = body.value;
      const userAgent = c.req.header('user-agent');
      const from = { from: addressOf(c), userAgent: userAgent === undefined ? null : printable(userAgent, 200) };
      const failed = await stored(c, () => publications.setMailbox(view.aor, counts, expires ?? null, from));
      return failed instanceof Response ? failed : c.json(deps.hub.view(view.aor)?.mailbox ?? counts);
    },
  }),
  route({
    method: 'DELETE',
    path,
    role: 'operate',
    rpc: 'mailbox.clear',
    tag: 'Mailboxes',
    about: 'Forgets those counts.',
    params,
    answers: { 204: { about: 'They are forgotten.', type: null } },
    refusals: { 'no-mailbox': 404, 'ambiguous-extension': 409, 'mailbox-of-pbx': 409, ...storeRefusals },
    run: async (ask, deps) => {
      const { publications } = deps;
      const aor = aorOr(ask.c, ask.path.ext, deps);
      if (aor instanceof Response) return aor;
      const cleared = await stored(ask.c, () => publications.clearMailbox(aor));
      if (cleared instanceof Response) return cleared;
      if (cleared) return ask.c.body(null, 204);
      if (publications.ownsMailbox(aor)) return ask.no(ownedByPbx);
      return ask.no({ code: 'no-mailbox', message: 'no message counts were set for this extension' });
    },
  }),
];

/** Nothing was changed where the disk takes nothing. */
async function stored<T>(c: OpsContext, work: () => Promise<T>): Promise<T | Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return refuse(c, 503, error.code, `the database cannot be written: ${error.fix}`);
  }
}

const ownedByPbx = {
  code: 'mailbox-of-pbx',
  message: 'the PBX has a mailbox for this extension: its own counts are told',
};
