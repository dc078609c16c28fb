import type { Aor } from '../model/aor.ts';
import type { Logger } from '../model/logger.ts';
import type { Random } from '../model/random.ts';
import type { Authenticator } from './auth/authenticator.ts';
import { type DialogState, DialogTable } from './dialog.ts';
import type { HeaderList, ListenPoint, ServerTransaction, SipAnswer, SipEngine, SipRequest } from './engine.ts';
import type {
  NotifyMessage,
  NotifyResult,
  NotifySender,
  OnSubscribe,
  SubscribeAnswer,
  SubscribeRequest,
} from './front.ts';
import { readRetryAfter } from './headers.ts';
import { detached, toText } from './message/wire-text.ts';
import { headBytes, notifyRequest } from './notify-request.ts';
import { answerOther } from './other-methods.ts';
import { bracketed, contactUser, ownContact } from './own-contact.ts';
import type { Places } from './places.ts';
import { readSubscribe } from './subscribe-message.ts';
import { type Attempt, judgeSubscribe, type StepTools } from './subscribe-steps.ts';

export interface SipFrontOptions {
  readonly engine: SipEngine;
  readonly random: Random;
  readonly logger: Logger;
  readonly authenticator: Pick<Authenticator, 'check'>;
  readonly places: Places;
  /** The packages served, complete: Allow-Events (E65-23). */
  readonly allowEvents: readonly string[];
  /** Content types of SUBSCRIBE bodies, for the answer to OPTIONS. */
  readonly accepts?: readonly string[];
  /** Of any SUBSCRIBE body; packages have their own limits below. */
  readonly maxBodyBytes: number;
  /** `host` or `host:port` for our Contact; null: the address the phone reaches. */
  readonly advertise: string | null;
}

const longestUserAgent = 256;

/** Turns server transactions into `SubscribeRequest`s and NOTIFYs into addressed requests; keeps the live dialogs. */
export class SipFront implements NotifySender {
  readonly #options: SipFrontOptions;
  readonly #dialogs = new DialogTable();
  readonly #allowEvents: HeaderList;
  readonly #tools: StepTools;

  constructor(options: SipFrontOptions) {
    this.#options = options;
    this.#allowEvents = [['Allow-Events', options.allowEvents.join(', ')]];
    this.#tools = { ...options, dialogs: this.#dialogs };
  }

  /** Dialogs known at the moment. */
  get dialogCount(): number {
    return this.#dialogs.size;
  }

