import type { Aor } from '../model/aor.ts';
import { type Grid, otherName } from '../model/tally.ts';
import type { DialogState } from './dialog.ts';
import { type Flow, type HeaderList, isStream, isSuccess, type ServerTransaction, type SipAnswer } from './engine.ts';
import type { OnSubscribe, SubscribeAnswer, SubscribeRequest } from './front.ts';
import { insistsOnBody, isEncoded } from './headers.ts';
import { detached } from './message/wire-text.ts';
import type { OwnContact } from './own-contact.ts';
import type { SecurityEvent, SecurityReports } from './security-log.ts';
import { sourceOf } from './source.ts';
import { readSubscribe } from './subscribe-message.ts';
import { type Attempt, judgeSubscribe, type StepTools } from './subscribe-steps.ts';

export interface SubscribeServerOptions {
  readonly tools: StepTools;
  /** The packages served, complete: Allow-Events (E65-23). */
  readonly allowEvents: HeaderList[number];
  readonly contact: OwnContact;
  /** The engine counts CSeq itself. */
  readonly ownsCseq: boolean;
  readonly userAgentOf: (header: string | undefined) => string | null;
  /** What a user's phone at this path called itself when it registered. */
  readonly agentOf: ((user: Aor, flow: Flow) => string | null) | undefined;
  /** Something failed after `serve` came back, before an answer was sent. */
  readonly failed: (transaction: ServerTransaction, error: unknown) => void;
  readonly security: SecurityReports | undefined;
  /** Counts answers, by package and status. */
  readonly counts?: Grid | undefined;
}

const none: HeaderList = [];
const noBody = Buffer.alloc(0);

/** Turns SUBSCRIBE transactions into `SubscribeRequest`s, and answers them (RFC 6665 4.2.1). Dialogs that it makes join the table. */
export class SubscribeServer {
  readonly #options: SubscribeServerOptions;

  constructor(options: SubscribeServerOptions) {
    this.#options = options;
  }

  /**
   * Waits only where somebody has to be asked or something be written before the answer: a promise costs a microsecond.
   * Throws where something failed before that; later failures it answers itself.
   */
  serve(transaction: ServerTransaction, onSubscribe: OnSubscribe): void {
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
    const verdict = judgeSubscribe(attempt, this.#options.tools);
    if (!(verdict instanceof Promise)) {
      this.#judged(transaction, attempt, verdict, onSubscribe);
      return;
    }
    verdict
      .then((late) => this.#judged(transaction, attempt, late, onSubscribe))
      .catch((error: unknown) => this.#options.failed(transaction, error));
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
      this.#options.tools.dialogs.add(dialog);
      if (!this.#options.ownsCseq) dialog.localCseq = attempt.message.cseq; // where the engine begins to count, too
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
    const failed = (error: unknown) => this.#options.failed(transaction, error);
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
    if (initial) this.#options.tools.dialogs.remove(dialog);
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
    const body = isEncoded(request) ? noBody : request.body; // one that was not needed: the others were refused
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
      body,
      bodyRequired: body.length > 0 && insistsOnBody(request.header('Content-Disposition')),
      userAgent: this.#options.userAgentOf(request.header('User-Agent')) ?? this.#registeredAgent(who, request.flow),
      device:
        message.device === remoteTarget && remoteTarget === dialog.remoteTarget
          ? dialog.remoteTarget
          : detached(message.device),
      source: sourceOf(request.flow),
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
        ['Contact', this.#options.contact.in(dialog)],
        ['Expires', String(expires ?? 0)], // E65-04
        this.#options.allowEvents,
      ];
      const all = headers.length === 0 ? usual : [...usual, ...headers];
      const accepted = { status, headers: all, toTag: dialog.localTag };
      this.#options.counts?.add(event, status);
      transaction.respond(reason === undefined ? accepted : { ...accepted, reason });
    }
    after?.();
  }

  /** E65-02: whoever says 489, Allow-Events goes with it. */
  #refuse(transaction: ServerTransaction, event: string, answer: SipAnswer): void {
    const { headers = [] } = answer;
    this.#options.counts?.add(event, answer.status);
    transaction.respond(
      answer.status === 489
        ? { ...answer, headers: [...headers, this.#options.allowEvents], smaller: { status: 489 } }
        : answer,
    );
  }
}
