import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { type Clock, systemClock, within } from '../../src/model/clock.ts';
import { Agent, type Respond } from './phone/agent.ts';
import { type CallEnd, IncomingCall, type Media, OutgoingCall } from './phone/call.ts';
import { Dialog, dialogKey } from './phone/dialog.ts';
import type { AlgorithmChoice } from './phone/digest.ts';
import { Inbox } from './phone/inbox.ts';
import { type Header, Message, tagOf } from './phone/message.ts';
import { type Notify, read, type SubscribeOptions, Subscription } from './phone/subscription.ts';
import { openWire, type PhoneTransport, type Place, type Wire, type WireEvents } from './phone/wire.ts';

export {
  type DialogEntry,
  type DialogInfo,
  dialogInfo,
  type FeatureEvent,
  featureEvents,
  featureType,
  lamp,
  parts,
  setDnd,
  setForward,
} from './phone/bodies.ts';
export type { CallEnd, IncomingCall, OutgoingCall } from './phone/call.ts';
export { Message } from './phone/message.ts';
export type { Notify, NotifyAnswer, RefreshOptions, SubscribeOptions, Subscription } from './phone/subscription.ts';

export interface PhoneOptions {
  readonly user: string;
  readonly password: string;
  /** Host part of its address of record. */
  readonly domain: string;
  readonly server: { readonly host: string; readonly port: number; readonly transport: PhoneTransport };
  readonly userAgent?: string;
  /** Default: a free one. Over TCP the port it listens on. */
  readonly localPort?: number;
  /** Default: loopback of the server's family. */
  readonly localAddress?: string;
  /** Default `first-offered`. */
  readonly algorithm?: AlgorithmChoice;
  /** Host written in Contact, for phones that tell a private address; default the real one. */
  readonly contactHost?: string;
  /** Default true: a CSeq that does not grow is answered 500. */
  readonly strict?: boolean;
  /** Default false: every request starts without credentials. True: the last nonce is used on, with a growing nc. */
  readonly reuseNonce?: boolean;
  /** Default true. COMPAT(Polycom, old Aastra): false leaves `rport` out of Via. */
  readonly rport?: boolean;
  /** Lines at the end of each SDP; default none. */
  readonly sdpLines?: readonly string[];
  /** Another way to the server than a socket of this process on loopback. */
  readonly wire?: (server: Place, local: Place, events: WireEvents) => Promise<Wire>;
  readonly clock?: Clock;
}

const allow = 'INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REFER, UPDATE';

/**
 * A small desk phone on loopback, for tests: registers, subscribes, presses keys, places and takes calls. It reads and
 * writes SIP with code of its own and behaves like a strict phone, so that a fault of the product shows here.
 */
export class Phone {
  readonly user: string;
  /** Its address of record as URI. */
  readonly uri: string;
  readonly port: number;
  /** What went over the wire, newest last, at most 400 messages: `> …` sent, `< …` received. */
  readonly trace: string[] = [];
  readonly #options: PhoneOptions;
  readonly #clock: Clock;
  readonly #wire: Wire;
  readonly #agent: Agent;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #calls = new Map<string, OutgoingCall | IncomingCall>();
  readonly #incoming: Inbox<IncomingCall>;
  readonly #unsolicited: Inbox<Notify>;
  readonly #requests: Inbox<Message>;
  readonly #stray: Inbox<Message>;
  readonly #disconnects: Inbox<string>;
  readonly #registration: Dialog;
  #onCall: ((call: IncomingCall) => void) | undefined;
  #rtp: Socket | undefined;

  static async open(options: PhoneOptions): Promise<Phone> {
    const { server } = options;
    const local = {
      host: options.localAddress ?? (isIPv6(server.host) ? '::1' : '127.0.0.1'),
      port: options.localPort ?? 0,
    };
    let phone: Phone | undefined;
    const events: WireEvents = {
      bytes: (bytes, reply) => {
        if (phone) phone.#onBytes(bytes, reply);
      },
      down: (reason) => {
        if (phone) phone.#onDown(reason);
      },
    };
    const wire = options.wire
      ? await options.wire(server, local, events)
      : await openWire(server.transport, server, local, events);
    phone = new Phone(options, wire);
    return phone;
  }

