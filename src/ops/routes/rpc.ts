import type { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from '../../model/logger.ts';
import { type OpsContext, type OpsEnv, printable, refuse } from '../answers.ts';
import { readText } from '../body.ts';
import type { OpsDeps } from '../deps.ts';
import { answerRpc, fault, faultCodes } from '../rpc/json-rpc.ts';
import type { RpcAsk } from '../rpc/method.ts';
import { Methods, mostLists } from '../rpc/methods.ts';
import { originOf } from './features.ts';

const types = ['application/json', 'application/json-rpc', 'application/jsonrequest'];

/** `api`: the routes that methods stand for, without guards: whoever comes here has passed them. */
export function rpcRoutes(app: Hono<OpsEnv>, deps: OpsDeps, api: Hono<OpsEnv>): void {
  const methods = new Methods(deps);

  app.post('/rpc', async (c) => {
    const body = await readText(c, types);
    if (!body.ok) {
      const { code, message, status } = body.refusal;
      return refuse(c, (status ?? 400) as ContentfulStatusCode, code, message);
    }
    const ask = askOf(c, api);
    const answer = await answerRpc(body.value, async (name, params) => {
      try {
        return await methods.call(name, params, ask);
      } catch (error) {
        complain(deps.logger, name, error);
        return fault(faultCodes.internal, 'Internal error');
      }
    });
    // JSON-RPC over HTTP: nothing to say is 204, and what went wrong within stands in the answer.
    return answer === null ? c.body(null, 204) : c.json(answer);
  });

  app.all('/rpc', (c) => {
    c.header('Allow', 'POST');
    return refuse(c, 405, 'not-allowed', 'JSON-RPC comes by POST');
  });
}

function askOf(c: OpsContext, api: Hono<OpsEnv>): RpcAsk {
  const who = c.get('who');
  return {
    origin: { ...originOf(c), kind: 'rpc' },
    listsLeft: mostLists,
    api: async (method, path, body, param) => {
      const headers = new Headers({ 'content-type': 'application/json' });
      const userAgent = c.req.header('user-agent');
      if (userAgent !== undefined) headers.set('user-agent', userAgent);
      const content = body === null ? {} : { body: JSON.stringify(body) };
      const request = new Request(`http://localhost${path}`, { method, headers, ...content });
      const answer = await api.fetch(request, { ...c.env, rpc: { who, param } });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
    },
  };
}

function complain(logger: Logger, name: string, error: unknown): void {
  logger.error({ method: printable(name), error: error instanceof Error ? error.stack : String(error) }, 'rpc failed');
}
