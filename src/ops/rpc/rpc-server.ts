import type { Hono } from 'hono';
import { type OpsContext, type OpsEnv, printable } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import type { Route } from '../route.ts';
import { originOf } from '../routes/features.ts';
import type { Turns } from '../turns.ts';
import { answerRpc, fault, faultCodes } from './json-rpc.ts';
import type { RpcAsk } from './method.ts';
import { Methods, mostLists } from './methods.ts';

/** Of the answers of one batch, which are all held until the last one: where they are more, the rest is refused; characters. */
export const mostAnswered = 4 * 1024 * 1024;

const tooMuch = {
  status: 413,
  body: {
    error: { code: 'too-much', message: 'the answers of this batch are too long together: ask for the rest alone' },
  },
};

type Api = RpcAsk['api'];
type Answer = Awaited<ReturnType<Api>>;

/** Answers JSON-RPC by the routes of the API, and by what the systems before us offer. */
export class RpcServer {
  readonly #deps: OpsDeps;
  readonly #api: Hono<OpsEnv>;
  readonly #routes: readonly Route[];
  readonly #turns: Turns;
  #methods: Methods | null = null;

  /** @param api the routes that methods stand for, without guards: whoever comes here has passed them. */
  constructor(deps: OpsDeps, routes: readonly Route[], api: Hono<OpsEnv>, turns: Turns) {
    this.#turns = turns;
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
      const wait = ask.spend(cost);
      cost = 1;
      if (wait !== null) return wait;
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
      spend: (cost) => {
        const wait = c.get('spend')(cost);
        if (wait === 0) return null;
        const data = { code: 'too-many-requests', status: 429 };
        return fault(faultCodes.refused, `too many requests: wait ${wait} s`, data);
      },
      api: readingInTurn(this.#turns, async ({ method, path, body, param }) => {
        const headers = new Headers(body === null ? {} : { 'content-type': body.type });
        const userAgent = c.req.header('user-agent');
        if (userAgent !== undefined) headers.set('user-agent', userAgent);
        const content = body === null ? {} : { body: body.text };
        const request = new Request(`http://localhost${path}`, { method, headers, ...content });
        const answer = await this.#api.fetch(request, { ...c.env, rpc: { who, role, param } });
        const text = await answer.text();
        const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
        const said = text === '' ? null : isJson ? (JSON.parse(text) as unknown) : text;
        return { status: answer.status, body: said, length: text.length };
      }),
    };
  }
}

/**
 * What reads one after the other, each in a turn of its own, until the answers are too long together. What changes something
 * begins at once: it waits for the PBX, and the gate keeps the order.
 */
function readingInTurn(
  turns: Turns,
  ask: (...given: Parameters<Api>) => Promise<Answer & { readonly length: number }>,
): Api {
  let left = mostAnswered;
  let before: Promise<unknown> = Promise.resolve();
  const read = async (request: Parameters<Api>[0]): Promise<Answer> => {
    if (left <= 0) return tooMuch;
    const answer = await new Promise<Awaited<ReturnType<typeof ask>>>((resolve) =>
      turns.later(() => resolve(ask(request))),
    );
    left -= answer.length;
    return answer;
  };
  return (request) => {
    if (request.method !== 'GET') return ask(request);
    const reading = before.then(() => read(request));
    before = reading.catch(() => undefined);
    return reading;
  };
}
