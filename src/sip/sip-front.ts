import type { Aor } from '../model/aor.ts';
import type { Logger } from '../model/logger.ts';
import type { Meters } from '../model/meters.ts';
import type { PhoneNotice } from '../model/phone-notice.ts';
import type { Random } from '../model/random.ts';
import type { Authenticator } from './auth/authenticator.ts';
import { type DialogId, type DialogState, DialogTable, proveFlow } from './dialog.ts';
import {
  type AddressedRequest,
  type FinalResponse,
  type Flow,
  type HeaderList,
  isSuccess,
  type ListenPoint,
  type ServerTransaction,
  type SipEngine,
} from './engine.ts';
import type { NotifyMessage, NotifyResult, NotifySender, OnPublish, OnSubscribe } from './front.ts';
import { readEvent, readRetryAfter } from './headers.ts';
import { parseUri } from './message/uri.ts';
import { type NoticePath, noticeRequest } from './notice-request.ts';
import { headBytes, notifyRequest } from './notify-request.ts';
import { answerOther } from './other-methods.ts';
import { bracketed, OwnContact } from './own-contact.ts';
import type { Places } from './places.ts';
import { PublishServer } from './publish-server.ts';
import type { SecurityReports } from './security-log.ts';
import { sourceOf } from './source.ts';
import { SubscribeServer } from './subscribe-server.ts';
import type { UnservedReports } from './unserved-domains.ts';
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
  /** Hears of domains that are not served and asked in by those that have shown who they are; default: nobody does. */
  readonly unserved?: UnservedReports;
  /** Where it counts; default: it does not. */
  readonly meters?: Pick<Meters, 'subscribes' | 'publishes'>;
}

/** Who hears of other requests than SUBSCRIBE; without one they are refused. */
export interface OtherListeners {
  readonly onPublish?: OnPublish;
  /** False: nobody asked for it. */
  readonly onNotify?: (transaction: ServerTransaction) => boolean;
}

/** More requests than this waiting are a storm: phones that refresh leave a dozen at most. */
const crowd = 256;

/** Turns server transactions into `SubscribeRequest`s and NOTIFYs into addressed requests; keeps the live dialogs. */
export class SipFront implements NotifySender {
  readonly #options: SipFrontOptions;
  readonly #dialogs = new DialogTable();
  readonly #allowEvents: HeaderList[number];
  readonly #contact: OwnContact;
  readonly #subscribeServer: SubscribeServer;
  readonly #publishServer: PublishServer;
  readonly #ownsCseq: boolean;

  constructor(options: SipFrontOptions) {
    this.#options = options;
    this.#ownsCseq = options.engine.capabilities.ownsCseq;
    this.#allowEvents = ['Allow-Events', options.allowEvents.join(', ')];
    this.#contact = new OwnContact(options.advertise, options.places.addresses);
    const userAgents = new UserAgents();
    const shared = {
      tools: { ...options, dialogs: this.#dialogs },
      userAgentOf: (header: string | undefined) => userAgents.of(header),
      security: options.security,
    };
    this.#subscribeServer = new SubscribeServer({
      ...shared,
      allowEvents: this.#allowEvents,
      contact: this.#contact,
      ownsCseq: this.#ownsCseq,
      agentOf: options.agentOf,
      failed: (transaction, error) => this.#failed(transaction, error),
      counts: options.meters?.subscribes,
    });
    this.#publishServer = new PublishServer({
      ...shared,
      allowEvents: [['Allow-Events', (options.publishEvents ?? options.allowEvents).join(', ')]],
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
    const sent = dialog.moved ? this.#probe(dialog, request) : this.#options.engine.request(request);
    return this.#ownsCseq ? sent.then(toResult) : sent.then((response) => toResult(counted(dialog, response)));
  }

  async #probe(dialog: DialogState, request: AddressedRequest): Promise<FinalResponse> {
    const response = await this.#options.engine.request({ ...request, unproven: true });
    if (!response.local) proveFlow(dialog, request.flow);
    return response;
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
      if (method === 'SUBSCRIBE') this.#subscribeServer.serve(transaction, onSubscribe);
      else if (method === 'PUBLISH' && onPublish !== undefined) {
        this.#publishServer.serve(transaction, onPublish).catch((error: unknown) => this.#failed(transaction, error));
      } else if (method !== 'NOTIFY' || onNotify?.(transaction) !== true) this.#other(transaction);
    } catch (error) {
      this.#failed(transaction, error);
    }
  }

  #failed(transaction: ServerTransaction, error: unknown): void {
    const source = sourceOf(transaction.request.flow);
    this.#options.logger.error({ err: error, source }, 'a SIP request could not be served');
    transaction.respond({ status: 500 });
  }

  #other(transaction: ServerTransaction): void {
    const { accepts = [], publishTypes: publishes = [] } = this.#options;
    const capabilities = { dialogs: this.#dialogs, allowEvents: [this.#allowEvents], accepts, publishes };
    const answer = answerOther(transaction.request, capabilities);
    if (answer !== null) transaction.respond(answer);
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
