import type { Clock } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import type {
  AddressedRequest,
  EngineCapabilities,
  FinalResponse,
  Flow,
  ListenPoint,
  ServerTransaction,
  SipEngine,
} from '../engine.ts';
import { readRetryAfter } from '../headers.ts';
import { type Attempt, FailOver, sendInTurn, TargetHealth } from './fail-over.ts';
import type { Relocation } from './relocation.ts';
import type { Target } from './target.ts';

export interface RelocatingEngineOptions {
  readonly engine: SipEngine;
  readonly relocation: Pick<Relocation, 'covers' | 'targets'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Tried extends Attempt {
  readonly response: FinalResponse;
}

/** An engine that seeks a new way for a request whose connection is gone, where `Relocation` allows one. */
export class RelocatingEngine implements SipEngine {
  readonly #engine: SipEngine;
  readonly #options: RelocatingEngineOptions;
  readonly #logger: Logger;
  readonly #health: TargetHealth;
  #stopped = false;

  constructor(options: RelocatingEngineOptions) {
    this.#engine = options.engine;
    this.#options = options;
    this.#logger = options.logger.child('locate');
    this.#health = new TargetHealth(options.clock);
  }

  get capabilities(): EngineCapabilities {
    return this.#engine.capabilities;
  }

  start(onRequest: (transaction: ServerTransaction) => void): Promise<readonly ListenPoint[]> {
    this.#stopped = false;
    return this.#engine.start(onRequest);
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.#engine.stop();
  }

  /** As the engine does it; where the connection is gone, again over a new one (RFC 3263 4.3). */
  request(request: AddressedRequest): Promise<FinalResponse> {
    return this.outlasts(request.flow) ? this.#persist(request) : this.#engine.request(request);
  }

  async #persist(request: AddressedRequest): Promise<FinalResponse> {
    const response = await this.#engine.request(request);
    const gone = response.local && response.status === 503;
    if (!gone || this.#stopped) return response;
    return (await this.#elsewhere(request)) ?? response;
  }

  get backlog(): number {
    return this.#engine.backlog ?? 0;
  }

  roomBytes(flow: Flow): number {
    return this.#engine.roomBytes(flow);
  }

  outlasts(flow: Flow): boolean {
    return this.#engine.connect !== undefined && this.#options.relocation.covers(flow);
  }

  /** Null: there is nowhere to send it. */
  async #elsewhere(request: AddressedRequest): Promise<FinalResponse | null> {
    const { clock, relocation } = this.#options;
    const targets = await relocation.targets(request);
    const failOver = new FailOver({ targets, health: this.#health, clock });
    const tried = await sendInTurn(failOver, (target) => this.#sendTo(target, request));
    return tried?.response ?? null;
  }

  async #sendTo(target: Target, request: AddressedRequest): Promise<Tried> {
    const { transport, address, port } = target;
    const flow = this.#stopped ? null : await this.#engine.connect?.({ transport, address, port });
    if (flow === null || flow === undefined) return tried(unconnected);
    const { remote } = request.flow;
    this.#logger.debug({ before: remote, now: flow.remote, method: request.method }, 'sent over a new connection');
    return tried(await this.#engine.request({ ...request, flow }));
  }
}

const unconnected: FinalResponse = { status: 503, reason: 'Not Connected', header: () => undefined, local: true };

function tried(response: FinalResponse): Tried {
  const { status, local } = response;
  return { status, local, retryAfter: readRetryAfter(response.header('Retry-After')), response };
}
