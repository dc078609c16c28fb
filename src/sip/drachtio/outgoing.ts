import { type Clock, within } from '../../model/clock.ts';
import type { Logger } from '../../model/logger.ts';
import type { Tap } from '../../model/trace.ts';
import type { DialogId } from '../dialog.ts';
import type { AddressedRequest, FinalResponse, Flow } from '../engine.ts';
import { parseMessage } from '../message/parse.ts';
import { readParty } from '../message/party.ts';
import { reasonPhrase } from '../message/reasons.ts';
import { toText } from '../message/wire-text.ts';
import type { Control, ControlFailure, Sent, SentRequest } from './control.ts';
import { dialogName, goesByName, type HeldDialog, type HeldDialogs } from './dialogs.ts';
import { draftByName, draftExplicit } from './drafts.ts';
import type { SrfMessage, SrfRequestOptions } from './srf.ts';

export interface OutgoingOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For User-Agent; the empty string leaves it out. */
  readonly serverName: string;
  readonly dialogs: HeldDialogs;
  /** null: nobody wants to see what passes. */
  readonly tap: Tap | null;
  /** null: there is no connection. */
  readonly control: () => Control | null;
}

/** The server says 408 after 32 s; when it has said nothing by now, it will not. Milliseconds. */
const answerMs = 40_000;
/** How long who was not told because the server is away waits for the next attempt; seconds. */
const retrySeconds = 2;
/** The server replaces it by the target it knows. */
const placeholder = 'sip:placeholder';

/** Requests of ours: by the name the server has for the dialog where that is right, else with all they need in headers. */
export class Outgoing {
  readonly #options: OutgoingOptions;
  /** What waits for its final response, and ends with the connection. */
  readonly #pending = new Set<() => void>();

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /** Requests whose final response has not come. */
  get size(): number {
    return this.#pending.size;
  }

  /** Never rejects. */
  async send(request: AddressedRequest): Promise<FinalResponse> {
    const { dialogs, logger } = this.#options;
    // The server answers the NOTIFYs of such a dialog itself, with 500 and before we hear of them (`watches`).
    if (request.method === 'SUBSCRIBE') return localResponse(501);
    const name = nameOf(request);
    const held = name === null ? null : dialogs.get(name);
    const event = request.headers.find(([header]) => header === 'Event')?.[1];
    if (held !== null && event !== undefined) held.event = event;
    try {
      if (name !== null && held !== null && goesByName(held, request)) {
        const response = await this.#byName(request, name, held);
        if (response !== null) return response;
      }
      if (held !== null) held.byName = false;
      else if (name !== null) dialogs.set(name, unknownDialog(request, event));
      return await this.#explicitly(request);
    } catch (error) {
      logger.error({ error: String(error), method: request.method }, 'a request could not be written');
      return localResponse(503, 'Not Writable');
    }
  }

