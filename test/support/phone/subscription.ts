import type { Agent, Respond } from './agent.ts';
import { dialogInfo } from './bodies.ts';
import type { Dialog } from './dialog.ts';
import { Inbox } from './inbox.ts';
import { cseqOf, type Header, type Message, params, tagOf } from './message.ts';

/** One NOTIFY as the phone read it. Retransmissions are counted, not repeated. */
export interface Notify {
  readonly cseq: number;
  readonly message: Message;
  readonly headers: readonly Header[];
  /** The package without parameters. */
  readonly event: string;
  readonly subscriptionState: { readonly state: string; readonly params: ReadonlyMap<string, string> };
  /** Empty string: none. */
  readonly contentType: string;
  readonly body: string;
  /** Of a document that has one. */
  readonly version?: number;
  retransmissions: number;
}

export type NotifyAnswer = number | 'silent' | { readonly status: number; readonly headers?: readonly Header[] };

export interface SubscribeOptions {
  /** Package name; parameters may follow (`dialog;sla`). */
  readonly event: string;
  /** User or whole URI; default: the phone's own user. */
  readonly resource?: string;
  /** Seconds; default 3600; null leaves the header out. */
  readonly expires?: number | null;
  /** Default: what phones send for this package; null leaves the header out. */
  readonly accept?: string | null;
  readonly body?: string;
  readonly contentType?: string;
  readonly headers?: readonly Header[];
  /** Event `id` parameter. */
  readonly eventId?: string;
}

export interface RefreshOptions {
  /** Seconds; default: as at first; null leaves the header out. */
  readonly expires?: number | null;
  readonly body?: string;
  readonly contentType?: string;
  readonly headers?: readonly Header[];
}

const usualAccept: Readonly<Record<string, string>> = {
  'as-feature-event': 'application/x-as-feature-event+xml',
  dialog: 'application/dialog-info+xml',
  presence: 'application/pidf+xml',
  'message-summary': 'application/simple-message-summary',
  reg: 'application/reginfo+xml',
  'dialog.winfo': 'application/watcherinfo+xml',
  'presence.winfo': 'application/watcherinfo+xml',
};

/** One subscription of a phone, from its first SUBSCRIBE to the last NOTIFY. */
export class Subscription {
  /** The final response to the first SUBSCRIBE; set before `subscribe` resolves. */
  response!: Message;
  /** Breaches of RFC 6665 and 4235 that a strict phone would notice; empty is right. */
  readonly violations: string[] = [];
  readonly dialog: Dialog;
  readonly #agent: Agent;
  readonly #options: SubscribeOptions;
  readonly #strict: boolean;
  readonly #inbox: Inbox<Notify>;
  readonly #byTransaction = new Map<string, Notify>();
  #answer: (notify: Notify) => NotifyAnswer | Promise<NotifyAnswer> = () => 200;
  #version: number | undefined;
  #granted: number | undefined;
  /** Of a SUBSCRIBE whose answer has not been read: it may come in one segment with its NOTIFY. */
  #asked = 0;
  #ended = false;

  constructor(agent: Agent, dialog: Dialog, options: SubscribeOptions, strict: boolean) {
    this.#agent = agent;
    this.dialog = dialog;
    this.#options = options;
    this.#strict = strict;
    this.#inbox = new Inbox(agent.clock, `NOTIFY for ${options.event}`, describe);
  }

  /** All received, oldest first. */
  get notifies(): readonly Notify[] {
    return this.#inbox.all;
  }

  /** A terminated NOTIFY came: anything later is answered 481. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The first NOTIFY behind the last one taken that matches; those passed over are not offered again. */
  next(predicate?: (notify: Notify) => boolean, timeoutMs?: number): Promise<Notify> {
    return this.#inbox.next(predicate, timeoutMs);
  }

  /** How the phone answers from now on; `silent` sends nothing, to the retransmissions neither. */
  answerWith(answer: (notify: Notify) => NotifyAnswer | Promise<NotifyAnswer>): void {
    this.#answer = answer;
  }

  /** The first SUBSCRIBE; called by the phone. */
  async start(): Promise<this> {
    this.response = await this.#subscribe(this.#options);
    return this;
  }

  /** SUBSCRIBE in the dialog: same Call-ID and tags, CSeq + 1. */
  refresh(options: RefreshOptions = {}): Promise<Message> {
    return this.#subscribe(options);
  }

  unsubscribe(): Promise<Message> {
    return this.refresh({ expires: 0 });
  }

  /** Called by the phone for a NOTIFY with our Call-ID and tag. */
  async onNotify(request: Message, respond: Respond): Promise<void> {
    const refusal = this.#check(request);
    if (refusal) {
      respond({ status: refusal });
      return;
    }
    const notify = read(request);
    this.#byTransaction.set(request.header('Via') ?? '', notify);
    this.#judge(notify);
    if (notify.subscriptionState.state === 'terminated') this.#ended = true;
    this.#inbox.push(notify);
    const answer = await this.#answer(notify);
    if (answer === 'silent') return;
    respond(typeof answer === 'number' ? { status: answer } : answer);
  }

  onRetransmission(request: Message): void {
    const known = this.#byTransaction.get(request.header('Via') ?? '');
    if (known) known.retransmissions += 1;
  }

  close(reason: string): void {
    this.#inbox.close(reason);
  }

