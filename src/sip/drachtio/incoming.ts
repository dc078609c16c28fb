import type { Logger } from '../../model/logger.ts';
import type { Random } from '../../model/random.ts';
import type { Grid } from '../../model/tally.ts';
import type { Tap } from '../../model/trace.ts';
import { newTag } from '../dialog.ts';
import type { Complaints } from '../embedded/complaints.ts';
import { ReceivedRequest } from '../embedded/received-request.ts';
import { malformedCost, type SourceLimits } from '../embedded/source-limits.ts';
import type { Flow, ListenPoint, ServerTransaction, SipAnswer } from '../engine.ts';
import { readContact } from '../headers.ts';
import { type ParsedRequest, parseMessage } from '../message/parse.ts';
import { reasonPhrase } from '../message/reasons.ts';
import { writtenAnswer } from './answers.ts';
import type { Control, Malformed } from './control.ts';
import { dialogName, type HeldDialogs } from './dialogs.ts';
import { flowOf } from './places.ts';
import { JoinedRequest, nameProblem } from './received.ts';
import type { SrfRequest, SrfResponse } from './srf.ts';
import { DrachtioTransaction } from './transaction.ts';

export interface IncomingOptions {
  readonly logger: Logger;
  readonly complaints: Complaints;
  readonly limits: SourceLimits;
  /** For Server; the empty string leaves it out. */
  readonly serverName: string;
  readonly dialogs: HeldDialogs;
  readonly random: Random;
  /** Counts answers, by method and status. */
  readonly counts?: Grid | undefined;
  /** null: nobody wants to see what passes. */
  readonly tap: Tap | null;
  readonly onRequest: (transaction: ServerTransaction) => void;
}

/** A request as it came, with the connection that takes its answer. */
interface Arrived {
  readonly control: Control;
  readonly response: SrfResponse;
  readonly message: ParsedRequest;
  readonly flow: Flow;
  readonly bytes: number;
  /** The server's name of its dialog; null: it knows none. */
  readonly inDialog: string | null;
}

/** How long a source that asks too much is sent away for; seconds. */
const laterSeconds = 10;

