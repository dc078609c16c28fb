import { systemClock, within } from '../../../src/model/clock.ts';
import { Agent, type Answer, type Draft, type Respond } from '../phone/agent.ts';
import { Dialog, dialogKey } from '../phone/dialog.ts';
import { addressUri, type Header, Message, tagOf } from '../phone/message.ts';
import type { Place } from '../phone/wire.ts';
import { lastingPort } from '../ports.ts';
import { B2bCall } from './b2b-call.ts';
import { nextHop, PbxPorts } from './ports.ts';

/** A registration as the PBX keeps it. */
export interface Binding {
  /** The Contact URI it was given, and nothing else of it. */
  readonly contact: string;
  /** Path values (RFC 3327), the topmost first. */
  readonly path: readonly string[];
}

/** Answers a request itself; null: as the PBX does. */
export type Script = (request: Message) => Answer | null;

/**
 * A small PBX on loopback for tests: a registrar without passwords, and a back-to-back user agent that connects the phones
 * registered with it. It reads and writes SIP with the test phone's code, follows Route as RFC 3261 asks, and remembers
 * what came.
 */
export class Upstream {
  /** Every request that came, oldest first; `from`: by what. */
  readonly received: { readonly request: Message; readonly raw: string; readonly by: string }[] = [];
  readonly bindings = new Map<string, Binding>();
  readonly calls: B2bCall[] = [];
  /** First to be asked. */
  script: Script = () => null;
  /** False: it hears, and says nothing. */
  answers = true;
  #ports!: PbxPorts;
  #agents!: Readonly<Record<'udp' | 'tcp', Agent>>;
  readonly #legs = new Map<string, B2bCall>();
  readonly #watching = new Set<() => void>();

  static async open(host = '127.0.0.1', port?: number): Promise<Upstream> {
    const upstream = new Upstream();
    const local = { host, port: port ?? (await lastingPort()) };
    upstream.#ports = await PbxPorts.open(local, (bytes, reply, by) => upstream.#onBytes(bytes, reply, by));
    upstream.#agents = { udp: upstream.#agent('udp'), tcp: upstream.#agent('tcp') };
    return upstream;
  }

  get local(): Place {
    return this.#ports.local;
  }

  get place(): string {
    return `${this.local.host}:${this.local.port}`;
  }

  /** Requests of a method that came. */
  of(method: string): readonly Message[] {
    return this.received.map(({ request }) => request).filter((request) => request.method === method);
  }

  /** Waits until there is what `find` seeks. */
  async until<T>(find: () => T | undefined, what: string): Promise<T> {
    const found = new Promise<T>((resolve) => {
      const look = (): void => {
        const value = find();
        if (value === undefined) return;
        this.#watching.delete(look);
        resolve(value);
      };
      this.#watching.add(look);
      look();
    });
    return within(systemClock, 20_000, found, () => {
      throw new Error(`never at the PBX: ${what}; it got ${this.received.map(({ request }) => request.start)}`);
    });
  }

  /** The n-th request of a method, from 1. */
  nth(method: string, count = 1): Promise<Message> {
    return this.until(() => this.of(method)[count - 1], `${count} x ${method}`);
  }

  /** What a request to a registered phone is addressed by: its Contact, and Path as Routes. */
  toPhone(user: string): { readonly uri: string; readonly routes: readonly Header[] } {
    const binding = this.bindings.get(user);
    if (binding === undefined) throw new Error(`${user} has not registered`);
    return { uri: binding.contact, routes: binding.path.map((value): Header => ['Route', value]) };
  }

  /** One request of the PBX's own outside of any dialog; resolves with the final response. */
  async ask(method: string, user: string, headers: readonly Header[] = [], body?: string): Promise<Message> {
    const { uri, routes } = this.toPhone(user);
    return this.send(method, uri, [...routes, ...headers], body);
  }

  /** The same to any URI. */
  async send(method: string, uri: string, headers: readonly Header[] = [], body?: string): Promise<Message> {
    const dialog = Dialog.outgoing(`sip:pbx@${this.place}`, uri);
    const draft = dialog.draft(method, headers, body);
    const { response } = await this.agentFor(draft).send(draft, dialog.nextCseq);
    return response;
  }

  /** Answers the requests of a method that make dialogs with 200 from now on; gives the dialogs, the newest last. */
  accept(method: string, headers: readonly Header[] = []): readonly Dialog[] {
    const dialogs: Dialog[] = [];
    this.script = (request) => {
      if (request.method !== method) return null;
      const contact: Header = ['Contact', `<sip:pbx@${this.place}>`];
      const isNew = tagOf(request.header('To')) === undefined;
      const dialog = isNew ? Dialog.incoming(request) : undefined;
      if (dialog !== undefined) dialogs.push(dialog);
      return { status: 200, headers: [contact, ...headers], ...(dialog && { toTag: dialog.localTag }) };
    };
    return dialogs;
  }

