import { z } from 'zod';
import type { Route } from '../route.ts';
import { result } from './json-rpc.ts';
import { fromHttp, isHookWord, optional, type Params, param, type RpcMethod, type RpcParam, wrong } from './method.ts';

/**
 * The API by other names: each method is one of its routes, which judge the parameters and do the work. Parameters are those of
 * the path, of the query, then of the body, in the order of their schemas.
 */
export function apiMethods(routes: readonly Route[]): readonly RpcMethod[] {
  return routes.flatMap((route) => (route.rpc === null ? [] : [methodOf(route, route.rpc)]));
}

const word = optional('param', 'A word for your hooks (`route_param` of OpenSIPS).');
const document = [param('content', 'The document.'), param('contentType', 'Its media type.')];

function methodOf(route: Route, name: string): RpcMethod {
  const { method, path: template, role, about } = route;
  const inQuery = paramsOf(route.query);
  const params = [
    ...paramsOf(route.params),
    ...(route.raw === null ? [] : document),
    ...inQuery,
    ...paramsOf(route.body),
    ...(route.hookWord ? [word] : []),
  ];
  const queried = new Set(inQuery.map((one) => one.name));
  return {
    name,
    aliases: [],
    role: role === 'everybody' ? 'read' : role,
    about,
    params,
    lists: method === 'GET' && !template.endsWith('}'),
    run: async (given, ask) => {
      const { path, rest } = fill(template, given);
      const { param: said = null, ...others } = route.hookWord ? rest : { ...rest, param: null };
      if (said !== null && !isHookWord(said)) return wrong('bad-param', 'param: expected a short text');
      const [query, body] = [
        Object.entries(others).filter(([key]) => queried.has(key)),
        Object.entries(others).filter(([key]) => !queried.has(key)),
      ];
      const answer = await ask.api({ method, path: path + queryOf(query), body: bodyOf(route, body), param: said });
      return answer.status < 300 ? result(answer.body ?? true) : fromHttp(answer.status, answer.body);
    },
  };
}

/** What a schema asks for, as parameters; every body is an object. */
function paramsOf(schema: z.ZodType | null): readonly RpcParam[] {
  if (schema === null) return [];
  const made = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return Object.entries(made.properties ?? {}).map(([name, property]) => {
    const { description = '', ...rest } = typeof property === 'object' ? property : {};
    const required = made.required?.includes(name) ?? false;
    return required ? param(name, description, rest) : optional(name, description, rest);
  });
}

function bodyOf(route: Route, fields: readonly (readonly [string, unknown])[]) {
  const given = Object.fromEntries(fields);
  if (route.raw !== null) {
    const { content, contentType } = given as { readonly content?: unknown; readonly contentType?: unknown };
    return { type: headerOf(contentType), text: typeof content === 'string' ? content : '' };
  }
  return route.body === null ? null : { type: 'application/json', text: JSON.stringify(given) };
}

/** What cannot stand in a header is no media type either. */
function headerOf(text: unknown): string {
  return typeof text === 'string' && /^[\x20-\x7e]{1,200}$/.test(text) ? text : 'none';
}

/** Puts parameters where the path names them; answers the others beside it. */
function fill(template: string, given: Params): { readonly path: string; readonly rest: Params } {
  const rest = { ...given };
  const path = template.replace(/\{(\w+)\+?\}/g, (_all, name: string) => {
    const value = rest[name];
    delete rest[name];
    return encodeURIComponent(segment(value));
  });
  return { path, rest };
}

/** `.` and `..` would lead elsewhere, and an object has no name. */
function segment(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
  return /^\.{0,2}$|\p{Cs}/u.test(text) ? '?' : text;
}

function queryOf(pairs: readonly (readonly [string, unknown])[]): string {
  const texts = pairs.map(([name, value]): [string, string] => [name, segment(value)]);
  return texts.length === 0 ? '' : `?${new URLSearchParams(texts)}`;
}
