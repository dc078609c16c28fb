import type { Aor } from '../model/aor.ts';
import type { Logger } from '../model/logger.ts';
import type { Meters } from '../model/meters.ts';
import type { PhoneNotice } from '../model/phone-notice.ts';
import type { Random } from '../model/random.ts';
import { otherName } from '../model/tally.ts';
import type { Authenticator } from './auth/authenticator.ts';
import { type DialogId, type DialogState, DialogTable } from './dialog.ts';
import {
  type FinalResponse,
  type Flow,
  type HeaderList,
  isStream,
  type ListenPoint,
  type ServerTransaction,
  type SipAnswer,
  type SipEngine,
  type SipRequest,
} from './engine.ts';
import type {
  NotifyMessage,
  NotifyResult,
  NotifySender,
  OnPublish,
  OnSubscribe,
  SubscribeAnswer,
  SubscribeRequest,
} from './front.ts';
import { readEvent, readRetryAfter } from './headers.ts';
import { parseUri } from './message/uri.ts';
import { detached } from './message/wire-text.ts';
import { type NoticePath, noticeRequest } from './notice-request.ts';
import { headBytes, notifyRequest } from './notify-request.ts';
import { answerOther } from './other-methods.ts';
import { bracketed, OwnContact } from './own-contact.ts';
import type { Places } from './places.ts';
import { PublishServer } from './publish-server.ts';
import type { SecurityEvent, SecurityReports } from './security-log.ts';
import { readSubscribe } from './subscribe-message.ts';
import { type Attempt, judgeSubscribe, type StepTools } from './subscribe-steps.ts';
import { UserAgents } from './user-agents.ts';

export interface SipFrontOptions {
  readonly engine: SipEngine;
  readonly random: Random;
  readonly logger: Logger;
  readonly authenticator: Pick<Authenticator, 'check'>;
  readonly places: Places;
  /** The packages served, complete: Allow-Events (E65-23). */
  readonly allowEvents: readonly string[];
  /** Those of them that take publications, for 489 to a PUBLISH. Default: all. */
  readonly publishEvents?: readonly string[];
  /** Content types of SUBSCRIBE bodies, and those that come with PUBLISH, for the answer to OPTIONS. */
  readonly accepts?: readonly string[];
  readonly publishTypes?: readonly string[];
  /** Of any SUBSCRIBE or PUBLISH body; packages have their own limits below. */
  readonly maxBodyBytes: number;
  /** `host` or `host:port` for our Contact; null: the address the phone reaches. */
  readonly advertise: string | null;
  /** What a user's phone at this path called itself when it registered, for those that do not say it again; default: not known. */
  readonly agentOf?: (user: Aor, flow: Flow) => string | null;
  /** Hears of authenticated parties that ask for what they may not have; default: nobody does. */
  readonly security?: SecurityReports;
  /** Where it counts; default: it does not. */
  readonly meters?: Pick<Meters, 'subscribes' | 'publishes'>;
}

/** Who hears of other requests than SUBSCRIBE; without one they are refused. */
export interface OtherListeners {
  readonly onPublish?: OnPublish;
  /** False: nobody asked for it. */
  readonly onNotify?: (transaction: ServerTransaction) => boolean;
}

const none: HeaderList = [];

/** More requests than this waiting are a storm: phones that refresh leave a dozen at most. */
const crowd = 256;

/** Turns server transactions into `SubscribeRequest`s and NOTIFYs into addressed requests; keeps the live dialogs. */
export class SipFront implements NotifySender {
  readonly #options: SipFrontOptions;
  readonly #dialogs = new DialogTable();
  readonly #allowEvents: HeaderList[number];
  readonly #contact: OwnContact;
  readonly #tools: StepTools;
  readonly #userAgents = new UserAgents();
  readonly #publishServer: PublishServer;
  readonly #ownsCseq: boolean;