/** Requests of the network: read by our own parser from the text that the server passes on, and each one answered. */
export class Incoming {
  readonly #options: IncomingOptions;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  malformed(request: Malformed): void {
    const flow = flowOf(request, [], null);
    const { transport, remote } = flow;
    this.#options.tap?.passed('in', flow, Buffer.from(request.raw, 'utf8'));
    this.#complain(`${transport}:${remote.address}`, remote.address, request.method, request.reason);
  }

  take(control: Control, request: SrfRequest, response: SrfResponse, points: readonly ListenPoint[]): void {
    const { limits, complaints, dialogs, counts } = this.#options;
    const bytes = Buffer.from(request.raw, 'utf8');
    const parsed = parseMessage(bytes, 'datagram');
    const known = parsed.kind === 'request' ? dialogs.get(nameOf(parsed)) : null;
    const flow = flowOf(request, points, known?.local ?? null);
    this.#options.tap?.passed('in', flow, bytes);
    const source = `${flow.transport}:${flow.remote.address}`;
    const { address } = flow.remote;
    const refuse = (status: number, reason: string) => {
      this.#complain(source, address, request.method, reason);
      counts?.add(request.method, status);
      this.#send(control, flow, response, status, reason);
    };
    if (request.method === 'ACK') return; // never answered (RFC 3261 17)
    // The server keeps what nobody answers for 64 s: even who asks too much is answered.
    if (limits.admit(address, false) !== 'pass') {
      complaints.warn(source, 'too many requests (sip.limits.perSource)');
      counts?.add(request.method, 503);
      this.#send(control, flow, response, 503, 'Service Unavailable', { 'Retry-After': String(laterSeconds) });
      return;
    }
    if (parsed.kind !== 'request') {
      const refused = parsed.kind === 'refused' ? parsed : { status: 400, reason: 'No Request' };
      refuse(refused.status, refused.reason);
      return;
    }
    const problem = nameProblem(parsed);
    if (problem !== null) {
      refuse(400, problem);
      return;
    }
    const inDialog = request.stackDialogId || null;
    this.#hand({ control, response, message: parsed, flow, bytes: bytes.length, inDialog });
  }

  #complain(source: string, address: string, method: string, reason: string): void {
    const { limits, complaints } = this.#options;
    limits.charge(address, malformedCost);
    complaints.warn(source, 'SIP message refused', `${method.slice(0, 32)}: ${reason}`);
  }

  #hand(arrived: Arrived): void {
    const { control, response, message, flow, inDialog } = arrived;
    const held = this.#options.dialogs.get(nameOf(message));
    if (message.toTag === null && inDialog !== null && held === null) {
      // It has joined a dialog that is over for us, and would get its tag: with another Call-ID it will be a new one.
      this.#options.counts?.add(message.method, 481);
      this.#send(control, flow, response, 481, reasonPhrase(481));
      return;
    }
    const joined = message.toTag === null && inDialog !== null && held !== null;
    const request = joined ? new JoinedRequest(message, flow, held.localTag) : new ReceivedRequest(message, flow);
    const transaction = new DrachtioTransaction(request, (answer) => this.#answer(arrived, answer));
    const failed = (error: unknown) => {
      const { method } = message;
      const source = `${flow.transport}:${flow.remote.address}`;
      this.#options.logger.error({ source, method, error: String(error) }, 'a request could not be handled');
      transaction.respond({ status: 500 });
    };
    try {
      const returned: unknown = this.#options.onRequest(transaction);
      if (returned instanceof Promise) returned.catch(failed); // an async handler is a handler, too
    } catch (error) {
      failed(error);
    }
  }

  #answer(arrived: Arrived, given: SipAnswer): void {
    const { control, response, message, flow, bytes } = arrived;
    const untagged = message.method === 'SUBSCRIBE' && message.toTag === null && given.toTag === undefined;
    const answer = untagged ? { ...given, toTag: newTag(this.#options.random) } : given;
    if (given.status >= 200) this.#options.counts?.add(message.method, given.status);
    try {
      const { status, reason, headers } = writtenAnswer(message, flow, bytes, answer, this.#options.serverName);
      if (message.method === 'SUBSCRIBE' && (status === 200 || status === 202)) this.#accepted(arrived, answer);
      this.#send(control, flow, response, status, reason, headers, answer.toTag);
    } catch (error) {
      this.#options.logger.error({ error: String(error), method: message.method }, 'an answer could not be written');
      this.#send(control, flow, response, 500, 'Server Internal Error');
    }
  }

  /** With this answer the server has a dialog, its first or the same again. */
  #accepted({ message, flow, inDialog }: Arrived, { toTag }: SipAnswer): void {
    const { dialogs } = this.#options;
    const name = nameOf(message);
    const held = dialogs.get(name);
    const event = message.headers.first('Event') ?? 'dialog';
    if (message.toTag === null && inDialog === null) {
      if (toTag === undefined) return;
      const way = { target: targetOf(message), remote: flow.remote };
      dialogs.set(name, { localTag: toTag, local: flow.local, way, byName: way.target !== '', ended: false, event });
    } else if (inDialog === null && message.toTag !== null) {
      // The server had lost it, makes it anew with the same tags, and counts from this request on: behind what we have sent.
      const { toTag: localTag } = message;
      if (held === null)
        dialogs.set(name, { localTag, local: flow.local, way: null, byName: false, ended: false, event });
      else {
        held.byName = false;
        held.ended = false;
      }
    }
  }

  #send(
    control: Control,
    flow: Flow,
    response: SrfResponse,
    status: number,
    reason: string,
    headers: Readonly<Record<string, string>> = {},
    toTag?: string,
  ): void {
    void control.respond(response, status, reason, headers).then((sent) => {
      if (!sent.ok) {
        this.#options.logger.debug({ status, detail: sent.detail }, 'an answer could not be sent');
        // srf knows not every status, the server not every size; what nobody answers it keeps for 64 s
        if (sent.why !== 'down' && status !== 500) this.#send(control, flow, response, 500, 'Server Internal Error');
        return;
      }
      const { raw } = sent.value;
      if (raw !== undefined) this.#options.tap?.passed('out', flow, Buffer.from(raw, 'utf8'));
      if (toTag === undefined || status >= 300) return;
      const to = sent.value.get('to') ?? '';
      if (!to.includes(toTag)) {
        this.#options.complaints.warn(
          'drachtio-server',
          'it put another tag into To than it was given: is it older than 0.8?',
        );
      }
    });
  }
}

function nameOf({ headers, fromTag }: ParsedRequest): string {
  return dialogName(headers.first('Call-ID') ?? '', fromTag ?? '');
}

/** The Contact URI as the dialog has it; the empty string: it has none. */
function targetOf({ headers }: ParsedRequest): string {
  const contact = readContact(headers.lines('Contact'));
  return contact.ok ? contact.value.remoteTarget : '';
}