  /**
   * The dialog is over for us. The server forgets one only with a `terminated` by name: where none has gone, it is sent
   * now, and whatever the phone says to it does not matter. Otherwise each would cost the server 20 kB for good.
   */
  forget({ callId, remoteTag }: DialogId): void {
    const { dialogs, logger } = this.#options;
    const name = dialogName(callId, remoteTag);
    const held = dialogs.get(name);
    dialogs.delete(name);
    if (held?.ended === true || !isClean(name)) return;
    const headers = [
      ['Event', held?.event ?? 'dialog'],
      ['Subscription-State', 'terminated;reason=noresource'],
    ] as const;
    const options = draftByName({ method: 'NOTIFY', headers }, toText(name), '');
    void this.#transact(placeholder, options, null).then((response) => {
      logger.debug({ status: response.status }, 'a dialog was ended at drachtio-server');
    });
  }

  /** The connection is gone: nothing that was asked by it is answered any more. */
  breakAll(): void {
    for (const end of [...this.#pending]) end();
  }

  /** null: the server has no such dialog, nothing was sent. */
  async #byName(request: AddressedRequest, name: string, held: HeldDialog): Promise<FinalResponse | null> {
    const options = draftByName(request, toText(name), this.#options.serverName);
    const response = await this.#transact(placeholder, options, request.flow);
    if (response.failure === 'no-dialog') {
      held.ended = true;
      return null;
    }
    // its end, answered or not, was the end of the server's dialog
    if (response.cseq !== undefined && isTerminated(request)) held.ended = true;
    return response;
  }

  async #explicitly(request: AddressedRequest): Promise<FinalResponse> {
    const draft = draftExplicit(request, this.#options.serverName);
    if (draft === null) return localResponse(513, 'URI Too Long');
    return this.#transact(draft.uri, draft.options, request.flow);
  }

  async #transact(
    uri: string,
    options: SrfRequestOptions,
    flow: Flow | null,
  ): Promise<FinalResponse & { readonly failure?: ControlFailure }> {
    const control = this.#options.control();
    if (control === null) return away;
    const sent = await control.request(uri, options);
    if (!sent.ok) return this.#failed(sent, options.method);
    const { cseq, raw } = sent.value;
    if (flow !== null) this.#options.tap?.passed('out', flow, Buffer.from(raw, 'utf8'));
    const response = await this.#answerTo(sent.value, flow);
    return cseq === null ? response : { ...response, cseq };
  }

  #failed(
    { why, detail }: Extract<Sent<unknown>, { ok: false }>,
    method: string,
  ): FinalResponse & { failure: ControlFailure } {
    if (why === 'down') return { ...away, failure: why };
    if (why === 'too-large') {
      this.#options.logger.warn({ method, detail }, 'a request is too large for drachtio-server');
      return { ...localResponse(513), failure: why };
    }
    if (why === 'refused') this.#options.logger.debug({ method, detail }, 'drachtio-server sent a request not');
    return { ...localResponse(503, 'Not Sent'), failure: why };
  }

  #answerTo(sent: SentRequest, flow: Flow | null): Promise<FinalResponse> {
    let end = (): void => undefined;
    const answered = new Promise<FinalResponse>((resolve) => {
      end = () => resolve(away);
      this.#pending.add(end);
      void sent.response.then((message) => {
        const { raw } = message;
        if (flow !== null && raw !== undefined) this.#options.tap?.passed('in', flow, Buffer.from(raw, 'utf8'));
        resolve(finalResponse(message));
      });
    });
    return within(this.#options.clock, answerMs, answered, () => localResponse(408)).finally(() => {
      this.#pending.delete(end);
    });
  }
}

/** Of the dialog a request is in; null: in none, or in one whose name the server could not read. */
function nameOf({ callId, to }: AddressedRequest): string | null {
  const tag = readParty(to)?.tag ?? null;
  const name = tag === null ? null : dialogName(callId, tag);
  return name !== null && isClean(name) ? name : null;
}

/** No text that could be taken for another field of a control message. */
function isClean(name: string): boolean {
  return !/[|\s]/.test(name);
}

/** A dialog of before this process: the server may hold it, and count on where we never were. */
function unknownDialog({ from }: AddressedRequest, event = 'dialog'): HeldDialog {
  const localTag = readParty(from)?.tag ?? '';
  return { localTag, local: null, way: null, byName: false, ended: false, event };
}

function isTerminated({ headers }: AddressedRequest): boolean {
  return headers.some(([name, value]) => name === 'Subscription-State' && /^\s*terminated\b/i.test(value));
}

/** As the other engine reads it; what the strict parser refuses keeps its status. */
function finalResponse({ raw, status = 500, reason }: SrfMessage): FinalResponse {
  const parsed = raw === undefined ? null : parseMessage(Buffer.from(raw, 'utf8'), 'datagram');
  if (parsed?.kind !== 'response') {
    return { status, reason: reason ?? reasonPhrase(status), header: () => undefined, local: status === 408 };
  }
  const { headers } = parsed;
  return {
    status: parsed.status,
    reason: parsed.reason,
    header: (name) => headers.first(name),
    headers: (name) => headers.lines(name),
    local: parsed.status === 408, // the server's own, after 32 s (RFC 3261 8.1.3.1)
  };
}

function localResponse(status: number, reason = reasonPhrase(status)): FinalResponse {
  return { status, reason, header: () => undefined, local: true };
}

const away: FinalResponse = {
  status: 503,
  reason: 'Not Connected',
  header: (name) => (name === 'Retry-After' ? String(retrySeconds) : undefined),
  local: true,
};