  private constructor(options: PhoneOptions, wire: Wire) {
    this.user = options.user;
    this.uri = `sip:${options.user}@${options.domain}`;
    this.#options = options;
    this.#wire = wire;
    this.#clock = options.clock ?? systemClock;
    this.port = wire.local.port;
    const host = options.contactHost ?? wire.local.host;
    const named = wire.transport === 'wss' ? 'ws' : wire.transport;
    const transport = named === 'udp' ? '' : `;transport=${named}`;
    this.#agent = new Agent({
      wire,
      clock: this.#clock,
      credentials: options,
      algorithm: options.algorithm ?? 'first-offered',
      reuseNonce: options.reuseNonce ?? false,
      rport: options.rport ?? true,
      contact: `<sip:${options.user}@${isIPv6(host) ? `[${host}]` : host}:${this.port}${transport}>`,
      userAgent: options.userAgent ?? 'test-phone/1.0',
      onSent: (message) => this.#note('>', message),
    });
    this.#registration = Dialog.outgoing(this.uri, this.uri);
    const start = ({ start: line }: Message) => line;
    this.#incoming = new Inbox(this.#clock, 'call', (call) => call.invite.header('From') ?? '');
    this.#unsolicited = new Inbox(this.#clock, 'unsolicited NOTIFY', ({ event, body }) => `${event} ${body}`);
    this.#requests = new Inbox(this.#clock, 'request', start);
    this.#stray = new Inbox(this.#clock, 'response', start);
    this.#disconnects = new Inbox(this.#clock, 'disconnect', (reason) => reason);
  }

  /** What its Contact header says. */
  get contact(): string {
    return this.#agent.contact;
  }

  /** How often the server asked for credentials. */
  get challenged(): number {
    return this.#agent.challenged;
  }

  /** Breaches seen in all its subscriptions; empty is right. */
  get violations(): readonly string[] {
    return [...this.#subscriptions.values()].flatMap(({ violations }) => violations);
  }

  /** Final response of the registrar; `expires` in seconds, not refreshed by itself. */
  async register(expires = 300, headers: readonly Header[] = []): Promise<Message> {
    const draft = {
      ...this.#registration.draft('REGISTER', [['Contact', this.contact], ['Expires', String(expires)], ...headers]),
      uri: `sip:${this.#options.domain}`, // RFC 3261 10.2: no user part
    };
    const { response } = await this.#agent.send(draft, this.#registration.nextCseq);
    return response;
  }

  unregister(): Promise<Message> {
    return this.register(0);
  }

  /** Resolves with the final response in hand, whatever it is; a NOTIFY may have come before it. */
  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    const dialog = Dialog.outgoing(this.uri, this.#uriOf(options.resource ?? this.user));
    const made = new Subscription(this.#agent, dialog, options, this.#options.strict ?? true);
    this.#subscriptions.set(dialog.key, made);
    await made.start();
    if (made.response.status >= 300) this.#subscriptions.delete(dialog.key);
    return made;
  }

  /** Any other request out of a dialog, such as PUBLISH or OPTIONS, with credentials when asked. */
  async request(method: string, target: string, headers: readonly Header[] = [], body?: string): Promise<Message> {
    const dialog = Dialog.outgoing(this.uri, this.#uriOf(target));
    const { response } = await this.#agent.send(dialog.draft(method, headers, body), dialog.nextCseq);
    return response;
  }

  /** Places a call to a number, a feature code or a URI. */
  async invite(target: string, headers: readonly Header[] = []): Promise<OutgoingCall> {
    const dialog = Dialog.outgoing(this.uri, this.#uriOf(target));
    const call = new OutgoingCall(this.#agent, dialog, await this.#media());
    this.#calls.set(dialog.key, call);
    void call.start(headers);
    return call;
  }

  /** Calls a feature code such as `*78` and waits until the PBX ends the call; hangs up and rejects when it does not. */
  async dial(code: string, timeoutMs = 10_000): Promise<CallEnd> {
    const call = await this.invite(code);
    return within(this.#clock, timeoutMs, call.ended, async () => {
      await call.hangup();
      throw new Error(`${code} was not ended by the PBX within ${timeoutMs} ms`);
    });
  }

  /** The next call that rings here. */
  nextCall(timeoutMs?: number): Promise<IncomingCall> {
    return this.#incoming.next(undefined, timeoutMs);
  }

  /** Called for every call that rings here, besides `nextCall`. */
  onCall(listener: (call: IncomingCall) => void): void {
    this.#onCall = listener;
  }

  /** NOTIFYs without a dialog, such as a PBX's message-waiting; answered 200. */
  nextUnsolicited(predicate?: (notify: Notify) => boolean, timeoutMs?: number): Promise<Notify> {
    return this.#unsolicited.next(predicate, timeoutMs);
  }

  /** OPTIONS and MESSAGE out of a dialog; answered 200. */
  nextRequest(predicate?: (request: Message) => boolean, timeoutMs?: number): Promise<Message> {
    return this.#requests.next(predicate, timeoutMs);
  }

  /** Sends the bytes as they are. */
  raw(text: string | Buffer): void {
    this.#wire.send(typeof text === 'string' ? Buffer.from(text, 'utf8') : text);
  }

  /** A response that answers none of the phone's own requests: what `raw` brought. */
  nextResponse(predicate?: (response: Message) => boolean, timeoutMs?: number): Promise<Message> {
    return this.#stray.next(predicate, timeoutMs);
  }

  /** Not over UDP: the server closed the connection; gives the reason. The next request dials again. */
  nextDisconnect(timeoutMs?: number): Promise<string> {
    return this.#disconnects.next(undefined, timeoutMs);
  }

  /** Falls silent at once, like a phone whose plug is pulled: no BYE, no unsubscribe. */
  async close(): Promise<void> {
    const reason = `phone ${this.user} was closed`;
    this.#agent.fail(reason);
    for (const call of this.#calls.values()) call.abandon(reason);
    for (const one of this.#subscriptions.values()) one.close(reason);
    for (const inbox of [this.#incoming, this.#unsolicited, this.#requests, this.#stray, this.#disconnects])
      inbox.close(reason);
    await this.#wire.close();
    const rtp = this.#rtp;
    this.#rtp = undefined;
    if (rtp) await new Promise<void>((done) => rtp.close(() => done()));
  }

  #onDown(reason: string): void {
    this.#agent.fail(reason);
    this.#disconnects.push(reason);
  }

  #onBytes(bytes: Buffer, reply: (bytes: Buffer) => void): void {
    if (bytes.every((byte) => byte === 0x0d || byte === 0x0a || byte === 0)) return; // keep-alive
    const message = Message.parse(bytes); // a server that sends no SIP fails the test here
    this.#note('<', message);
    if (message.isResponse) this.#onResponse(message);
    else this.#onRequest(message, reply);
  }

  #onResponse(response: Message): void {
    if (this.#agent.onResponse(response)) return;
    const call = this.#calls.get(dialogKey(response.header('Call-ID') ?? '', tagOf(response.header('From')) ?? ''));
    const accepted = response.status >= 200 && response.status < 300 && /\bINVITE$/.test(response.header('CSeq') ?? '');
    if (call && accepted) call.onAcceptedAgain(response);
    else this.#stray.push(response);
  }

  #onRequest(request: Message, reply: (bytes: Buffer) => void): void {
    const key = dialogKey(request.header('Call-ID') ?? '', tagOf(request.header('To')) ?? '');
    const subscription = this.#subscriptions.get(key);
    const call = this.#calls.get(key);
    if (request.method === 'ACK') {
      call?.onRequest(request, () => undefined);
      return;
    }
    const respond = this.#agent.serve(request, reply);
    if (!respond) subscription?.onRetransmission(request);
    else if (request.method === 'CANCEL') this.#onCancel(request, respond);
    else if (request.method === 'NOTIFY' && subscription) void subscription.onNotify(request, respond);
    else if (call) call.onRequest(request, respond);
    else if (tagOf(request.header('To')) !== undefined)
      respond({ status: 481 }); // RFC 3261 12.2.2
    else this.#onNewRequest(request, respond);
  }

  #onNewRequest(request: Message, respond: Respond): void {
    const headers: Header[] = [['Allow', allow]];
    switch (request.method) {
      case 'INVITE':
        void this.#onInvite(request, respond);
        break;
      case 'NOTIFY':
        this.#unsolicited.push(read(request));
        respond({ status: 200 });
        break;
      case 'OPTIONS':
      case 'MESSAGE':
        respond({ status: 200, headers });
        this.#requests.push(request);
        break;
      default:
        respond({ status: 405, reason: 'Method Not Allowed', headers });
    }
  }

  async #onInvite(request: Message, respond: Respond): Promise<void> {
    const dialog = Dialog.incoming(request);
    const call = new IncomingCall(this.#agent, dialog, await this.#media(), request, respond);
    this.#calls.set(dialog.key, call);
    this.#onCall?.(call);
    this.#incoming.push(call);
  }

  #onCancel(request: Message, respond: Respond): void {
    const callId = request.header('Call-ID');
    const ringing = [...this.#calls.values()].find(
      (call): call is IncomingCall => call instanceof IncomingCall && call.dialog.callId === callId && !call.isOver,
    );
    if (ringing) ringing.onCancel(respond);
    else respond({ status: 481 });
  }

  #uriOf(target: string): string {
    return /^(sips?|tel|pres|urn):/i.test(target) ? target : `sip:${target}@${this.#options.domain}`;
  }

  /** Bound, so that what the PBX sends there meets nobody else. */
  async #media(): Promise<Media> {
    if (!this.#rtp) {
      this.#rtp = createSocket('udp4');
      this.#rtp.on('error', () => undefined);
      this.#rtp.bind(0, '127.0.0.1');
      await once(this.#rtp, 'listening');
    }
    return { port: this.#rtp.address().port, lines: this.#options.sdpLines ?? [] };
  }

  #note(mark: '>' | '<', message: Message): void {
    this.trace.push(`${mark} ${message.toString()}`);
    if (this.trace.length > 400) this.trace.shift();
  }
}
