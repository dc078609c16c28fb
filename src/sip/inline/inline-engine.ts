import type { Logger } from '../../model/logger.ts';
import type {
  AddressedRequest,
  Endpoint,
  EngineCapabilities,
  FinalResponse,
  Flow,
  HeaderEdits,
  ListenPoint,
  Relay,
  RelayedResponse,
  RelayWay,
  ServerTransaction,
  SipAnswer,
  SipEngine,
  SipRequest,
} from '../engine.ts';
import type { LocalAddresses } from '../local-addresses.ts';
import { readParty } from '../message/party.ts';
import type { Places } from '../places.ts';
import { decide, type Facts, type ToPbx, type ToPhone } from './decide.ts';
import { type OwnPlaces, placeText } from './own-places.ts';
import type { RegisterEdits, Registrations } from './ports.ts';
import { toTagOf } from './preprocess.ts';
import type { RefusedLogins } from './refused-logins.ts';
import { forStrictRouter, recordRoutes } from './routes.ts';
import type { DialogTokens } from './tokens.ts';
import { cleared, clearedResponse } from './unclear.ts';
import type { Upstreams } from './upstreams.ts';

export interface InlineEngineOptions extends Omit<Facts, 'own' | 'upstreams' | 'places' | 'registrations' | 'tokens'> {
  readonly engine: SipEngine;
  /** The engine that dials; `engine` may be one around it. */
  readonly paths: Pick<SipEngine, 'connect' | 'reachableAt'>;
  readonly own: OwnPlaces;
  readonly upstreams: Upstreams;
  readonly places: Pick<Places, 'aorFor' | 'isThisMachine'>;
  readonly addresses: Pick<LocalAddresses, 'facing'>;
  readonly registrations: Registrations;
  readonly register: RegisterEdits;
  readonly tokens: DialogTokens;
  /** Hears what the PBX answers to phones; absent: nobody does. */
  readonly logins?: Pick<RefusedLogins, 'heard'>;
  readonly logger: Logger;
}

/**
 * Requests that make dialogs or may, and those by which a route set is made new (RFC 3261 16.6 step 4; RFC 6665 4.3: every
 * NOTIFY).
 */
const recorded: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY', 'UPDATE']);

/** Seconds; a phone that has another PBX goes there, and comes back. */
const retryAfter = '10';

/**
 * An engine between phones and their PBX: what Lamplighter serves comes through, the rest goes on. Phones' requests only
 * ever to an upstream, an upstream's only to the phone that a token of ours in it means (`decide`).
 */
export class InlineEngine implements SipEngine {
  readonly #options: InlineEngineOptions;
  readonly #engine: SipEngine;
  readonly #logger: Logger;

  constructor(options: InlineEngineOptions) {
    this.#options = options;
    this.#engine = options.engine;
    this.#logger = options.logger.child('inline');
  }

  get capabilities(): EngineCapabilities {
    return this.#engine.capabilities;
  }

  get backlog(): number {
    return this.#engine.backlog ?? 0;
  }

  async start(onRequest: (transaction: ServerTransaction) => void): Promise<readonly ListenPoint[]> {
    const points = await this.#engine.start((transaction) => this.#judge(transaction, onRequest));
    this.#options.own.listen(points);
    this.#options.upstreams.start();
    return points;
  }

  stop(): Promise<void> {
    this.#options.upstreams.stop();
    return this.#engine.stop();
  }

  request(request: AddressedRequest): Promise<FinalResponse> {
    return this.#engine.request(request);
  }

  roomBytes(flow: Flow): number {
    return this.#engine.roomBytes(flow);
  }

  connect(remote: ListenPoint): Promise<Flow | null> {
    return this.#options.paths.connect?.(remote) ?? Promise.resolve(null);
  }

  reachableAt(flow: Flow): Endpoint | null {
    return this.#options.paths.reachableAt?.(flow) ?? null;
  }

  outlasts(flow: Flow): boolean {
    return this.#engine.outlasts?.(flow) ?? false;
  }

  #judge(transaction: ServerTransaction, onRequest: (transaction: ServerTransaction) => void, waited = false): void {
    const { request } = transaction;
    const decision = decide(request, this.#options);
    if (decision.kind === 'serve') onRequest(transaction);
    else if (decision.kind === 'answer') {
      const underWay = waited || !decision.unless ? null : this.#options.registrations.underWay(decision.unless);
      // COMPAT(Asterisk): its first NOTIFY and OPTIONS to a Contact may overtake its 200 to the REGISTER
      if (underWay !== null) {
        underWay
          .then(() => this.#judge(transaction, onRequest, true))
          .catch((error: unknown) => {
            this.#logger.error({ error: String(error), method: request.method }, 'a request could not be judged');
            this.#answer(transaction, { status: 500 });
          });
      } else this.#answer(transaction, decision.answer);
    } else {
      const next = decision.kind === 'to-pbx' ? this.#toPbx(request, decision) : this.#toPhone(request, decision);
      if ('status' in next) this.#answer(transaction, next);
      else if (transaction.forward === undefined) this.#answer(transaction, { status: 501 });
      else transaction.forward(next);
    }
  }

  #answer(transaction: ServerTransaction, answer: SipAnswer): void {
    const { method, flow } = transaction.request;
    this.#logger.debug({ method, status: answer.status, source: flow.remote }, 'a request does not go on');
    if (method !== 'ACK') transaction.respond(answer);
  }

