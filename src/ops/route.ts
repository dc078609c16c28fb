/**
 * How to add a route:
 * 1. Declare it with `route({…})` in a file of `src/ops/routes/`: method, path, role, the zod schemas of what comes (path,
 *    query, body) and of what goes (`answers`), and every code it may refuse with. Examples in the schemas
 *    (`.meta({ examples: […] })`) stand in /openapi.json, and the tests of all routes make their requests of them.
 * 2. Put it into the table in `src/ops/routes/table.ts`.
 * 3. `run` gets what was validated, and `OpsDeps`. The body is read when it asks (`await ask.body()`), after the extension
 *    was looked up: an unknown one is 404 whatever the body. `ask.no(…)` answers a refusal with its declared status.
 * 4. `npm run generate` writes `config/openapi.json`; role, 4xx answers, JSON-RPC method, `/api` and the error tests in
 *    `test/ops/every-route.test.ts` follow from the declaration.
 */
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { z } from 'zod';
import type { Outcome } from '../model/outcome.ts';
import type { Role } from './access/roles.ts';
import type { OpsContext } from './answers.ts';
import type { OpsDeps } from './deps.ts';
import type { Places } from './places.ts';
import type { RpcServer } from './rpc/rpc-server.ts';
import type { EventStream } from './sse.ts';
import type { TraceStreams } from './trace-stream.ts';

/** What routes are made of: what the server is given, and what it makes of that. */
export interface RouteDeps extends OpsDeps {
  readonly stream: EventStream;
  readonly traceStreams: TraceStreams;
  /** For lists of messages, from when they are asked for until they are sent. */
  readonly traceLists: Places;
  /** null: what runs is itself a method of JSON-RPC. */
  readonly rpc: RpcServer | null;
  /** The OpenAPI document of all routes. */
  readonly document: () => object;
}

/** One answer of a route that went well. */
export interface Answer {
  readonly about: string;
  /** Default: JSON; `null`: there is no body. */
  readonly type?: string | null;
  /** Of JSON; of each event's data in a stream. */
  readonly schema?: z.ZodType;
}

/** What a request brought, validated. */
export interface Ask<P, Q, B> {
  readonly c: OpsContext;
  /** Of the path, decoded. */
  readonly path: P;
  readonly query: Q;
  /** Reads and validates the body. Refusals: `not-json` 415, `too-large` 413, `invalid-body` 400. */
  body(): Promise<Outcome<B>>;
  /** The answer for a refusal, with the status that the route declares for its code, and what else helps the client. */
  no(refusal: { readonly code: string; readonly message: string; readonly status?: number }, more?: object): Response;
}

/** `everybody`: asked for no token. */
export type Access = Role | 'everybody';

interface Declared {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As OpenAPI writes it: `/api/v1/extensions/{ext}`. `{name+}` takes slashes too. */
  readonly path: string;
  readonly role: Access;
  /** Its name in JSON-RPC (docs/rpc.md); null: it is no question with one answer in JSON. */
  readonly rpc: string | null;
  /** By JSON-RPC it takes `param`, a word for the hooks. */
  readonly hookWord?: true;
  /** Groups it in the documentation. */
  readonly tag: string;
  /** One sentence for the admin. */
  readonly about: string;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Every code it refuses with, beside those that follow from the declaration (`impliedRefusals`). */
  readonly refusals?: Readonly<Record<string, ContentfulStatusCode>>;
  /** What a refusal says beside `error`, where it comes so far. */
  readonly beside?: z.ZodObject;
}

/** Kinds of body: JSON (a schema), or bytes as they come, which `run` reads itself. */
export interface RawBody {
  readonly types: readonly string[];
  readonly about: string;
  /** What is in it, where it is JSON after all. */
  readonly schema?: z.ZodType;
}

type Shape = z.ZodObject;

/** A declaration as it is written. */
export interface Declaration<P extends Shape, Q extends Shape, B extends z.ZodType> extends Declared {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly raw?: RawBody;
  run(ask: Ask<z.output<P>, z.output<Q>, z.output<B>>, deps: RouteDeps): Response | Promise<Response>;
}

/** A declaration as the server, the documentation and the tests read it. */
export interface Route extends Declared {
  readonly params: Shape | null;
  readonly query: Shape | null;
  readonly body: z.ZodType | null;
  readonly raw: RawBody | null;
  run(ask: Ask<never, never, unknown>, deps: RouteDeps): Response | Promise<Response>;
}

/** Declares one route; the types of what `run` gets follow from the schemas. */
export function route<P extends Shape, Q extends Shape, B extends z.ZodType>(given: Declaration<P, Q, B>): Route {
  const { params = null, query = null, body = null, raw = null } = given;
  return { ...given, params, query, body, raw } as unknown as Route;
}
