import type { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { roleRefusal } from './access/role-guard.ts';
import { tellAct } from './act-log.ts';
import { type OpsContext, type OpsEnv, printable, refuse } from './answers.ts';
import { explain, readBody } from './body.ts';
import { formRefusal } from './guard.ts';
import { codeOfMissing } from './params.ts';
import type { Ask, Route, RouteDeps } from './route.ts';

/** Codes of refusals, and the status of each. */
type Statuses = Readonly<Record<string, ContentfulStatusCode>>;

/** What follows from a declaration without being written: code to status. */
export function impliedRefusals(route: Route): Statuses {
  return {
    ...(route.body === null ? {} : { 'invalid-body': 400, 'not-json': 415, 'too-large': 413 }),
    ...(queryOf(route) === anything ? {} : { 'invalid-query': 400 }),
    ...(route.role === 'everybody' ? {} : { 'token-needed': 401 }),
    ...(route.role === 'everybody' || route.role === 'read' ? {} : { 'role-too-small': 403 }),
    'wrong-host': 403,
    'cross-site': 403,
    'too-many-requests': 429,
    internal: 500,
  };
}

/** Puts routes on a server whose guards have said who asks (`role`). */
export function mount(app: Hono<OpsEnv>, routes: readonly Route[], deps: RouteDeps): void {
  for (const route of routes) {
    const statuses = { ...impliedRefusals(route), ...route.refusals };
    app.on(route.method, honoPath(route.path), (c) => serve(c, route, statuses, deps));
  }
  for (const [path, methods] of methodsByPath(routes)) {
    app.all(path, (c, next) => {
      // `GET` has `HEAD` with it; both were answered above.
      if (methods.includes(c.req.method)) return next();
      c.header('Allow', methods.join(', '));
      return refuse(c, 405, 'not-allowed', `${printable(c.req.path)} takes ${methods.join(', ')}`);
    });
  }
}

async function serve(c: OpsContext, route: Route, statuses: Statuses, deps: RouteDeps): Promise<Response> {
  c.set('route', `${route.method} ${route.path}`);
  const lacking = roleRefusal(c, route.role);
  if (lacking !== null) return lacking;
  const form = route.method === 'POST' && route.body === null && route.raw === null ? formRefusal(c) : null;
  if (form !== null) return form;
  const path = (route.params ?? anything).safeParse(c.req.param());
  if (!path.success) return missing(c, route, path.error);
  const query = queryOf(route).safeParse(c.req.query());
  if (!query.success) return refuse(c, 400, 'invalid-query', explain(query.error));
  const { body: schema } = route;
  const ask: Ask<unknown, unknown, unknown> = {
    c,
    path: path.data,
    query: query.data,
    body: () => {
      if (schema === null) throw new Error(`${route.method} ${route.path} declares no body`);
      return readBody(c, schema);
    },
    no: ({ code, message, status }, more = {}) =>
      refuse(c, statuses[code] ?? ((status ?? 409) as ContentfulStatusCode), code, printable(message, 500), {
        ...more,
      }),
  };
  const response = await route.run(ask as Ask<never, never, unknown>, deps);
  tellAct(c, route, response.status, deps.logger);
  return response;
}

/** A name that the API does not know is refused: who misspells `ext` did not mean everything. Probes may be asked as one likes. */
function queryOf({ query, path }: Route): z.ZodObject {
  return query ?? (path.startsWith('/api/') ? nothing : anything);
}

const nothing = z.strictObject({});
const anything = z.object({});

/** What the path names cannot be: there is no such thing. */
function missing(c: OpsContext, route: Route, error: z.ZodError): Response {
  const [issue] = error.issues;
  const code = codeOfMissing(route.params?.shape[String(issue?.path[0])]);
  return refuse(c, 404, code, printable(issue?.message ?? 'nothing there', 300));
}

/** `/api/v1/extensions/:ext`; `{name+}` is `:name{.+}`. */
function honoPath(path: string): string {
  return path.replace(/\{(\w+)(\+?)\}/g, (_all, name: string, rest: string) => `:${name}${rest ? '{.+}' : ''}`);
}

function methodsByPath(routes: readonly Route[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { method, path } of routes) {
    const methods = found.get(honoPath(path)) ?? [];
    found.set(honoPath(path), methods);
    methods.push(...(method === 'GET' ? ['GET', 'HEAD'] : [method]));
  }
  return found;
}
