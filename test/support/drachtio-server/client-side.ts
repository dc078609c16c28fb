import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { AppHeaders } from './app-headers.ts';
import type { Outgoing, Sent, Way } from './client-transactions.ts';
import type { ControlClient, ControlMessage } from './control-client.ts';
import { type Dialog, dialogId, dialogOfUac, type EarlyDialog } from './dialogs.ts';
import { knownMethods } from './methods.ts';
import { isTerminated, madeUpMeta, metaOf, ownContact, type Shared, timeOf } from './shared.ts';
import type { Path, SipSockets } from './sip-sockets.ts';
import { hostPort, paramOf, placeOf, readSip, split, statusOf, tagOf, untagged, uriOf } from './sip-text.ts';

/** Hears of a response; answers the id of its dialog, '' = none. */
type OnAnswer = (text: string, path: Path | null) => string;

/** `NOK|<why>` to the client. */
class Refused extends Error {}

/** Those sent over the connection that a phone of this name has opened, whatever else they say. */
const overKnownConnection: ReadonlySet<string> = new Set(['INVITE', 'OPTIONS', 'NOTIFY', 'MESSAGE']);
const withContact: ReadonlySet<string> = new Set(['INVITE', 'SUBSCRIBE', 'REFER']);

/** Requests of clients to the network, and their responses. */
export class ClientSide {
  readonly #shared: Shared;
  readonly #sockets: SipSockets;

  constructor(shared: Shared, sockets: SipSockets) {
    this.#shared = shared;
    this.#sockets = sockets;
  }

  /** Fields: transaction, dialog, proxy. False: the server would not survive it. */
  request(message: ControlMessage, client: ControlClient): boolean {
    const [transactionId = '', inDialog = '', proxy = ''] = message.fields;
    try {
      if (inDialog !== '') this.#inDialog(message, client, inDialog);
      else if (transactionId === '') this.#outOfDialog(message, client, proxy);
      else if (!message.startLine.startsWith('CANCEL')) return false;
      else client.answer(message.id, `NOK|unable to cancel unknown transaction id: ${transactionId}`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      client.answer(message.id, `NOK|${error.message}`);
    }
    return true;
  }

  /** `doSendRequestInsideDialog` of sip-dialog-controller.cpp. */
  #inDialog(message: ControlMessage, client: ControlClient, id: string): void {
    const dialog = this.#shared.dialogs.get(id);
    if (dialog === undefined) throw new Refused('Server error: unable to find dialog for dialog id provided');
    const [method = '', asked = ''] = message.startLine.split(' ');
    if (!knownMethods.has(method)) {
      throw new Refused(`Server error: invalid or missing method supplied on start line: ${message.startLine}`);
    }
    const headers = new AppHeaders(message.headerLines, '');
    const type = contentType(headers, message.body, 'Server error: ');
    const { uri, routes } = routed(dialog);
    const way = this.#wayInDialog(dialog, asked.includes('placeholder'));
    const contact =
      withContact.has(method) && headers.get('Contact') === undefined ? [`Contact: ${this.#contact(way)}`] : [];
    const from = `${untagged(headers.get('From') ?? dialog.local)};tag=${dialog.localTag}`;
    const to = `${untagged(headers.get('To') ?? dialog.remote)};tag=${dialog.remoteTag}`;
    dialog.cseq++; // nta_msg_request_complete: what the client says of CSeq is not looked at
    const lines = [
      ...routes.map((route) => `Route: ${route}`),
      `Max-Forwards: ${headers.get('Max-Forwards') ?? 70}`,
      `From: ${from}`,
      `To: ${to}`,
      `Call-ID: ${headers.get('Call-ID') ?? dialog.callId}`,
      `CSeq: ${dialog.cseq} ${method}`,
      ...headers.linesBut('Max-Forwards', 'From', 'To', 'Call-ID', 'CSeq'),
      ...contact,
      ...type,
    ];
    const last = method === 'BYE' || (method === 'NOTIFY' && isTerminated(headers.get('Subscription-State') ?? ''));
    this.#send({ method, uri, lines, body: message.body }, way, message.id, client, () => {
      if (last) this.#shared.dialogs.end(id); // with the answer, whatever it is
      if (client.closed) this.#shared.dialogs.disown(id);
      return id;
    });
  }

  /** `doSendRequestOutsideDialog` of sip-dialog-controller.cpp. */
  #outOfDialog(message: ControlMessage, client: ControlClient, proxy: string): void {
    const [method = '', asked = ''] = message.startLine.split(' ');
    const place = placeOf(asked);
    if (!knownMethods.has(method) || place === null) throw new Refused(`invalid request-uri: ${message.startLine}`);
    const [uri = '', query = ''] = asked.split('?', 2);
    const escaped = headersOf(query);
    const routes = split(escaped.filter(([name]) => name.toLowerCase() === 'route').map(([, value]) => value));
    const known = overKnownConnection.has(method) ? this.#shared.phones.find(uri) : undefined;
    const loose = routes[0] !== undefined && paramOf(routes[0], 'lr') !== undefined ? uriOf(routes[0]) : '';
    const way: Way = known === undefined ? wayTo(proxy || loose || uri) : { kind: 'connection', connection: known };
    const local = this.#local(way);
    if (local === null) throw new Refused('requested protocol/transport not available');
    const headers = new AppHeaders(message.headerLines, hostPort(local.local));
    const type = contentType(headers, message.body, '');
    if (this.#sockets.isOwn(place)) throw new Refused('can not send request to myself');
    const contact = ownContact(local);
    const from = headers.get('From') ?? contact;
    const tagged = tagOf(from) === undefined ? `${from};tag=${randomBytes(6).toString('hex')}` : from;
    const callId = headers.get('Call-ID') ?? randomUUID();
    const cseq = /^\d+/.exec(headers.get('CSeq') ?? '')?.[0] ?? randomInt(1, 2 ** 27);
    const needsContact = (method === 'INVITE' || method === 'SUBSCRIBE') && headers.get('Contact') === undefined;
    const lines = [
      ...routes.map((route) => `Route: ${route}`),
      ...escaped.filter(([name]) => name.toLowerCase() !== 'route').map(([name, value]) => `${name}: ${value}`),
      `Max-Forwards: ${headers.get('Max-Forwards') ?? 70}`,
      `From: ${tagged}`,
      `To: ${headers.get('To') ?? `<${uri}>`}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} ${method}`,
      ...headers.linesBut('Max-Forwards', 'From', 'To', 'Call-ID', 'CSeq'),
      ...(needsContact ? [`Contact: ${contact}`] : []),
      ...type,
    ];
    const early = method === 'SUBSCRIBE' ? earlyDialog(callId, tagged) : null;
    if (early !== null) this.#shared.dialogs.begin(early);
    this.#send({ method, uri, lines, body: message.body }, way, message.id, client, (text, path) =>
      early === null ? '' : this.#settle(early, client, text, path),
    );
  }

  /** The dialog id for the client's ears; a 2xx makes the dialog. */
  #settle(early: EarlyDialog, client: ControlClient, text: string, path: Path | null): string {
    const answer = readSip(text);
    const status = answer === null ? 0 : statusOf(answer);
    if (status < 200) return early.id;
    const { dialogs } = this.#shared;
    dialogs.settle(early);
    if (answer !== null && (status === 200 || status === 202)) {
      dialogs.add(dialogOfUac(early, answer, path?.connection ?? null), client);
    }
    return early.id;
  }

  /** Sends, tells the client what went out, and later what came back; `onAnswer` says in which dialog. */
  #send(request: Outgoing, way: Way, messageId: string, client: ControlClient, onAnswer: OnAnswer): void {
    const { clock, outgoing } = this.#shared;
    const id = randomUUID();
    const sent = outgoing.send(request, way, (text, path) => {
      const transport = sent?.path.transport ?? 'udp';
      const meta = path === null ? madeUpMeta(clock, transport) : metaOf(clock, text.length, path);
      client.sip(`${meta}|${id}|${onAnswer(text, path)}|`, text);
    });
    if (sent === null) throw new Refused('requested protocol/transport not available');
    client.answer(messageId, `OK|${this.#sentMeta(sent)}|${id}|Msg sent:|`, sent.wire);
  }

  /** Of ours for UDP, of the peer for a connection: the name of the transport it went by. */
  #sentMeta({ wire, path }: Sent): string {
    const { address, port } = path.transport === 'udp' ? path.local : path.remote;
    return `application|${wire.length}|${path.transport}|${address}|${port}|${timeOf(this.#shared.clock)}`;
  }

  #wayInDialog(dialog: Dialog, placeholder: boolean): Way {
    const known = placeholder ? this.#shared.phones.find(dialog.target) : undefined;
    if (known !== undefined) return { kind: 'connection', connection: known };
    const { connection } = dialog;
    if (connection !== null && !connection.closed) return { kind: 'connection', connection };
    return wayTo(dialog.natHop || uriOf(dialog.routes[0] ?? '') || dialog.target);
  }

  #contact(way: Way): string {
    const local = this.#local(way);
    return local === null ? '' : ownContact(local);
  }

  /** null: no listener for that. */
  #local(way: Way): Path | null {
    if (way.kind === 'connection') return way.connection.path;
    const local = this.#sockets.local(way.kind, way.address);
    const remote = { address: way.address, port: way.port };
    return local === null ? null : { transport: way.kind, local, remote, connection: null };
  }
}

