import { randomUUID } from 'node:crypto';
import { AppHeaders } from './app-headers.ts';
import type { ControlClient, ControlMessage } from './control-client.ts';
import { type Dialog, dialogOfUas } from './dialogs.ts';
import type { Incoming, Received } from './server-transactions.ts';
import { isTerminated, metaOf, ownContact, type Shared, timeOf } from './shared.ts';
import { first, hostPort, methodOf, paramOf, tagOf, uriOf } from './sip-text.ts';

/** A request of the network that a client has, and has not answered. */
interface Pending {
  readonly incoming: Incoming;
  readonly client: ControlClient;
  /** null: it came out of dialog. */
  readonly dialog: Dialog | null;
}

/** Those that go to a client out of dialog; the others are answered here, or dropped without a word. */
const routed: ReadonlySet<string> = new Set([
  'INVITE',
  'REGISTER',
  'MESSAGE',
  'OPTIONS',
  'INFO',
  'NOTIFY',
  'SUBSCRIBE',
  'PUBLISH',
]);
const refused: ReadonlySet<string> = new Set(['BYE', 'UPDATE']);
const dialogForming: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE']);
const unknown = 'Response not sent due to unknown transaction';
const gone = 'SIP/2.0 481 Call/Transaction Does Not Exist';
const noHeaders = new AppHeaders([], '');

/** Requests of the network to clients, and what they answer. */
export class NetworkSide {
  readonly #shared: Shared;
  readonly #pending = new Map<string, Pending>();

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** `processMessageStatelessly` of controller.cpp, and sofia before it. */
  onRequest(received: Received): void {
    const incoming = this.#shared.incoming.open(received);
    if (incoming === null) return;
    const cancelled = incoming.method === 'CANCEL' ? this.#shared.incoming.cancelled(received) : undefined;
    if (cancelled !== undefined && cancelled.method !== 'INVITE') {
      incoming.tag = cancelled.tag; // incoming_cancel of sofia: understood, and of no consequence
      this.#reply(incoming, 'SIP/2.0 200 OK');
    } else if (isSane(received)) this.#dispatch(incoming);
    else this.#reply(incoming, 'SIP/2.0 400 Bad Request');
  }

