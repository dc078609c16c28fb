import type { Origin } from '../../model/feature.ts';
import type { Refusal } from '../../model/outcome.ts';
import type { Role } from '../access/roles.ts';
import { printable } from '../answers.ts';
import { statusFor } from '../wish-refusals.ts';
import { fault, faultCodes, type RpcReply } from './json-rpc.ts';

export interface RpcParam {
  readonly name: string;
  readonly required: boolean;
  /** JSON Schema, for `rpc.discover`; the method itself judges. */
  readonly schema: object;
  readonly about: string;
}

export type Params = Readonly<Record<string, unknown>>;

/** What a method may use of the request it came in. */
export interface RpcAsk {
  readonly origin: Origin;
  /** How many more methods of the batch may list everything. */
  listsLeft: number;
  /** Counts so many more requests of this client; a reply: he has to wait. */
  spend(cost: number): RpcReply | null;
  readonly role: Role;
  /**
   * A request to the API; `param` goes to the hooks with a wish. What only reads runs one after the other, and as long as the
   * answers of the batch are not too much together (413 `too-much`).
   */
  api(request: {
    readonly method: string;
    readonly path: string;
    readonly body: { readonly type: string; readonly text: string } | null;
    readonly param: string | null;
  }): Promise<{ readonly status: number; readonly body: unknown }>;
}

export interface RpcMethod {
  readonly name: string;
  /** Names in the systems before us. */
  readonly aliases: readonly string[];
  /** The least that may call it. */
  readonly role: Role;
  readonly about: string;
  /** In the order in which an array gives them. */
  readonly params: readonly RpcParam[];
  /** True: answers everything there is of a kind. A batch may ask few of these, for all answers are held until the last one. */
  readonly lists?: boolean;
  run(params: Params, ask: RpcAsk): RpcReply | Promise<RpcReply>;
}

export function param(name: string, about: string, schema: object = { type: 'string' }, required = true): RpcParam {
  return { name, required, schema, about };
}

export function optional(name: string, about: string, schema: object = { type: 'string' }): RpcParam {
  return param(name, about, schema, false);
}

/** Positions to names. A reply: the parameters are not those of the method. */
export function named(method: RpcMethod, given: readonly unknown[] | Params): Params | RpcReply {
  const names = method.params.map(({ name }) => name);
  const expected = names.length === 0 ? 'expected none' : `expected ${names.join(', ')}`;
  if (Array.isArray(given) && given.length > names.length) {
    return wrong('too-many-params', `${given.length} parameters; ${expected}`);
  }
  const pairs = Array.isArray(given)
    ? given.map((value, index) => [names[index] ?? '', value] as const)
    : Object.entries(given);
  const unknown = pairs.find(([name]) => !names.includes(name));
  if (unknown !== undefined) return wrong('unknown-param', `${printable(unknown[0])}: ${expected}`);
  const params = Object.fromEntries(pairs.filter(([, value]) => value !== null && value !== undefined));
  const missing = method.params.find(({ name, required }) => required && !Object.hasOwn(params, name));
  return missing === undefined ? params : wrong('missing-param', `${missing.name} is missing; ${expected}`);
}

export function isReply(value: Params | RpcReply): value is RpcReply {
  return typeof value['ok' as keyof typeof value] === 'boolean' && ('result' in value || 'fault' in value);
}

const longestHookWord = 512;

/** What the hooks are handed as `param`. */
export function isHookWord(given: unknown): given is string {
  return typeof given === 'string' && given.length <= longestHookWord;
}

/** Parameters that are not what is expected. */
export function wrong(code: string, message: string): RpcReply {
  return fault(faultCodes.invalidParams, message, { code });
}

/** A "no" of the gate or of a look-up. */
export function refusal(given: Refusal, more: object = {}): RpcReply {
  return fromHttp(statusFor(given), { error: { code: given.code, message: given.message }, ...more });
}

/** The API's "no", with everything it said. */
export function fromHttp(status: number, body: unknown): RpcReply {
  const { error, ...more } = (body ?? {}) as { readonly error?: { readonly code: string; readonly message: string } };
  const { code = 'internal', message = 'no answer' } = error ?? {};
  return fault(codeFor(status), message, { code, status, ...more });
}

function codeFor(status: number): number {
  if (status === 400) return faultCodes.invalidParams;
  if (status === 404) return faultCodes.nothingThere;
  if (status === 500) return faultCodes.internal;
  return status > 500 ? faultCodes.elsewhere : faultCodes.refused;
}
