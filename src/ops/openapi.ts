import { z } from 'zod';
import { impliedRefusals } from './mount.ts';
import type { Answer, Route } from './route.ts';
import { errorSchema } from './schemas.ts';

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI 3.1 document of the routes: what the server validates with, and what it answers. */
export function openApi(routes: readonly Route[], version: string): Json {
  const parts = new Parts();
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.path.replace('+}', '}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, parts) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Lamplighter',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'Lamps and feature keys of desk phones: look in and steer. A token goes into `Authorization: Bearer`; where none ' +
        'is configured, everybody on this host is the admin. `x-role` is the least role, `x-rpc` the name in JSON-RPC.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, {}],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      ...parts.components(),
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation(route: Route, parts: Parts): Json {
  const { params, query, role, rpc } = route;
  const parameters = [...parametersOf(params, 'path', parts), ...parametersOf(query, 'query', parts)];
  const content = contentOf(route, parts);
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.about,
    ...(role === 'everybody' ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(content === null ? {} : { requestBody: { required: true, ...content } }),
    responses: {
      ...Object.fromEntries(Object.entries(route.answers).map(([status, answer]) => [status, response(answer, parts)])),
      ...refusals(route, parts),
    },
    'x-role': role,
    ...(rpc === null ? {} : { 'x-rpc': rpc }),
  };
}

/** Unique, and an identifier in every language. */
export function operationId({ rpc, method, path }: Pick<Route, 'rpc' | 'method' | 'path'>): string {
  return identifier(rpc ?? `${method.toLowerCase()} ${path.replace('/api/v1/', '')}`);
}

function identifier(text: string): string {
  const words = text.split(/\W+/).filter(Boolean);
  return words.map((word, at) => (at === 0 ? word : `${word[0]?.toUpperCase()}${word.slice(1)}`)).join('');
}

function parametersOf(shape: z.ZodObject | null, place: 'path' | 'query', parts: Parts): readonly Json[] {
  if (shape === null) return [];
  const { properties = {}, required = [] } = parts.schema(shape, 'input') as {
    readonly properties?: Readonly<Record<string, Json>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, examples: _, ...schema }]) => {
    // Zod leaves these two out where a text becomes a number.
    const { examples, default: usual } = (shape.shape[name] as z.ZodType).meta() ?? {};
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: usual === undefined ? schema : { ...schema, default: usual },
      ...(Array.isArray(examples) ? { example: examples[0] as unknown } : {}),
    };
  });
}

function contentOf({ body, raw }: Route, parts: Parts): Json | null {
  if (raw !== null) {
    const media = raw.types.map((type) => [
      type,
      raw.schema === undefined ? {} : { schema: parts.schema(raw.schema, 'input') },
    ]);
    return { description: raw.about, content: Object.fromEntries(media) as unknown };
  }
  return body === null ? null : { content: { 'application/json': { schema: parts.schema(body, 'input') } } };
}

function response({ about, type = 'application/json', schema }: Answer, parts: Parts): Json {
  if (type === null) return { description: about };
  const media = schema === undefined ? {} : { schema: parts.schema(schema, 'output') };
  return { description: about, content: { [type]: media } };
}

/** Codes by their status; those that many routes have in common stand once, in `components`. */
function refusals(route: Route, parts: Parts): Readonly<Record<string, Json>> {
  const implied = impliedRefusals(route);
  const own = { ...implied, ...route.refusals };
  const statuses = [...new Set(Object.values(own))].filter((status) => route.answers[status] === undefined);
  return Object.fromEntries(
    statuses.map((status) => {
      const codes = Object.keys(own).filter((code) => own[code] === status);
      const common = codes.every((code) => code in implied);
      return [String(status), common ? parts.commonError(codes) : parts.error(codes, route.beside)];
    }),
  );
}

/** What operations are made of; schemas with an id, and errors in common, stand once. */
class Parts {
  readonly #schemas = new Map<string, Json>();
  readonly #responses = new Map<string, Json>();

  schema(schema: z.ZodType, io: 'input' | 'output'): Json {
    const override = io === 'output' ? open : () => undefined;
    const made = toComponents(z.toJSONSchema(schema, { io, unrepresentable: 'any', override }));
    const { $schema: _, $defs = {}, id, ...rest } = made as Json & { readonly $defs?: Readonly<Record<string, Json>> };
    for (const [name, one] of Object.entries($defs)) this.#keep(name, one);
    if (typeof id !== 'string') return rest;
    this.#keep(id, rest);
    return { $ref: `#/components/schemas/${id}` };
  }

  error(codes: readonly string[], beside: z.ZodObject | undefined): Json {
    const bare = this.schema(errorSchema, 'output');
    // Refused before it was looked up, nothing stands there.
    const schema = beside === undefined ? bare : { allOf: [bare, this.schema(beside.partial(), 'output')] };
    return {
      description: codes.map((code) => `\`${code}\``).join(', '),
      content: { 'application/json': { schema } },
    };
  }

  commonError(codes: readonly string[]): Json {
    const name = identifier(codes.join(' ')).replace(/^./, (first) => first.toUpperCase());
    if (!this.#responses.has(name)) this.#responses.set(name, this.error(codes, undefined));
    return { $ref: `#/components/responses/${name}` };
  }

  components(): Json {
    const inOrder = (map: ReadonlyMap<string, Json>) =>
      Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
    return { schemas: inOrder(this.#schemas), responses: inOrder(this.#responses) };
  }

  #keep(name: string, { id: _, ...schema }: Json): void {
    const before = this.#schemas.get(name);
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(schema)) {
      throw new Error(`two schemas are called ${name}`);
    }
    this.#schemas.set(name, schema);
  }
}

/** What we answer may have more fields one day. */
function open({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
}

function toComponents(schema: object): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as unknown;
}