  #dispatch(incoming: Incoming): void {
    const { message } = incoming.received;
    const toTag = tagOf(first(message, 'to'));
    const dialog = this.#shared.dialogs.find(first(message, 'call-id'), tagOf(first(message, 'from')), toTag);
    if (dialog !== undefined) this.#inDialog(incoming, dialog);
    else this.#outOfDialog(incoming, toTag);
  }

  /** `doRespondToSipRequest` of sip-dialog-controller.cpp. */
  respond(message: ControlMessage, client: ControlClient): void {
    const { id, fields, startLine } = message;
    const [transactionId = ''] = fields;
    const pending = this.#pending.get(transactionId);
    const why = pending === undefined ? unknown : this.#whyNot(pending, message);
    if (Number(startLine.split(' ')[1]) >= 200) this.#pending.delete(transactionId);
    if (pending === undefined || why !== null) {
      client.answer(id, `NOK|${why}`);
      return;
    }
    const [inDialog, wire] = this.#send(pending, message);
    const { address, port } = pending.incoming.received.path.remote;
    const time = timeOf(this.#shared.clock);
    // the protocol is empty: it is not known for what is only going out
    const meta = `application|${wire.length}||${address}|${port}|${time}|${transactionId}|${inDialog}||Msg sent:|`;
    client.answer(id, `OK|${meta}`, wire);
  }

  clear(): void {
    this.#pending.clear();
  }

  /** null: the answer can go out. */
  #whyNot({ incoming, dialog }: Pending, { headerLines }: ControlMessage): string | null {
    if (incoming.lost) return dialog === null ? unknown : 'transport for response has been shutdown or closed';
    if (dialog !== null || !dialogForming.has(incoming.method)) return null;
    const { id } = this.#prepare(incoming, new AppHeaders(headerLines, ''));
    if (this.#shared.dialogs.get(id) === undefined) return null;
    this.#answer(incoming, 'SIP/2.0 480 Temporarily Unavailable');
    return 'dialog already exists, rejecting this request';
  }

  /** What the client answers, as it goes out, and the dialog it belongs to. */
  #send({ incoming, dialog, client }: Pending, message: ControlMessage): [dialogId: string, wire: string] {
    const { startLine, headerLines, body } = message;
    const { path } = incoming.received;
    const status = Number(startLine.split(' ')[1]);
    const headers = new AppHeaders(headerLines, hostPort(path.local));
    const forming = dialogForming.has(incoming.method);
    const made = dialog === null && forming ? this.#prepare(incoming, headers) : null;
    // in a dialog a SUBSCRIBE gets a Contact whatever the answer, else a 2xx only
    const needsContact = forming && (dialog !== null || (status >= 200 && status < 300));
    const contact = needsContact && headers.get('Contact') === undefined ? [`Contact: ${ownContact(path)}`] : [];
    const wire = incoming.respond(startLine, headers, contact, body);
    if (status >= 200) this.#shared.incoming.answered(incoming);
    this.#learn(incoming, status, headers);
    const agreed = incoming.method === 'SUBSCRIBE' && (status === 200 || status === 202);
    if (made !== null && agreed) this.#shared.dialogs.add(made, client);
    return [dialog?.id ?? made?.id ?? '', wire];
  }

  #outOfDialog(incoming: Incoming, toTag: string | undefined): void {
    const { method } = incoming;
    if (method === 'CANCEL') {
      this.#cancel(incoming);
      return;
    }
    if (method === 'INVITE') incoming.respond('SIP/2.0 100 Trying', noHeaders, [], '');
    if (refused.has(method) || (method === 'INVITE' && toTag !== undefined)) this.#reply(incoming, gone);
    else if (routed.has(method)) this.#route(incoming, toTag);
  }

  /** To the client whose turn it is. */
  #route(incoming: Incoming, toTag: string | undefined): void {
    const { method, received } = incoming;
    const client = this.#shared.routes.next(method);
    if (client === undefined) {
      this.#reply(incoming, 'SIP/2.0 503 Service Unavailable');
      return;
    }
    const id = this.#keep(incoming, client, null);
    const { address, port } = received.path.local;
    client.sip(`${this.#meta(received)}|${id}||${address}|${port}|`, received.text);
    // of a SUBSCRIBE of ours that has no answer yet: whatever the client says, it comes too late
    if (this.#shared.dialogs.isEarly(first(received.message, 'call-id'), toTag)) this.#fail(id, incoming);
  }

  /** An INVITE that a client has is refused for it; all else only hears that the CANCEL was understood. */
  #cancel(cancel: Incoming): void {
    const { received } = cancel;
    const callId = first(received.message, 'call-id');
    for (const [id, { incoming, client, dialog }] of this.#pending) {
      const { message } = incoming.received;
      if (dialog !== null || incoming.method !== 'INVITE' || first(message, 'call-id') !== callId) continue;
      this.#pending.delete(id);
      client.sip(`${this.#meta(received)}|${id}||`, received.text);
      this.#reply(cancel, 'SIP/2.0 200 OK');
      this.#answer(incoming, 'SIP/2.0 487 Request Terminated');
      return;
    }
    this.#reply(cancel, gone);
  }

  /** `processRequestInsideDialog` of sip-dialog-controller.cpp. */
  #inDialog(incoming: Incoming, dialog: Dialog): void {
    const { method, received } = incoming;
    const { dialogs } = this.#shared;
    incoming.tag = dialog.localTag;
    incoming.known = true;
    const client = dialogs.clientOf(dialog.id);
    const last =
      method === 'BYE' || (method === 'NOTIFY' && isTerminated(first(received.message, 'subscription-state')));
    if (last) dialogs.disown(dialog.id);
    if (last && (method === 'BYE' || client !== undefined)) dialogs.end(dialog.id);
    if (client === undefined) {
      this.#answer(incoming, gone);
      return;
    }
    const id = this.#keep(incoming, client, dialog);
    client.sip(`${this.#meta(received)}|${id}|${dialog.id}|`, received.text);
    // clearDanglingIncomingRequests: the end of the dialog takes the request along that ended it
    if (last && method === 'NOTIFY') this.#fail(id, incoming);
  }

  #fail(id: string, incoming: Incoming): void {
    this.#pending.delete(id);
    this.#answer(incoming, 'SIP/2.0 500 Internal Server Error');
  }

  #keep(incoming: Incoming, client: ControlClient, dialog: Dialog | null): string {
    const id = randomUUID();
    this.#pending.set(id, { incoming, client, dialog });
    this.#shared.incoming.keep(incoming, () => this.#pending.delete(id));
    return id;
  }

  /** The dialog a 2xx would make; the client may choose our tag by the To of its answer. */
  #prepare(incoming: Incoming, headers: AppHeaders): Dialog {
    incoming.tag = tagOf(headers.get('To') ?? '') ?? incoming.tag;
    return dialogOfUas(incoming.received, incoming.tag);
  }

  /** The connection of a phone that subscribed or registered is where requests to its Contact go. */
  #learn({ method, received }: Incoming, status: number, headers: AppHeaders): void {
    const { connection } = received.path;
    const contact = uriOf(first(received.message, 'contact'));
    const own = method === 'REGISTER' ? paramOf(headers.get('Contact') ?? '', 'expires') : undefined;
    const expires = Number(own ?? headers.get('Expires') ?? 0);
    const agreed = method === 'SUBSCRIBE' ? status === 200 || status === 202 : method === 'REGISTER' && status === 200;
    if (agreed && connection !== null && contact !== '') this.#shared.phones.learn(contact, connection, expires);
  }

  /** By itself, without asking a client, and without a transaction: a repetition is looked at anew. */
  #reply(incoming: Incoming, startLine: string): void {
    incoming.respond(startLine, noHeaders, [], '');
  }

  /** The same in a transaction. */
  #answer(incoming: Incoming, startLine: string): void {
    this.#reply(incoming, startLine);
    this.#shared.incoming.answered(incoming);
  }

  #meta({ bytes, path }: Received): string {
    return metaOf(this.#shared.clock, bytes, path);
  }
}

/** sip_sanity_check of sofia. */
function isSane({ message }: Received): boolean {
  const [number = '', method] = first(message, 'cseq').split(/[ \t]+/);
  const named = ['from', 'to', 'call-id', 'via'].every((name) => first(message, name) !== '');
  return named && /^\d+$/.test(number) && method === methodOf(message);
}
