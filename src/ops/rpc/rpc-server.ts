import type { Hono } from 'hono';
import { type OpsContext, type OpsEnv, printable } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import type { Route } from '../route.ts';
import { originOf } from '../routes/features.ts';
import { answerRpc, fault, faultCodes } from './json-rpc.ts';
import type { RpcAsk } from './method.ts';
import { Methods, mostLists } from './methods.ts';

/** Answers JSON-RPC by the routes of the API, and by what the systems before us offer. */
export class RpcServer {
  readonly #deps: OpsDeps;
  readonly #api: Hono<OpsEnv>;
  readonly #routes: readonly Route[];
  #methods: Methods | null = null;

  /** @param api the routes that methods stand for, without guards: whoever comes here has passed them. */
  constructor(deps: OpsDeps, routes: readonly Route[], api: Hono<OpsEnv>) {
    this.#deps = deps;
    this.#api = api;
    this.#routes = routes;
  }

  /** What to send back; null: nothing, for there were only notifications in it. Never rejects. */
  answer(c: OpsContext, text: string): Promise<object | null> {
    const ask = this.#askOf(c);
    // The request itself was counted for its first one.
    let cost = 0;
    return answerRpc(text, async (name, params) => {
      const wait = c.get('spend')(cost);
      cost = 1;
      if (wait > 0) {
        return fault(faultCodes.refused, `too many requests: wait ${wait} s`, {
          code: 'too-many-requests',
          status: 429,
        });
      }
      try {
        this.#methods ??= new Methods(this.#deps, this.#routes);
        return await this.#methods.call(name, params, ask);
      } catch (error) {
        const stack = error instanceof Error ? error.stack : String(error);
        this.#deps.logger.error({ method: printable(name), stack }, 'rpc failed');
        return fault(faultCodes.internal, 'Internal error');
      }
    });
  }

  #askOf(c: OpsContext): RpcAsk {
    const { name: who, role } = { name: c.get('who'), role: c.get('role') };
    return {
      origin: { ...originOf(c), kind: 'rpc' },
      role,
      listsLeft: mostLists,
      api: async ({ method, path, body, param }) => {
        const headers = new Headers(body === null ? {} : { 'content-type': body.type });
        const userAgent = c.req.header('user-agent');
        if (userAgent !== undefined) headers.set('user-agent', userAgent);
        const content = body === null ? {} : { body: body.text };
        const request = new Request(`http://localhost${path}`, { method, headers, ...content });
        const answer = await this.#api.fetch(request, { ...c.env, rpc: { who, role, param } });
        const text = await answer.text();
        const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
        return { status: answer.status, body: text === '' ? null : isJson ? (JSON.parse(text) as unknown) : text };
      },
    };
  }
}
