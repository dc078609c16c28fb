import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import type { Aor } from '../../model/aor.ts';
import type { ResourceView } from '../../model/views.ts';
import { type OpsContext, printable, refuse } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { aorNamed, type Registry } from '../extension-name.ts';
import { extParam, extQuery } from '../params.ts';
import { type Route, route } from '../route.ts';
import { callSchema, extensionSchema } from '../schemas.ts';
import { callShape, extensionShape } from '../shapes.ts';

/** Refusals of every route that looks for an extension. */
export const extensionRefusals = {
  'unknown-extension': 404,
  'ambiguous-extension': 409,
} as const satisfies Readonly<Record<string, ContentfulStatusCode>>;

const tag = 'Extensions';

export const extensionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/extensions',
    role: 'read',
    rpc: 'extensions.list',
    tag,
    about: 'Every extension: calls, features, registration, messages.',
    query: z.strictObject({
      lamps: z
        .enum(['true', 'false'])
        .default('false')
        .describe('Lamps too that are no users: parking slots, rooms, queues, switches.')
        .meta({ examples: ['true'] }),
    }),
    answers: { 200: { about: 'All of them.', schema: z.array(extensionSchema) } },
    run: ({ c, query }, { hub, subscriptions, phones }) =>
      c.json(
        [...hub.list(), ...(query.lamps === 'true' ? (hub.lamps?.() ?? []) : [])]
          .filter((view) => view.known)
          .map((view) => extensionShape(view, subscriptions.count(view.aor), phones?.list(view.aor))),
      ),
  }),
  route({
    method: 'GET',
    path: '/api/v1/extensions/{ext}',
    role: 'read',
    rpc: 'extensions.get',
    tag,
    about: 'One extension.',
    params: z.object({ ext: extParam }),
    answers: { 200: { about: 'As it is now.', schema: extensionSchema } },
    refusals: extensionRefusals,
    run: ({ c, path }, deps) => {
      const view = viewOr(c, path.ext, deps);
      if (view instanceof Response) return view;
      return c.json(extensionShape(view, deps.subscriptions.count(view.aor), deps.phones?.list(view.aor)));
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/dialogs',
    role: 'read',
    rpc: 'dialogs.list',
    tag,
    about: 'Every call of every extension, or of one.',
    query: extQuery,
    answers: { 200: { about: 'Oldest first of each extension.', schema: z.array(callSchema) } },
    refusals: { 'ambiguous-extension': 409 },
    run: ({ c, query }, deps) => {
      const aor = aorAsked(c, query.ext, deps);
      if (aor instanceof Response) return aor;
      const views = deps.hub.list().filter((view) => view.known && (aor === undefined || view.aor === aor));
      return c.json(views.flatMap((view) => view.dialogs.map((dialog) => callShape(view, dialog))));
    },
  }),
];

/** The extension that `text` names, or the answer 409 where it names several. */
export function aorOr(c: OpsContext, text: string, registry: Registry): Aor | Response {
  const named = aorNamed(text, registry);
  return named.ok ? named.value : refuse(c, 409, named.refusal.code, printable(named.refusal.message, 300));
}

/** The same of `?ext=`; undefined: not asked for any. */
export function aorAsked(c: OpsContext, text: string | undefined, registry: Registry): Aor | undefined | Response {
  return text === undefined ? undefined : aorOr(c, text, registry);
}

/** What is known of the extension that `text` names, or the answer 404 or 409. */
export function viewOr(c: OpsContext, text: string, deps: Pick<OpsDeps, 'hub' | 'domains'>): ResourceView | Response {
  const aor = aorOr(c, text, deps);
  if (aor instanceof Response) return aor;
  const view = deps.hub.view(aor);
  return view?.known ? view : noSuchExtension(c);
}

export function noSuchExtension(c: OpsContext): Response {
  return refuse(c, 404, 'unknown-extension', `the PBX has no extension ${printable(c.req.param('ext') ?? '')}`);
}
