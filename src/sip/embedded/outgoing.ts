import type { Clock } from '../../model/clock.ts';
import type { FinalResponse, Flow } from '../engine.ts';
import { type ClientIdentity, type ClientTransactions, localResponse, type Repeats } from './client-tx.ts';
import { type Draft, finishRequest, sentBy } from './compose.ts';
import { Recent } from './recent.ts';
import type { Tokens } from './tokens.ts';
import type { Transports } from './transports.ts';

/** RFC 3261 18.1.1: a larger request must not go by UDP while a stream can be had. Bytes. */
export const udpRoom = 1300;
/** How long a peer that takes no TCP is not asked again (our rule). */
const noTcpMs = 600_000;
const maxRemembered = 5000;

interface Written {
  readonly identity: ClientIdentity;
  readonly wire: string;
}

/** Sends requests: chooses between UDP and a stream, and makes the client transaction. */
export class Outgoing {
  readonly #transports: Transports;
  readonly #client: ClientTransactions;
  readonly #tokens: Tokens;
  readonly #clock: Clock;
  /** Peers that took no TCP, with the time when they did not. */
  readonly #noTcp = new Recent<number>(maxRemembered);

  constructor(transports: Transports, client: ClientTransactions, tokens: Tokens, clock: Clock) {
    this.#transports = transports;
    this.#client = client;
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** Resolves with the final response, or a local 408 or 503. Never rejects. */
  send(draft: Draft, flow: Flow): Promise<FinalResponse> {
    const written = this.#write(draft, flow);
    if (written === null) return Promise.resolve(localResponse(503, 'Flow Gone'));
    const { wire } = written;
    if (flow.transport !== 'udp' || wire.length <= udpRoom || this.#refusesTcp(flow)) {
      return this.#transact(flow, written, draft);
    }
    return this.#sendLarge(draft, flow);
  }

  /** RFC 3261 18.1.1: by TCP to the very same place, by UDP after all where that fails. */
  async #sendLarge(draft: Draft, flow: Flow): Promise<FinalResponse> {
    const connection = await this.#transports.dial(flow.remote, flow.local.address);
    const response = connection === null ? null : await this.#sendBy(draft, connection.flow);
    if (response !== null && !response.local) return response;
    this.#rememberNoTcp(flow);
    // taken and never answered: too late for a second try
    if (response?.status === 408) return response;
    return draft.awaited?.over === true ? localResponse(408) : this.#sendBy(draft, flow);
  }

  #sendBy(draft: Draft, flow: Flow): Promise<FinalResponse> {
    const written = this.#write(draft, flow);
    return written === null ? Promise.resolve(localResponse(503, 'Flow Gone')) : this.#transact(flow, written, draft);
  }

  /** null: no socket for this flow. */
  #write(draft: Draft, flow: Flow): Written | null {
    const address = this.#transports.viaAddress(flow);
    if (address === null) return null;
    const branch = `z9hG4bK${this.#tokens.next(12)}`;
    const wire = finishRequest(draft, flow.transport, sentBy(address), branch);
    return { identity: { branch, method: draft.method, sentBy: address }, wire };
  }

  #transact(flow: Flow, { identity, wire }: Written, repeats: Repeats): Promise<FinalResponse> {
    return new Promise((resolve) => this.#client.send(identity, flow, wire, resolve, repeats));
  }

  #refusesTcp(flow: Flow): boolean {
    const since = this.#noTcp.get(`${flow.remote.address}|${flow.remote.port}`);
    return since !== undefined && this.#clock.now() - since < noTcpMs;
  }

  #rememberNoTcp(flow: Flow): void {
    this.#noTcp.set(`${flow.remote.address}|${flow.remote.port}`, this.#clock.now());
  }
}