  /** A request in a dialog of the PBX's own. */
  async inside(dialog: Dialog, method: string, headers: readonly Header[] = [], body?: string): Promise<Message> {
    const draft = dialog.draft(method, headers, body);
    return (await this.agentFor(draft).send(draft, dialog.nextCseq)).response;
  }

  agentFor({ uri, headers }: Pick<Draft, 'uri' | 'headers'>): Agent {
    return this.#agents[nextHop(new Message(`X ${uri} SIP/2.0`, headers)).transport];
  }

  /** Connections that stand lead nowhere from now on; new ones do. */
  strand(): void {
    this.#ports.strand();
  }

  /** Bytes as they are. */
  raw(bytes: Buffer | string, to: Place, transport: 'udp' | 'tcp' = 'udp'): void {
    this.#ports.send(bytes, { ...to, transport });
  }

  keep(call: B2bCall, dialog: Dialog): void {
    this.#legs.set(dialogKey(dialog.callId, dialog.localTag), call);
  }

  async close(): Promise<void> {
    for (const agent of Object.values(this.#agents)) agent.fail('the PBX was closed');
    await this.#ports.close();
  }

  #agent(transport: 'udp' | 'tcp'): Agent {
    return new Agent({
      wire: this.#ports.wire(transport),
      clock: systemClock,
      credentials: { user: 'pbx', password: 'none' },
      algorithm: 'first-offered',
      reuseNonce: false,
      rport: true,
      contact: `<sip:pbx@${this.place}${transport === 'tcp' ? ';transport=tcp' : ''}>`,
      userAgent: 'test-pbx/1.0',
      onSent: () => undefined,
    });
  }

  #onBytes(bytes: Buffer, reply: (bytes: Buffer) => void, by: string): void {
    if (bytes.every((byte) => byte === 0x0d || byte === 0x0a || byte === 0)) return;
    const message = Message.parse(bytes);
    if (message.isResponse) {
      for (const agent of Object.values(this.#agents)) if (agent.onResponse(message)) return;
      return;
    }
    this.received.push({ request: message, raw: bytes.toString('latin1'), by });
    const agent = this.#agents[by === 'tcp' ? 'tcp' : 'udp'];
    const respond = message.method === 'ACK' ? () => undefined : agent.serve(message, reply);
    if (respond !== undefined && this.answers) this.#serve(message, respond, agent);
    for (const look of [...this.#watching]) look();
  }

  #serve(request: Message, respond: Respond, agent: Agent): void {
    const scripted = this.script(request);
    const leg = this.#legs.get(dialogKey(request.header('Call-ID') ?? '', tagOf(request.header('To')) ?? ''));
    if (scripted !== null) respond(scripted);
    else if (leg !== undefined) leg.onRequest(request, respond);
    else if (request.method === 'ACK') return;
    else if (request.method === 'CANCEL') this.#cancel(request, respond);
    else if (tagOf(request.header('To')) !== undefined) respond({ status: 481 });
    else if (request.method === 'REGISTER') this.#register(request, respond);
    else if (request.method === 'INVITE') this.#invite(request, respond, agent);
    else if (request.method === 'MESSAGE') void this.#message(request, respond);
    else respond({ status: 200 });
  }

  #register(request: Message, respond: Respond): void {
    const user = userOf(request.header('To') ?? '');
    const contact = request.header('Contact');
    const expires = Number(/;expires=(\d+)/.exec(contact ?? '')?.[1] ?? request.header('Expires') ?? 3600);
    if (contact !== undefined && contact !== '*' && expires > 0) {
      this.bindings.set(user, { contact: addressUri(contact), path: request.all('Path') });
    } else if (contact !== undefined) this.bindings.delete(user);
    const bound = this.bindings.get(user);
    const headers: Header[] = bound === undefined ? [] : [['Contact', `<${bound.contact}>;expires=${expires}`]];
    respond({ status: 200, headers: [...headers, ...request.all('Path').map((value): Header => ['Path', value])] });
  }

  #invite(request: Message, respond: Respond, agent: Agent): void {
    const user = userOf(request.uri);
    respond({ status: 100 });
    if (!this.bindings.has(user)) {
      respond({ status: 404 });
      return;
    }
    const call = new B2bCall(this, agent, request, respond, user);
    this.calls.push(call);
    void call.start();
  }

  #cancel(request: Message, respond: Respond): void {
    const call = this.calls.find(({ callId }) => callId === request.header('Call-ID'));
    respond({ status: call === undefined ? 481 : 200 });
    void call?.cancel();
  }

  async #message(request: Message, respond: Respond): Promise<void> {
    const user = userOf(request.uri);
    if (!this.bindings.has(user)) return respond({ status: 404 });
    const type: Header = ['Content-Type', request.header('Content-Type') ?? 'text/plain'];
    const { status } = await this.ask('MESSAGE', user, [type], request.text);
    respond({ status });
  }
}

function userOf(value: string): string {
  return /sips?:([^@;>]+)@/.exec(value)?.[1] ?? '';
}
