import { type Grid, otherName } from '../model/tally.ts';
import { type HeaderList, isStream, type ServerTransaction, type SipAnswer } from './engine.ts';
import type { OnPublish, PublishAnswer, PublishRequest } from './front.ts';
import { readPublish } from './publish-message.ts';
import { judgePublish, type PublishAttempt } from './publish-steps.ts';
import type { SecurityEvent, SecurityReports } from './security-log.ts';
import { sourceOf } from './source.ts';
import type { StepTools } from './subscribe-steps.ts';

export interface PublishServerOptions {
  readonly tools: StepTools;
  /** The packages that take publications: what a 489 says (RFC 3903 6 step 2). */
  readonly allowEvents: HeaderList;
  readonly userAgentOf: (header: string | undefined) => string | null;
  readonly security: SecurityReports | undefined;
  /** Counts answers, by package and status. */
  readonly counts?: Grid | undefined;
}

/** Turns PUBLISH transactions into `PublishRequest`s, and answers them (RFC 3903). Keeps nothing. */
export class PublishServer {
  readonly #options: PublishServerOptions;

  constructor(options: PublishServerOptions) {
    this.#options = options;
  }

  /** Rejects where something failed before an answer was sent. */
  async serve(transaction: ServerTransaction, onPublish: OnPublish): Promise<void> {
    const { request } = transaction;
    const read = readPublish(request);
    if (!read.ok) {
      const { status = 400, message } = read.refusal;
      this.#answer(transaction, otherName, status === 489 ? { status } : { status, reason: message });
      return;
    }
    const attempt: PublishAttempt = {
      request,
      message: read.value,
      initial: true,
      who: null,
      domain: null,
      how: 'digest',
    };
    const verdict = await judgePublish(attempt, this.#options.tools);
    const resource = this.#options.tools.places.aorFor(read.value.uri);
    if (verdict !== null || resource === null) {
      // a 403 to somebody who has shown who he is
      if (verdict?.status === 403 && attempt.who !== null) this.#report(attempt);
      this.#answer(transaction, read.value.event, verdict ?? { status: 404 });
      return;
    }
    const answer = await onPublish(this.#asked(attempt, resource));
    if (answer.status === 403) this.#report(attempt, answer.settings === true ? 'foreign-set' : 'not-allowed');
    const { granted, headers = [], status, reason } = answer;
    const own: HeaderList = granted === undefined ? [] : grantedHeaders(granted);
    const said = { status, headers: [...own, ...headers] };
    this.#answer(transaction, read.value.event, reason === undefined ? said : { ...said, reason });
    answer.after?.();
  }

  #asked({ request, message, who, domain, how }: PublishAttempt, resource: PublishRequest['resource']): PublishRequest {
    return {
      resource,
      publisher: { aor: domain === null ? null : who, how },
      event: message.event,
      ifMatch: message.ifMatch,
      expires: message.expires,
      contentType: message.contentType,
      body: request.body,
      userAgent: this.#options.userAgentOf(request.header('User-Agent')),
      source: sourceOf(request.flow),
    };
  }

  #answer(transaction: ServerTransaction, event: string, answer: SipAnswer): void {
    const { allowEvents, counts } = this.#options;
    counts?.add(event, answer.status);
    if (answer.status !== 489) transaction.respond(answer);
    else transaction.respond({ ...answer, headers: allowEvents, smaller: { status: 489 } });
  }

  #report({ request, message, who, how }: PublishAttempt, event: SecurityEvent = 'not-allowed'): void {
    const { remote, transport } = request.flow;
    const suspect = { address: remote.address, proven: how === 'digest' || isStream(transport) };
    const detail = `PUBLISH ${message.event} of ${request.uri}`;
    this.#options.security?.report(event, suspect, { ...(who === null ? {} : { user: who }), detail });
  }
}

/** RFC 3903 6 step 6. */
function grantedHeaders({ expires, etag }: NonNullable<PublishAnswer['granted']>): HeaderList {
  return [
    ['Expires', String(expires)],
    ['SIP-ETag', etag],
  ];
}