  /** Throws the Faults of `SipEngine.start`. */
  start(onSubscribe: OnSubscribe): Promise<readonly ListenPoint[]> {
    return this.#options.engine.start((transaction) => {
      // Never rejects: what goes wrong is answered and logged inside.
      void this.#serve(transaction, onSubscribe);
    });
  }

  stop(): Promise<void> {
    return this.#options.engine.stop();
  }

  async notify(dialog: DialogState, message: NotifyMessage): Promise<NotifyResult> {
    dialog.localCseq += 1;
    const request = notifyRequest(dialog, dialog.localCseq, this.#contactFor(dialog), message);
    const response = await this.#options.engine.request(request);
    return {
      status: response.status,
      local: response.local,
      retryAfter: readRetryAfter(response.header('Retry-After')),
    };
  }

  roomBytes(dialog: DialogState, message: Omit<NotifyMessage, 'content' | 'contentType'>): number {
    const bodiless = { ...message, contentType: null, content: '' };
    const head = headBytes(notifyRequest(dialog, 2 ** 31, this.#contactFor(dialog), bodiless));
    const { engine } = this.#options;
    return Math.max(Math.min(engine.roomBytes(dialog.flow), engine.capabilities.maxMessage) - head, 0);
  }

  restore(dialog: DialogState): void {
    this.#dialogs.add(dialog);
  }

  release(dialog: DialogState): void {
    this.#dialogs.remove(dialog);
  }

  async #serve(transaction: ServerTransaction, onSubscribe: OnSubscribe): Promise<void> {
    try {
      if (transaction.request.method === 'SUBSCRIBE') await this.#subscribe(transaction, onSubscribe);
      else this.#other(transaction);
    } catch (error) {
      this.#options.logger.error(
        { err: error, source: sourceOf(transaction.request) },
        'a SIP request could not be served',
      );
      transaction.respond({ status: 500 });
    }
  }

  #other(transaction: ServerTransaction): void {
    const { accepts = [] } = this.#options;
    const capabilities = { dialogs: this.#dialogs, allowEvents: this.#allowEvents, accepts };
    const answer = answerOther(transaction.request, capabilities);
    if (answer !== null) transaction.respond(answer);
  }

  async #subscribe(transaction: ServerTransaction, onSubscribe: OnSubscribe): Promise<void> {
    const { request } = transaction;
    const read = readSubscribe(request);
    if (!read.ok) {
      const { status = 400, message } = read.refusal;
      this.#refuse(transaction, status === 489 ? { status } : { status, reason: message });
      return;
    }
    const initial = read.value.toTag === null;
    const attempt: Attempt = { request, message: read.value, initial, dialog: null, user: null, how: 'digest' };
    const verdict = await judgeSubscribe(attempt, this.#tools);
    if (verdict !== null) this.#refuse(transaction, verdict);
    else if (attempt.dialog !== null) {
      const asked = this.#asked(attempt, attempt.dialog);
      // Known before it is granted: the notifier may release it before this answer leaves, and it must stay released.
      if (initial) this.#dialogs.add(asked.dialog);
      this.#answer(transaction, asked, await this.#ask(asked, onSubscribe));
    }
  }

  /** A refused SUBSCRIBE makes no dialog (RFC 3261 12.1). */
  async #ask(asked: SubscribeRequest, onSubscribe: OnSubscribe): Promise<SubscribeAnswer> {
    let granted = false;
    try {
      const answer = await onSubscribe(asked);
      granted = isSuccess(answer.status);
      return answer;
    } finally {
      if (asked.initial && !granted) this.#dialogs.remove(asked.dialog);
    }
  }

  #asked({ request, message, initial, user, how }: Attempt, dialog: DialogState): SubscribeRequest {
    const { places } = this.#options;
    const userAgent = request.header('User-Agent');
    let aor: Aor | null = null;
    if (how === 'trusted') aor = message.fromUri === null ? null : places.aorFor(message.fromUri);
    else if (user !== null) aor = places.aorOfUser(user);
    return {
      dialog,
      initial,
      requestUri: detached(request.uri),
      resource: !initial && message.uri.user === contactUser ? null : places.aorFor(message.uri),
      watcher: { aor, how },
      event: detached(message.event),
      eventId: message.id === null ? null : detached(message.id),
      expires: message.expires,
      accept: message.accept,
      contentType: message.contentType,
      body: request.body,
      userAgent: userAgent === undefined ? null : toText(detached(userAgent.slice(0, longestUserAgent))),
      device: detached(message.device),
      source: sourceOf(request),
    };
  }

  #answer(transaction: ServerTransaction, { dialog }: SubscribeRequest, answer: SubscribeAnswer): void {
    const { status, reason, expires, headers = [], after } = answer;
    const phrase = reason === undefined ? {} : { reason };
    if (!isSuccess(status)) {
      this.#refuse(transaction, { status, ...phrase, headers });
    } else {
      transaction.respond({
        status,
        ...phrase,
        headers: [
          ['Contact', this.#contactFor(dialog)],
          ['Expires', String(expires ?? 0)], // E65-04
          ...this.#allowEvents,
          ...headers,
        ],
        toTag: dialog.localTag,
      });
    }
    after?.();
  }

  /** E65-02: whoever says 489, Allow-Events goes with it. */
  #refuse(transaction: ServerTransaction, answer: SipAnswer): void {
    const { headers = [] } = answer;
    transaction.respond(answer.status === 489 ? { ...answer, headers: [...headers, ...this.#allowEvents] } : answer);
  }

  #contactFor(dialog: DialogState): string {
    return ownContact(dialog.flow, this.#options.advertise, this.#options.places.addresses);
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** `udp:192.0.2.1:5060` */
function sourceOf({ flow }: SipRequest): string {
  return `${flow.transport}:${bracketed(flow.remote.address)}:${flow.remote.port}`;
}
