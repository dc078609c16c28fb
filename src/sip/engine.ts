import type { Party } from './message/party.ts';
import type { SipUri } from './message/uri.ts';

/** How a message travels. `ws` and `wss`: RFC 7118. */
export type Transport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** RFC 3261 18: everything but UDP keeps order, has connections and needs no retransmission. */
export function isStream(transport: Transport): boolean {
  return transport !== 'udp';
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

export interface Endpoint {
  /** IP address without brackets. */
  readonly address: string;
  readonly port: number;
}

/**
 * The path a message came by, and the only path an answer or a NOTIFY may take: an address that a message names may be a
 * victim's. Plain data.
 */
export interface Flow {
  readonly transport: Transport;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** Names one connection of one process life; the empty string for UDP. */
  readonly connection: string;
}

/** Headers in order; names in canonical long form. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** A request that passed the strict parser. */
export interface SipRequest {
  readonly method: string;
  /** The Request-URI exactly as received. */
  readonly uri: string;
  /** The first value, unfolded, trimmed, otherwise as received; name in canonical long form (`Call-ID`). */
  header(name: string): string | undefined;
  /** One entry a header line, top to bottom; comma lists are not split. */
  headers(name: string): readonly string[];
  /** Every header line, top to bottom. Absent: the engine knows them one by one. */
  entries?(): HeaderList;
  readonly body: Buffer;
  readonly flow: Flow;
  /** Request-URI, From and To, where the engine has taken them apart already. */
  readonly parts?: { readonly target: SipUri; readonly from: Party; readonly to: Party };
}

export interface SipAnswer {
  readonly status: number;
  /** Default: the RFC's phrase. */
  readonly reason?: string;
  readonly headers?: HeaderList;
  /** Added to To where the request has none (RFC 3261 8.2.6.2). Default: an own tag that is stable for the transaction. */
  readonly toTag?: string;
  /**
   * The answer to give instead where this one would be more than 1.5 times its request over UDP: nobody has shown yet
   * that he is where it goes. It may bring a smaller one itself.
   */
  readonly smaller?: SipAnswer;
}

/** One server transaction: answered once, retransmissions get the same answer. */
export interface ServerTransaction {
  readonly request: SipRequest;
  /** A second call is ignored. Via, From, To, Call-ID, CSeq and (for 2xx, dialog-forming) Record-Route are copied. */
  respond(answer: SipAnswer): void;
  /**
   * Instead of `respond`: sends the request on as a stateful proxy does (RFC 3261 16). The engine adds Via, takes one from
   * Max-Forwards, brings the responses back, and deals with CANCEL, the ACK of refusals and Timer C. An ACK (of a 2xx)
   * goes on without a transaction. A second call, or one after `respond`, is ignored. Absent: the engine is no proxy.
   */
  forward?(relay: Relay): void;
}

/** Header values by canonical name, a header line each, in place of those that came; an empty list takes the header out. */
export type HeaderEdits = ReadonlyMap<string, readonly string[]>;

/** Where a request goes on to. */
export interface Relay {
  /**
   * In order of preference, at least one: the next is taken where one cannot be had, breaks, stays silent until its
   * transaction times out, or answers 503.
   */
  readonly ways: readonly RelayWay[];
  /** Hears each response but 100 before it goes back, and may change headers of it. Must not throw. */
  readonly onResponse?: (response: RelayedResponse) => HeaderEdits | null;
  /** What is answered where no way leads anywhere. Default: 503. */
  readonly unreachable?: SipAnswer;
  /**
   * True: nobody is known to be where it came from, and a datagram could have been forged. No more goes there than is asked
   * for. Default: false.
   */
  readonly stranger?: boolean;
}

export interface RelayWay {
  /** The path, asked for when it is its turn; null: there is none. */
  path(): Flow | null | Promise<Flow | null>;
  /** The request as it leaves by that path: the Request-URI, and the headers that differ (Route, Record-Route, Path …). */
  edit(path: Flow): { readonly uri: string; readonly headers: HeaderEdits };
}

/** A response on its way back through us. */
export interface RelayedResponse {
  readonly status: number;
  header(name: string): string | undefined;
  headers(name: string): readonly string[];
  /** The path the request took. */
  readonly flow: Flow;
}

/** Of a request under way: whether anybody still waits for its response. */
export interface Awaited {
  /** True, once and for good: it is not sent again, and its response is of no interest. */
  readonly over: boolean;
}

/** Everything addressed by the caller; the engine adds Via, Max-Forwards and Content-Length. */
export interface AddressedRequest {
  readonly method: string;
  /** Request-URI: the remote target. */
  readonly uri: string;
  /** Whole header values, tags included. */
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly cseq: number;
  /** Route header values, first hop first; a strict first route is handled by the engine (RFC 3261 12.2.1.1). */
  readonly routeSet: readonly string[];
  readonly headers: HeaderList;
  /** Content-Type is among `headers`; empty: none. */
  readonly body?: string;
  /** Where it goes. The Request-URI and routes never choose the address, but where the flow `outlasts` its connection. */
  readonly flow: Flow;
  /** Nobody may be where it goes: over UDP it is sent twice, not eleven times (RFC 3261 17.1.2.2). Default: false. */
  readonly unproven?: boolean;
  /** Of a NOTIFY that says `terminated`: other subscriptions of its dialog go on. */
  readonly dialogLives?: boolean;
  /** Asked before each repetition, by engines that repeat themselves. Absent: somebody waits to the end. */
  readonly awaited?: Awaited | undefined;
}

export interface FinalResponse {
  /** 408: Timer F; 503 with `local`: it could not be sent. */
  readonly status: number;
  readonly reason: string;
  header(name: string): string | undefined;
  /** One entry a header line, top to bottom. Absent: there are none. */
  headers?(name: string): readonly string[];
  /** True: made here, nothing came from the network. */
  readonly local: boolean;
  /** The CSeq that went out, where the engine does not own it (`ownsCseq`) and it is known. */
  readonly cseq?: number;
}

export interface EngineCapabilities {
  /** Bytes; messages beyond are refused with 513. */
  readonly maxMessage: number;
  /**
   * The CSeq given in `request` is what goes out. Otherwise it may be another, which the response tells: the next given
   * must be above it, and the first of a dialog is one above that of its SUBSCRIBE.
   */
  readonly ownsCseq: boolean;
  readonly inlineProxy: boolean;
  /** False: it can be no subscriber, so phones are not watched. Absent: it can. */
  readonly watches?: boolean;
}

export interface ListenPoint extends Endpoint {
  readonly transport: Transport;
}

/** The port of both engines: transactions and addressed requests; dialogs are not its business. */
export interface SipEngine {
  readonly capabilities: EngineCapabilities;
  /** Binds everything or throws a Fault (`port-in-use`, `address-unavailable`, `port-forbidden`, `files-exhausted`). */
  start(onRequest: (transaction: ServerTransaction) => void): Promise<readonly ListenPoint[]>;
  /** Bounded: closes sockets; pending requests end as a local 503. */
  stop(): Promise<void>;
  /** Sends with RFC 3261 17.1.2 timers and resolves with the final response. Never rejects. */
  request(request: AddressedRequest): Promise<FinalResponse>;
  /** Requests that have been read and wait to be served. Absent: the engine keeps none. */
  readonly backlog?: number;
  /** The bytes a request of this flow may have without breaking RFC 3261 18.1.1; Infinity for streams. */
  roomBytes(flow: Flow): number;
  /**
   * A path of our own to this very place: for UDP by a listener of its family, for TCP over a connection, kept and used
   * again; null: none can be had. Absent: the engine dials nobody.
   */
  connect?(remote: ListenPoint): Promise<Flow | null>;
  /**
   * The far end is held to be away. What was sent on to it and has not been answered at all goes by its next way, if it has
   * one; a connection is closed, and the next `connect` makes another. Absent: the engine dials nobody.
   */
  disconnect?(flow: Flow): void;
  /** Address and port at which the far end of this path reaches us, as our Via says; null: the path is gone. */
  reachableAt?(flow: Flow): Endpoint | null;
  /** True: a request of this flow may arrive even where its connection is gone. Absent: never. */
  outlasts?(flow: Flow): boolean;
  /** A dialog is over, no request of ours follows in it. Absent: the engine keeps nothing of dialogs. */
  forget?(dialog: { readonly callId: string; readonly localTag: string; readonly remoteTag: string }): void;
}
