import { z } from 'zod';
import { aorOf, domainOf } from '../../model/aor.ts';
import { phoneTransports, provisionWays } from '../../model/provision.ts';
import { extParam } from '../params.ts';
import { type Route, route } from '../route.ts';
import { extensionRefusals, viewOr } from './extensions.ts';

const tag = 'Phones';
const most = 60;
const name = z.string().regex(/^[^\s,\p{C}]{1,64}$/u, { error: 'expected a number or name without blanks' });

const lampNames = z
  .string()
  .transform((text) => text.split(',').filter((one) => one !== ''))
  .pipe(z.array(name).max(most, { error: `${most} lamps at most` }))
  .describe('What its keys shall watch, by commas: `1002,1003,park+701`.')
  .meta({ type: 'string', examples: ['1002'] });

const snippetSchema = z
  .strictObject({
    vendor: z.string(),
    name: z.string(),
    ext: z.string(),
    way: z.enum(provisionWays),
    file: z.string().describe('Where the text belongs.'),
    text: z.string().describe('In the form the phone reads; holds no password.'),
    notes: z.array(z.string()),
  })
  .meta({ id: 'Snippet' });

/** What phones of a make need for lamps and feature keys (docs/vendors). */
export const provisionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/v1/provision',
    role: 'read',
    rpc: 'provision.list',
    tag,
    about: 'The makes of phones that snippets can be written for.',
    answers: {
      200: { about: 'All of them.', schema: z.array(z.strictObject({ vendor: z.string(), name: z.string() })) },
    },
    run: async ({ c }, deps) => c.json((await deps.provision?.())?.vendors() ?? []),
  }),
  route({
    method: 'GET',
    path: '/api/v1/provision/{vendor}/{ext}',
    role: 'read',
    rpc: 'provision.get',
    tag,
    about: 'A piece of configuration for a phone of that make.',
    params: z.object({
      vendor: z
        .string()
        .describe('As the list has it.')
        .meta({ examples: ['yealink'] }),
      ext: extParam,
    }),
    query: z.strictObject({
      transport: z.enum(phoneTransports).optional().describe('Default: the first that the daemon listens on.'),
      lamps: lampNames.optional(),
      list: name.optional().describe('A list to watch as a whole (docs/lists.md).'),
      way: z
        .enum(provisionWays)
        .optional()
        .describe('How its SUBSCRIBEs come here (docs/deploy). Default: as the daemon is set up.'),
      pickup: z
        .string()
        .regex(/^[\d*#]{0,8}$/, { error: 'expected a code such as **' })
        .default('**')
        .describe("The PBX's code for taking another's call."),
    }),
    answers: { 200: { about: 'The snippet.', schema: snippetSchema } },
    refusals: { ...extensionRefusals, 'unknown-vendor': 404, 'no-listener': 409 },
    run: async ({ c, path, query, no }, deps) => {
      const view = viewOr(c, path.ext, deps);
      if (view instanceof Response) return view;
      const domain = domainOf(view.aor);
      const lamps = (query.lamps ?? []).map((one) => ({
        name: one,
        label: deps.hub.view(aorOf(one, domain))?.displayName ?? one,
      }));
      const { transport, way, pickup, list = null } = query;
      const wish = { aor: view.aor, lamps, list, pickup, transport, way };
      const written = (await deps.provision?.())?.snippet(path.vendor, wish);
      if (written === undefined) return no({ code: 'unknown-vendor', message: 'no vendor is known here' });
      return written.ok ? c.json({ ...written.value, ext: path.ext }) : no(written.refusal);
    },
  }),
];
