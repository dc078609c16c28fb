import type {
  AddressedRequest,
  EngineCapabilities,
  FinalResponse,
  Flow,
  ListenPoint,
  ServerTransaction,
  SipEngine,
} from './engine.ts';
import type { Heard } from './heard.ts';

/** An engine whose requests are counted, and that is otherwise what it was. The innermost: it hears what goes on, too. */
export class HearingEngine implements SipEngine {
  readonly #engine: SipEngine;
  readonly #heard: Heard;
  readonly connect?: NonNullable<SipEngine['connect']>;
  readonly disconnect?: NonNullable<SipEngine['disconnect']>;
  readonly reachableAt?: NonNullable<SipEngine['reachableAt']>;
  readonly outlasts?: NonNullable<SipEngine['outlasts']>;
  readonly forget?: NonNullable<SipEngine['forget']>;

  constructor(engine: SipEngine, heard: Heard) {
    this.#engine = engine;
    this.#heard = heard;
    // what an engine cannot do is told by a method that is not there
    const { connect, disconnect, reachableAt, outlasts, forget } = engine;
    if (connect !== undefined) this.connect = (remote) => connect.call(engine, remote);
    if (disconnect !== undefined) this.disconnect = (flow) => disconnect.call(engine, flow);
    if (reachableAt !== undefined) this.reachableAt = (flow) => reachableAt.call(engine, flow);
    if (outlasts !== undefined) this.outlasts = (flow) => outlasts.call(engine, flow);
    if (forget !== undefined) this.forget = (dialog) => forget.call(engine, dialog);
  }

  get capabilities(): EngineCapabilities {
    return this.#engine.capabilities;
  }

  get backlog(): number {
    return this.#engine.backlog ?? 0;
  }

  async start(onRequest: (transaction: ServerTransaction) => void): Promise<readonly ListenPoint[]> {
    const heard = this.#heard;
    const points = await this.#engine.start((transaction) => {
      const { method, flow } = transaction.request;
      heard.note(method, flow);
      onRequest(transaction);
    });
    heard.at(points);
    return points;
  }

  stop(): Promise<void> {
    return this.#engine.stop();
  }

  request(request: AddressedRequest): Promise<FinalResponse> {
    return this.#engine.request(request);
  }

  roomBytes(flow: Flow): number {
    return this.#engine.roomBytes(flow);
  }
}