/** RFC 3261 12.2.1.1, as sofia does it. */
function routed({ target, routes }: Dialog): { readonly uri: string; readonly routes: readonly string[] } {
  const [next] = routes;
  if (next === undefined || paramOf(next, 'lr') !== undefined) return { uri: target, routes };
  return { uri: uriOf(next), routes: [...routes.slice(1), `<${target}>`] };
}

function earlyDialog(callId: string, from: string): EarlyDialog {
  const localTag = tagOf(from) ?? '';
  return { id: dialogId(callId, localTag), callId, localTag, local: untagged(from) };
}

function wayTo(uri: string): Way {
  const place = placeOf(uri);
  if (place === null) throw new Refused(`invalid request-uri: ${uri}`);
  const address = place.host === 'localhost' ? '127.0.0.1' : place.host;
  return { kind: place.transport === 'tcp' ? 'tcp' : 'udp', address, port: place.port };
}

/** RFC 3261 19.1.1: headers in a URI; `body` is none. */
function headersOf(query: string): [name: string, value: string][] {
  return query.split('&').flatMap((part): [string, string][] => {
    const equals = part.indexOf('=');
    const name = part.slice(0, equals);
    if (equals <= 0 || name.toLowerCase() === 'body') return [];
    const value = part
      .slice(equals + 1)
      .replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
    return [[name, value]];
  });
}

/** The line for it, where it is to be guessed. */
function contentType(headers: AppHeaders, body: string, prefix: string): string[] {
  if (body === '' || headers.get('Content-Type') !== undefined) return [];
  if (!body.startsWith('v=0')) throw new Refused(`${prefix}missing content-type`);
  return ['Content-Type: application/sdp'];
}
