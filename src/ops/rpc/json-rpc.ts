/** JSON-RPC 2.0, apart from how it is carried and what there is to call. */

/** Requests in one batch. */
export const mostInBatch = 100;

export interface RpcFault {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export type RpcReply =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly fault: RpcFault };

/** The errors of the specification (5.1), and ours from its range for servers (docs/rpc.md). */
export const faultCodes = {
  parse: -32700,
  invalidRequest: -32600,
  unknownMethod: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** By a rule, a hook or the present state; `data.code` says which. */
  refused: -32000,
  /** There is no such extension, subscription, group … */
  nothingThere: -32001,
  /** The PBX, or the hook, is away, too slow or failed. */
  elsewhere: -32002,
} as const;

/** `params` as they came: positions or names. Never rejects. */
export type RpcCall = (
  method: string,
  params: readonly unknown[] | Readonly<Record<string, unknown>>,
) => Promise<RpcReply>;

export function result(value: unknown): RpcReply {
  return { ok: true, result: value };
}

export function fault(code: number, message: string, data?: unknown): RpcReply {
  return { ok: false, fault: { code, message, ...(data === undefined ? {} : { data }) } };
}

/** What to send back for a body; null: nothing, for there were only notifications in it. */
export async function answerRpc(text: string, call: RpcCall): Promise<object | null> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return response(null, fault(faultCodes.parse, 'Parse error'));
  }
  if (!Array.isArray(body)) return answerOne(body, call);
  if (body.length === 0) return response(null, invalid('an empty batch'));
  if (body.length > mostInBatch) return response(null, invalid(`more than ${mostInBatch} requests in a batch`));
  // Begun in their order, which the gate keeps for each user.
  const responses = (await Promise.all(body.map((one) => answerOne(one, call)))).filter((one) => one !== null);
  return responses.length > 0 ? responses : null;
}

async function answerOne(request: unknown, call: RpcCall): Promise<object | null> {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    return response(null, invalid('a request is an object'));
  }
  const { jsonrpc, method, params = [], id } = request as Readonly<Record<string, unknown>>;
  const named = id === undefined || isId(id);
  if (!named) return response(null, invalid('id: expected a string, null or a number up to 2^53'));
  if (jsonrpc !== '2.0') return response(id ?? null, invalid('jsonrpc: expected "2.0"'));
  if (typeof method !== 'string') return response(id ?? null, invalid('method: expected a string'));
  if (typeof params !== 'object' || params === null) {
    return response(id ?? null, invalid('params: expected an array or an object'));
  }
  const reply = await call(method, params as Parameters<RpcCall>[1]);
  return id === undefined ? null : response(id, reply);
}

function isId(id: unknown): id is string | number | null {
  // The answer has to name the same one, and larger numbers are not kept exactly.
  return id === null || typeof id === 'string' || (typeof id === 'number' && Math.abs(id) <= Number.MAX_SAFE_INTEGER);
}

function response(id: string | number | null, reply: RpcReply): object {
  return { jsonrpc: '2.0', ...(reply.ok ? { result: reply.result } : { error: reply.fault }), id };
}

function invalid(why: string): RpcReply {
  return fault(faultCodes.invalidRequest, 'Invalid Request', { reason: why });
}