  constructor(options: SipFrontOptions) {
    this.#options = options;
    this.#ownsCseq = options.engine.capabilities.ownsCseq;
    this.#allowEvents = ['Allow-Events', options.allowEvents.join(', ')];
    this.#contact = new OwnContact(options.advertise, options.places.addresses);
    this.#tools = { ...options, dialogs: this.#dialogs };
    this.#publishServer = new PublishServer({
      tools: this.#tools,
      allowEvents: [['Allow-Events', (options.publishEvents ?? options.allowEvents).join(', ')]],
      userAgentOf: (header) => this.#userAgents.of(header),
      security: options.security,
      counts: options.meters?.publishes,
    });
  }

  /** Dialogs known at the moment. */
  get dialogCount(): number {
    return this.#dialogs.size;
  }

  /** It is one of them. */
  owns(id: DialogId): boolean {
    return this.#dialogs.find(id) !== null;
  }

  /** Throws the Faults of `SipEngine.start`. */
  start(onSubscribe: OnSubscribe, others: OtherListeners = {}): Promise<readonly ListenPoint[]> {
    return this.#options.engine.start((transaction) => {
      this.#serve(transaction, onSubscribe, others);
    });
  }

  /** False: the engine can be no subscriber. */
  get watches(): boolean {
    return this.#options.engine.capabilities.watches ?? true;
  }

  stop(): Promise<void> {
    return this.#options.engine.stop();
  }

  notify(dialog: DialogState, message: NotifyMessage): Promise<NotifyResult> {
    dialog.localCseq += 1;
    const request = notifyRequest(dialog, dialog.localCseq, this.#contact.in(dialog), message);
    const sent = this.#options.engine.request(request);
    return this.#ownsCseq ? sent.then(toResult) : sent.then((response) => toResult(counted(dialog, response)));
  }

  /** Sends a NOTIFY outside of any dialog by this path, which may be that of a dialog; the dialog stays as it is. */
  notifyApart(dialog: NoticePath, notice: PhoneNotice): Promise<NotifyResult> {
    const request = noticeRequest(dialog, notice, this.#contact.in(dialog), this.#options.random);
    return this.#options.engine.request(request).then(toResult);
  }

  /** The path of the youngest dialog that a user's phone at this contact made; null: it has none. Looks at all dialogs. */
  flowOf(user: Aor, contact: string): Flow | null {
    const at = placeOf(contact);
    let flow: Flow | null = null;
    for (const dialog of at === null ? [] : this.#dialogs.all()) {
      if (dialog.user !== user) continue;
      const { remote } = dialog.flow;
      const isThere = placeOf(dialog.remoteTarget) === at || `${bracketed(remote.address)}:${remote.port}` === at;
      if (isThere) flow = dialog.flow;
    }
    return flow;
  }

  get crowded(): boolean {
    return (this.#options.engine.backlog ?? 0) > crowd;
  }

  roomBytes(dialog: DialogState, message: Omit<NotifyMessage, 'content' | 'contentType'>): number {
    const bodiless = { ...message, contentType: null, content: '' };
    const head = headBytes(notifyRequest(dialog, 2 ** 31, this.#contact.in(dialog), bodiless));
    const { engine } = this.#options;
    return Math.max(Math.min(engine.roomBytes(dialog.flow), engine.capabilities.maxMessage) - head, 0);
  }

  reachable({ flow }: DialogState): boolean {
    return this.#options.engine.outlasts?.(flow) ?? false;
  }

  restore(dialog: DialogState): DialogState {
    return this.#dialogs.join(dialog);
  }

  release(dialog: DialogState): void {
    this.#dialogs.remove(dialog);
    this.#options.engine.forget?.(dialog);
  }

  #serve(transaction: ServerTransaction, onSubscribe: OnSubscribe, { onPublish, onNotify }: OtherListeners): void {
    try {
      const { method } = transaction.request;
      if (method === 'SUBSCRIBE') this.#subscribe(transaction, onSubscribe);
      else if (method === 'PUBLISH' && onPublish !== undefined) {
        this.#publishServer.serve(transaction, onPublish).catch((error: unknown) => this.#failed(transaction, error));
      } else if (method !== 'NOTIFY' || onNotify?.(transaction) !== true) this.#other(transaction);
    } catch (error) {
      this.#failed(transaction, error);
    }
  }

  #failed(transaction: ServerTransaction, error: unknown): void {
    const source = sourceOf(transaction.request);
    this.#options.logger.error({ err: error, source }, 'a SIP request could not be served');
    transaction.respond({ status: 500 });
  }

  #other(transaction: ServerTransaction): void {
    const { accepts = [], publishTypes: publishes = [] } = this.#options;
    const capabilities = { dialogs: this.#dialogs, allowEvents: [this.#allowEvents], accepts, publishes };
    const answer = answerOther(transaction.request, capabilities);
    if (answer !== null) transaction.respond(answer);
  }

  /** Waits only where somebody has to be asked or something be written before the answer: a promise costs a microsecond. */
  #subscribe(transaction: ServerTransaction, onSubscribe: OnSubscribe): void {
    const { request } = transaction;
    const read = readSubscribe(request);
    if (!read.ok) {
      const { status = 400, message } = read.refusal;
      this.#refuse(transaction, otherName, status === 489 ? { status } : { status, reason: message });
      return;
    }
    const attempt: Attempt = {
      request,
      message: read.value,
      initial: read.value.toTag === null,
      dialog: null,
      resource: null,
      who: null,
      domain: null,
      how: 'digest',
    };
    const verdict = judgeSubscribe(attempt, this.#tools);
    if (!(verdict instanceof Promise)) {
      this.#judged(transaction, attempt, verdict, onSubscribe);
      return;
    }
    verdict
      .then((late) => this.#judged(transaction, attempt, late, onSubscribe))
      .catch((error: unknown) => this.#failed(transaction, error));
  }

  #judged(transaction: ServerTransaction, attempt: Attempt, verdict: SipAnswer | null, onSubscribe: OnSubscribe): void {
    const { dialog, initial, who } = attempt;
    if (verdict !== null) {
      const isSet = initial && attempt.request.body.length > 0;
      if ((dialog ?? who) !== null && verdict.status === 403)
        this.#report(attempt, isSet ? 'foreign-set' : 'not-allowed');
      this.#refuse(transaction, attempt.message.event, verdict);
      return;
    }
    if (dialog === null) throw new Error('a SUBSCRIBE passed every step without a dialog');
    const asked = this.#asked(attempt, dialog);
    // Known before it is granted: the notifier may release it before this answer leaves, and it must stay released.
    if (initial) {
      this.#dialogs.add(dialog);
      if (!this.#ownsCseq) dialog.localCseq = attempt.message.cseq; // where the engine begins to count, too
    }
    let answer: SubscribeAnswer | Promise<SubscribeAnswer>;
    try {
      answer = onSubscribe(asked);
    } catch (error) {
      this.#forget(asked);
      throw error;
    }
    if (!(answer instanceof Promise)) {
      this.#told(transaction, attempt, asked, answer);
      return;
    }
    const failed = (error: unknown) => this.#failed(transaction, error);
    const told = (late: SubscribeAnswer) => {
      try {
        this.#told(transaction, attempt, asked, late);
      } catch (error) {
        failed(error);
      }
    };
    // one `then` for all that may follow
    void answer.then(told, (error: unknown) => {
      this.#forget(asked);
      failed(error);
    });
  }

  #told(transaction: ServerTransaction, attempt: Attempt, asked: SubscribeRequest, answer: SubscribeAnswer): void {
    if (!isSuccess(answer.status)) this.#forget(asked);
    if (answer.status === 403) this.#report(attempt, asked.body.length > 0 ? 'foreign-set' : 'not-allowed');
    this.#answer(transaction, asked, answer);
  }

  /** RFC 3261 12.1: a refused SUBSCRIBE makes no dialog. */
  #forget({ initial, dialog }: SubscribeRequest): void {
    if (initial) this.#dialogs.remove(dialog);
  }

  #report({ request, message, initial, who, how }: Attempt, event: SecurityEvent): void {
    const { remote, transport } = request.flow;
    // Within a dialog a nonce of another address is good, but for settings: there the sender may be forged.
    const nonceIsHome = how === 'digest' && (initial || request.body.length > 0);
    const suspect = { address: remote.address, proven: nonceIsHome || isStream(transport) };
    const detail = `${message.event} of ${request.uri}`;
    this.#options.security?.report(event, suspect, { ...(who === null ? {} : { user: who }), detail });
  }

  /** Texts that the notifier keeps are copies (`detached`), the others may be cuts of the message. */
  #asked({ request, message, initial, resource, who, domain, how }: Attempt, dialog: DialogState): SubscribeRequest {
    const { remoteTarget } = message;
    return {
      dialog,
      initial,
      path: { remoteTarget, flow: request.flow },
      requestUri: initial ? detached(request.uri) : request.uri,
      resource,
      watcher: { aor: domain === null ? null : who, how },
      event: message.event,
      eventId: message.id === null ? null : detached(message.id),
      eventParams: message.params,
      supported: message.supported,
      suppressIfMatch: message.suppressIfMatch,
      expires: message.expires,
      accept: message.accept,
      contentType: message.contentType,
      body: request.body,
      userAgent: this.#userAgents.of(request.header('User-Agent')) ?? this.#registeredAgent(who, request.flow),
      device:
        message.device === remoteTarget && remoteTarget === dialog.remoteTarget
          ? dialog.remoteTarget
          : detached(message.device),
      source: sourceOf(request),
    };
  }

  #registeredAgent(who: Aor | null, flow: Flow): string | null {
    return who === null ? null : (this.#options.agentOf?.(who, flow) ?? null);
  }

  #answer(transaction: ServerTransaction, { dialog, event }: SubscribeRequest, answer: SubscribeAnswer): void {
    const { status, reason, expires, headers = none, after } = answer;
    if (!isSuccess(status)) {
      this.#refuse(transaction, event, reason === undefined ? { status, headers } : { status, reason, headers });
    } else {
      const usual: HeaderList = [
        ['Contact', this.#contact.in(dialog)],
        ['Expires', String(expires ?? 0)], // E65-04
        this.#allowEvents,
      ];
      const all = headers.length === 0 ? usual : [...usual, ...headers];
      const accepted = { status, headers: all, toTag: dialog.localTag };
      this.#options.meters?.subscribes.add(event, status);
      transaction.respond(reason === undefined ? accepted : { ...accepted, reason });
    }
    after?.();
  }

  /** E65-02: whoever says 489, Allow-Events goes with it. */
  #refuse(transaction: ServerTransaction, event: string, answer: SipAnswer): void {
    const { headers = [] } = answer;
    this.#options.meters?.subscribes.add(event, answer.status);
    transaction.respond(
      answer.status === 489
        ? { ...answer, headers: [...headers, this.#allowEvents], smaller: { status: 489 } }
        : answer,
    );
  }
}

/** `192.0.2.1:5060` of a contact; null: it is none. */
function placeOf(contact: string): string | null {
  const uri = parseUri(contact);
  return uri === null ? null : `${bracketed(uri.host)}:${uri.port ?? 5060}`;
}

/** The engine counted itself: what we count must not fall behind, it is what goes out when the engine has lost the dialog. */
function counted(dialog: DialogState, response: FinalResponse): FinalResponse {
  if (response.cseq !== undefined && response.cseq > dialog.localCseq) dialog.localCseq = response.cseq;
  return response;
}

function toResult(response: FinalResponse): NotifyResult {
  const { status, local } = response;
  if (!isSuccess(status)) return { status, local, retryAfter: readRetryAfter(response.header('Retry-After')) };
  const line = response.header('Event');
  if (line === undefined) return { status, local, retryAfter: null };
  const event = readEvent([line]);
  return { status, local, retryAfter: null, eventParams: event.ok ? event.value.params : null };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** `udp:192.0.2.1:5060` */
function sourceOf({ flow }: SipRequest): string {
  return `${flow.transport}:${bracketed(flow.remote.address)}:${flow.remote.port}`;
}
