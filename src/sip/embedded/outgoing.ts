import type { Clock } from '../../model/clock.ts';
import type { FinalResponse, Flow } from '../engine.ts';
import { type ClientTransactions, ClientTx, localResponse } from './client-tx.ts';
import { type Draft, finishRequest, sentBy } from './compose.ts';
import type { Tokens } from './tokens.ts';
import type { Transports } from './transports.ts';

/** RFC 3261 18.1.1: a larger request must not go by UDP while a stream can be had. Bytes. */
export const udpRoom = 1300;
/** How long a peer that takes no TCP is not asked again (our rule). */
const noTcpMs = 600_000;
const maxRemembered = 10_000;

/** Sends requests: chooses between UDP and a stream, and makes the client transaction. */
export class Outgoing {
  readonly #transports: Transports;
  readonly #client: ClientTransactions;
  readonly #tokens: Tokens;
  readonly #clock: Clock;
  /** Peers that took no TCP, with the time when they did not. */
  readonly #noTcp = new Map<string, number>();

  constructor(transports: Transports, client: ClientTransactions, tokens: Tokens, clock: Clock) {
    this.#transports = transports;
    this.#client = client;
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** Resolves with the final response, or a local 408 or 503. Never rejects. */
  send(draft: Draft, flow: Flow): Promise<FinalResponse> {
    const branch = this.#branch();
    const via = this.#via(flow);
    if (via === null) return Promise.resolve(localResponse(503, 'Flow Gone'));
    const wire = finishRequest(draft, flow.transport, via, branch);
    if (flow.transport !== 'udp' || wire.length <= udpRoom || this.#refusesTcp(flow)) {
      return this.#transact(draft.method, flow, via, branch, wire);
    }
    return this.#sendLarge(draft, flow);
  }

  /** RFC 3261 18.1.1: by TCP to the very same place, by UDP after all where that fails. */
  async #sendLarge(draft: Draft, flow: Flow): Promise<FinalResponse> {
    const connection = await this.#transports.dial(flow.remote);
    const response = connection === null ? null : await this.#sendBy(draft, connection.flow);
    if (response !== null && !response.local) return response;
    this.#rememberNoTcp(flow);
    // taken and never answered: too late for a second try
    return response?.status === 408 ? response : this.#sendBy(draft, flow);
  }

  #sendBy(draft: Draft, flow: Flow): Promise<FinalResponse> {
    const via = this.#via(flow);
    if (via === null) return Promise.resolve(localResponse(503, 'Flow Gone'));
    const branch = this.#branch();
    return this.#transact(draft.method, flow, via, branch, finishRequest(draft, flow.transport, via, branch));
  }

  #transact(method: string, flow: Flow, via: string, branch: string, wire: string): Promise<FinalResponse> {
    return new Promise((resolve) => {
      const broken = () => tx.input('broken');
      const transmit = () => {
        if (!this.#transports.send(flow, wire, broken)) broken();
      };
      const identity = { branch, method, sentBy: via.toLowerCase(), connection: flow.connection };
      const tx = new ClientTx(identity, this.#client, transmit, resolve);
      this.#client.add(tx);
      transmit();
    });
  }

  #branch(): string {
    return `z9hG4bK${this.#tokens.next(12)}`;
  }

  #via(flow: Flow): string | null {
    const address = this.#transports.viaAddress(flow);
    return address === null ? null : sentBy(address);
  }

  #refusesTcp(flow: Flow): boolean {
    const since = this.#noTcp.get(`${flow.remote.address}|${flow.remote.port}`);
    return since !== undefined && this.#clock.now() - since < noTcpMs;
  }

  #rememberNoTcp(flow: Flow): void {
    const key = `${flow.remote.address}|${flow.remote.port}`;
    this.#noTcp.delete(key);
    this.#noTcp.set(key, this.#clock.now());
    if (this.#noTcp.size > maxRemembered) {
      const oldest = this.#noTcp.keys().next();
      if (!oldest.done) this.#noTcp.delete(oldest.value);
    }
  }
}
