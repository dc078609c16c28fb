import type { ControlClient } from './control-client.ts';

/** Who wants which requests: `m_request_types` of client-controller.cpp. */
export class Routes {
  readonly #byVerb = new Map<string, ControlClient[]>();
  readonly #offsets = new Map<string, number>();

  /** The same twice is two shares of the requests. */
  add(verb: string, client: ControlClient): void {
    const clients = this.#byVerb.get(verb);
    if (clients === undefined) this.#byVerb.set(verb, [client]);
    else clients.push(client);
  }

  /** Whatever the verb, all of the client's: `no_longer_wants_requests` compares nothing but the client. */
  remove(client: ControlClient): void {
    for (const [verb, clients] of this.#byVerb) {
      const left = clients.filter((it) => it !== client);
      this.#byVerb.set(verb, left);
    }
  }

  /** The next in turn; undefined: nobody. */
  next(method: string): ControlClient | undefined {
    const verb = method.toLowerCase();
    const clients = this.#byVerb.get(verb) ?? [];
    let tries = clients.length;
    const offset = this.#offsets.get(verb) ?? 0;
    let at = offset < tries ? offset : 0;
    this.#offsets.set(verb, at + 1);
    for (; tries > 0; tries--) {
      if (at >= clients.length) at = 0;
      const client = clients[at];
      if (client?.closed === false) return client;
      clients.splice(at, 1);
    }
    return undefined;
  }

  clear(): void {
    this.#byVerb.clear();
    this.#offsets.clear();
  }
}