  async #subscribe(options: RefreshOptions): Promise<Message> {
    const { event, eventId } = this.#options;
    const expires = options.expires === undefined ? (this.#options.expires ?? 3600) : options.expires;
    const omitted = options.expires === undefined && this.#options.expires === null;
    const type = options.contentType ?? (options.body === undefined ? undefined : usualAccept[event]);
    const accept = this.#accept();
    const draft = this.dialog.draft(
      'SUBSCRIBE',
      [
        ['Contact', this.#agent.contact],
        ['Event', eventId === undefined ? event : `${event};id=${eventId}`],
        ...(expires === null || omitted ? [] : [['Expires', String(expires)] as const]),
        ...(accept === undefined ? [] : [['Accept', accept] as const]),
        ...(type === undefined ? [] : [['Content-Type', type] as const]),
        ...(options.headers ?? []),
      ],
      options.body,
    );
    this.#asked = typeof expires === 'number' ? expires : Number.POSITIVE_INFINITY;
    const { response } = await this.#agent.send(draft, this.dialog.nextCseq).finally(() => {
      this.#asked = 0;
    });
    if (response.status >= 200 && response.status < 300) {
      this.dialog.learn(response);
      const granted = response.header('Expires');
      if (granted === undefined) this.violations.push('E65-04: 2xx to SUBSCRIBE without Expires');
      else if (typeof expires === 'number' && Number(granted) > expires) {
        this.violations.push(`E65-04: asked for ${expires} s, granted ${granted}`);
      }
      this.#granted = granted === undefined ? undefined : Number(granted);
    }
    return response;
  }

  #accept(): string | undefined {
    const { accept, event } = this.#options;
    return accept === null ? undefined : (accept ?? usualAccept[event.split(';')[0] ?? '']);
  }

  /** The status of a refusal, or undefined. */
  #check(request: Message): number | undefined {
    const remoteTag = tagOf(request.header('From'));
    if (this.#ended || (this.dialog.remoteTag !== undefined && remoteTag !== this.dialog.remoteTag)) return 481;
    const cseq = cseqOf(request).number;
    if (this.#strict && this.dialog.remoteCseq !== undefined && cseq <= this.dialog.remoteCseq) {
      this.violations.push(`CSeq ${cseq} after ${this.dialog.remoteCseq}`);
      return 500; // RFC 3261 12.2.2
    }
    this.dialog.remoteCseq = cseq;
    this.dialog.learnFromRequest(request);
    return undefined;
  }

  #judge(notify: Notify): void {
    const { event, eventId } = this.#options;
    const breach = (text: string): void => {
      this.violations.push(`NOTIFY ${notify.cseq}: ${text}`);
    };
    if (notify.event !== event.split(';')[0]) breach(`E65-12: Event ${notify.event}`);
    const id = params(notify.message.header('Event') ?? '').get('id');
    if (id !== eventId) breach(`E65-20: Event id ${id ?? 'missing'}, not ${eventId ?? 'none'}`);
    const { state, params: stateParams } = notify.subscriptionState;
    const left = stateParams.get('expires');
    if (!['active', 'pending', 'terminated'].includes(state))
      breach(`E65-12: Subscription-State ${state || 'missing'}`);
    if ((state === 'active' || state === 'pending') && !/^\d+$/.test(left ?? ''))
      breach(`E65-12: ${state}, no expires`);
    if (left !== undefined && Number(left) > Math.max(this.#granted ?? Number.POSITIVE_INFINITY, this.#asked)) {
      breach(`E65-12: expires ${left}, granted ${this.#granted}`);
    }
    if (notify.message.header('Contact') === undefined) breach('no Contact');
    if (notify.body !== '') this.#judgeBody(notify, breach);
  }

  #judgeBody(notify: Notify, breach: (text: string) => void): void {
    const accept = this.#accept();
    const type = (notify.contentType.split(';')[0] ?? '').trim().toLowerCase();
    const wholeFeatures = notify.event === 'as-feature-event' && type === 'multipart/mixed'; // E65-07, the known exception
    if (type === '') breach('body without Content-Type');
    else if (accept !== undefined && !wholeFeatures && !accepts(accept, type))
      breach(`E65-07: ${type} was not accepted`);
    if (notify.version === undefined) return;
    if (this.#version !== undefined && notify.version <= this.#version) {
      breach(`D42-04: version ${notify.version} after ${this.#version}`);
    }
    this.#version = Math.max(this.#version ?? 0, notify.version);
  }
}

function accepts(accept: string, type: string): boolean {
  const major = type.split('/')[0];
  return accept
    .toLowerCase()
    .split(',')
    .map((range) => (range.split(';')[0] ?? '').trim())
    .some((range) => range === type || range === '*/*' || range === `${major}/*`);
}

/** A NOTIFY in or out of a subscription. */
export function read(request: Message): Notify {
  const subscriptionState = request.header('Subscription-State') ?? '';
  const contentType = request.header('Content-Type') ?? '';
  const version = versionOf(contentType, request.text);
  return {
    cseq: cseqOf(request).number,
    message: request,
    headers: request.headers,
    event: (request.header('Event') ?? '').split(';')[0]?.trim() ?? '',
    subscriptionState: { state: subscriptionState.split(';')[0]?.trim() ?? '', params: params(subscriptionState) },
    contentType,
    body: request.text,
    ...(version === undefined ? {} : { version }),
    retransmissions: 0,
  };
}

function versionOf(contentType: string, body: string): number | undefined {
  if (/^application\/dialog-info\+xml/i.test(contentType)) return dialogInfo({ contentType, body }).version;
  if (!/^application\/(?:reginfo|watcherinfo)\+xml/i.test(contentType)) return undefined;
  return Number(/<(?:reginfo|watcherinfo)\s[^>]*?version="(\d+)"/.exec(body)?.[1]);
}

function describe(notify: Notify): string {
  const state = notify.message.header('Subscription-State') ?? 'no Subscription-State';
  return `CSeq ${notify.cseq} ${state} ${notify.contentType || 'no body'} ${notify.body.replace(/\s+/g, ' ').slice(0, 400)}`;
}
