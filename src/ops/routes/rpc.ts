import { z } from 'zod';
import { readText } from '../body.ts';
import { type Route, route } from '../route.ts';

const types = ['application/json', 'application/json-rpc', 'application/jsonrequest'];

const example = { jsonrpc: '2.0', method: 'extensions.get', params: ['1001'], id: 1 };

const id = z.union([z.string(), z.number(), z.null()]);

const requestSchema = z
  .object({
    jsonrpc: z.literal('2.0'),
    method: z.string(),
    params: z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]).optional(),
    id: id.optional(),
  })
  .meta({ id: 'RpcRequest' });

const responseSchema = z
  .strictObject({
    jsonrpc: z.literal('2.0'),
    result: z.unknown().optional(),
    error: z.strictObject({ code: z.int(), message: z.string(), data: z.unknown().optional() }).optional(),
    id,
  })
  .meta({ id: 'RpcResponse' });

export const rpcRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/rpc',
    // A method that wants more says so itself.
    role: 'read',
    rpc: null,
    tag: 'JSON-RPC',
    about: 'The API as JSON-RPC 2.0, by the names of OpenSIPS and Kamailio too (docs/rpc.md).',
    raw: {
      types,
      about: 'A request, or a batch of up to 100.',
      schema: z.union([requestSchema, z.array(requestSchema)]).meta({ examples: [example] }),
    },
    answers: {
      200: {
        about: 'The response, or a batch of them; what went wrong within stands in it.',
        schema: z.union([responseSchema, z.array(responseSchema)]),
      },
      204: { about: 'There were only notifications in it.', type: null },
    },
    refusals: { 'not-json': 415, 'too-large': 413, 'invalid-body': 400 },
    run: async (ask, { rpc }) => {
      const { c } = ask;
      const body = await readText(c, types);
      if (!body.ok) return ask.no(body.refusal);
      const answer = (await rpc?.answer(c, body.value)) ?? null;
      return answer === null ? c.body(null, 204) : c.json(answer);
    },
  }),
];