  #toPbx(request: SipRequest, decision: ToPbx): Relay | SipAnswer {
    const { upstreams, register, registrations } = this.#options;
    const refusal = request.method === 'REGISTER' ? register.refuse(request) : null;
    if (refusal !== null) return refusal;
    const ways = upstreams.ways(decision.upstream);
    if (ways.length === 0) return { status: 503, headers: [['Retry-After', retryAfter]] };
    const { uri, routes } = nextFor(request, decision);
    const base = this.#base(request, routes, cleared(request));
    const index = new Map<string, number>();
    return {
      stranger: request.flow.transport === 'udp' && registrations.ofFlow(request.flow, null) === null,
      ways: ways.map((way) => ({
        path: async () => {
          const path = await way.path();
          if (path !== null) index.set(pathKey(path), way.index);
          return path;
        },
        edit: (path) => ({ uri, headers: this.#forPbx(request, base, path, index.get(pathKey(path)) ?? way.index) }),
      })),
      onResponse: (response) => {
        upstreams.heard(index.get(pathKey(response.flow)) ?? 0);
        this.#options.logins?.heard(request, response);
        return request.method === 'REGISTER' ? register.incoming(request, response) : null;
      },
    };
  }

  #forPbx(request: SipRequest, base: HeaderEdits, path: Flow, upstream: number): HeaderEdits {
    const { tokens, registrations, places, register } = this.#options;
    const { flow, method } = request;
    const here = this.#placeFor(path);
    if (method === 'REGISTER') return new Map([...base, ...register.outgoing(request, here)]);
    if (!recorded.has(method)) return base;
    const from = (request.parts?.from ?? readParty(request.header('From') ?? ''))?.uri ?? null;
    const aor = from === null ? null : places.aorFor(from);
    const phone = registrations.ofFlow(flow, aor) ?? (aor === null ? null : registrations.beside(flow, aor));
    const token = tokens.seal({ flow, phone: phone?.id ?? null, upstream }, request.header('Call-ID') ?? '');
    return this.#recorded(request, base, recordRoutes(token, here, this.#placeAt(flow) ?? here));
  }

  #toPhone(request: SipRequest, decision: ToPhone): Relay | SipAnswer {
    const alive = decision.flows.filter((flow) => this.#placeAt(flow) !== null);
    if (alive.length === 0) return { status: 480 };
    const { uri, routes } = nextFor(request, decision);
    const base = this.#base(request, routes, new Map());
    let sent: readonly string[] = [];
    const ways = alive.map(
      (flow): RelayWay => ({
        path: () => (this.#placeAt(flow) === null ? null : flow),
        edit: (path) => {
          const headers = this.#forPhone(request, base, path, decision);
          sent = headers.get('Record-Route') ?? [];
          return { uri, headers };
        },
      }),
    );
    const onResponse = (response: RelayedResponse): HeaderEdits => clearedResponse(request, response, sent);
    return { ways, onResponse, unreachable: { status: 480, reason: 'Phone Not Reachable' } };
  }

  #forPhone(request: SipRequest, base: HeaderEdits, path: Flow, { phone, upstream }: ToPhone): HeaderEdits {
    if (!recorded.has(request.method)) return base;
    const token = this.#options.tokens.seal(
      { flow: path, phone: phone?.id ?? null, upstream },
      request.header('Call-ID') ?? '',
    );
    const coming = this.#placeFor(request.flow);
    return this.#recorded(request, base, recordRoutes(token, this.#placeAt(path) ?? coming, coming));
  }

  #base(request: SipRequest, routes: readonly string[], edits: HeaderEdits): HeaderEdits {
    return request.headers('Route').length === 0 && routes.length === 0
      ? edits
      : new Map([...edits, ['Route', routes]]);
  }

  #recorded(request: SipRequest, base: HeaderEdits, ours: readonly string[]): HeaderEdits {
    const before = base.get('Record-Route') ?? request.headers('Record-Route');
    return new Map([...base, ['Record-Route', [...ours, ...before]]]);
  }

  /** Where the far end of a path reaches us, as it stands in a URI; null: the path is gone. */
  #placeAt(flow: Flow): string | null {
    const endpoint = this.reachableAt(flow);
    return endpoint === null ? null : placeText(endpoint, flow.transport);
  }

  /** Where a PBX reaches us: it stands on our side of the NAT that `sip.advertise` is for. */
  #placeFor({ transport, local, remote }: Flow): string {
    const isAny = local.address === '0.0.0.0' || local.address === '::' || local.address === '';
    const address = isAny ? this.#options.addresses.facing(remote.address) : local.address;
    return placeText({ address, port: local.port }, transport);
  }
}

function pathKey({ transport, remote }: Flow): string {
  return `${transport}:${remote.address}|${remote.port}`;
}

/** COMPAT(several): phones leave `lr` out of the Route that they are configured with, and mean no strict router. */
function nextFor(request: SipRequest, { uri, routes }: ToPbx | ToPhone): { uri: string; routes: readonly string[] } {
  return toTagOf(request) === null ? { uri, routes } : forStrictRouter(uri, routes);
}
