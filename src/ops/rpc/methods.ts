import { tooSmall } from '../access/role-guard.ts';
import { covers } from '../access/roles.ts';
import type { OpsDeps } from '../deps.ts';
import type { Route } from '../route.ts';
import { apiMethods } from './api-methods.ts';
import { fault, faultCodes, type RpcReply, result } from './json-rpc.ts';
import { isReply, named, optional, type Params, type RpcAsk, type RpcMethod, wrong } from './method.ts';
import { presenceMethods } from './presence-methods.ts';
import { setFeature } from './set-feature.ts';

/** Methods in one batch that list everything. */
export const mostLists = 10;
/** As many requests each of them is counted for; no more than the least `http.rate.burst`. */
const listCost = 10;

/** Every method, by every name it has. */
export class Methods {
  readonly #methods: readonly RpcMethod[];
  readonly #byName = new Map<string, RpcMethod>();

  constructor(deps: OpsDeps, routes: readonly Route[]) {
    const discover: RpcMethod = {
      name: 'rpc.discover',
      aliases: [],
      role: 'read',
      about: 'This list, as OpenRPC.',
      params: [],
      run: () => result(this.#describe(deps.version)),
    };
    const list: RpcMethod = {
      name: 'system.listMethods',
      aliases: [],
      role: 'read',
      about: 'The names of all methods.',
      params: [optional('prefix', 'Only those that begin so.')],
      run: ({ prefix = '' }) =>
        typeof prefix === 'string'
          ? result([...this.#byName.keys()].filter((name) => name.startsWith(prefix)))
          : wrong('bad-param', 'prefix: expected a text'),
    };
    this.#methods = [...apiMethods(routes), setFeature(deps), ...presenceMethods(deps), discover, list];
    for (const method of this.#methods) {
      for (const name of [method.name, ...method.aliases]) this.#byName.set(name, method);
    }
  }

  /** Rejects only by a fault of ours. */
  async call(name: string, given: readonly unknown[] | Params, ask: RpcAsk): Promise<RpcReply> {
    const method = this.#byName.get(name);
    if (method === undefined) return fault(faultCodes.unknownMethod, 'Method not found', { code: 'unknown-method' });
    if (!covers(ask.role, method.role)) {
      const data = { code: 'role-too-small', status: 403 };
      return fault(faultCodes.refused, tooSmall(method.role), data);
    }
    const params = named(method, given);
    if (isReply(params)) return params;
    if (method.lists && --ask.listsLeft < 0) {
      return fault(faultCodes.refused, `at most ${mostLists} lists in a batch`, { code: 'too-many-lists' });
    }
    const wait = method.lists ? ask.spend(listCost - 1) : null;
    return wait ?? method.run(params, ask);
  }

  #describe(version: string): object {
    return {
      openrpc: '1.3.2',
      info: { title: 'Lamplighter', version },
      methods: this.#methods.map(({ name, aliases, role, about, params }) => ({
        name,
        ...(aliases.length > 0 ? { 'x-aliases': aliases } : {}),
        summary: about,
        'x-role': role,
        paramStructure: 'either',
        params: params.map(({ name: own, required, schema, about: description }) => ({
          name: own,
          description,
          required,
          schema,
        })),
        result: { name: 'result', schema: {} },
      })),
    };
  }
}
