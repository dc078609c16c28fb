import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Clock, Timer } from '../../../src/model/clock.ts';
import { type AlgorithmChoice, answerTo, type Challenge, type Credentials, challengesOf, choose } from './digest.ts';
import { cseqOf, type Header, Message, params, tagOf } from './message.ts';
import type { Wire } from './wire.ts';

const t1 = 500; // RFC 3261 17.1.1.1
const t2 = 4000;
const reasons: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  200: 'OK',
  481: 'Call/Transaction Does Not Exist',
  486: 'Busy Here',
  487: 'Request Terminated',
  500: 'Server Internal Error',
};

export const token = (bytes = 6): string => randomBytes(bytes).toString('hex');

/** A request before CSeq, Via and credentials. */
export interface Draft {
  readonly method: string;
  readonly uri: string;
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly headers: readonly Header[];
  readonly body?: string;
}

export interface Exchange {
  readonly request: Message;
  readonly response: Message;
}

export interface Answer {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly Header[];
  readonly body?: string;
  readonly toTag?: string;
}

/** Answers one inbound request; may be called again for a 1xx before the final answer. */
export type Respond = (answer: Answer) => void;

interface Pending {
  readonly request: Message;
  readonly settle: (result: Message | Error) => void;
  readonly provisional: (response: Message) => void;
  /** False once any response came: an INVITE is not sent again then (RFC 3261 17.1.1.2). */
  waiting: boolean;
  timers: Timer[];
}

interface AgentSetup {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly credentials: Credentials;
  readonly algorithm: AlgorithmChoice;
  readonly reuseNonce: boolean;
  readonly rport: boolean;
  readonly contact: string;
  readonly userAgent: string;
  readonly onSent: (request: Message) => void;
}

/** Transactions and digest: requests out with retransmission and credentials, requests in with their answers remembered. */
export class Agent {
  readonly clock: Clock;
  readonly contact: string;
  /** How often a server asked for credentials. */
  challenged = 0;
  readonly #setup: AgentSetup;
  readonly #pending = new Map<string, Pending>();
  /** The bytes of the last answer by transaction; undefined while (or for ever, if silent) unanswered. */
  readonly #served = new Map<string, Buffer | undefined>();
  /** The ACK of each refused INVITE, for when the refusal comes again. */
  readonly #refused = new Map<string, Message>();
  #challenge: { readonly challenge: Challenge; uses: number } | undefined;

  constructor(setup: AgentSetup) {
    this.#setup = setup;
    this.clock = setup.clock;
    this.contact = setup.contact;
  }

  /** Sends, answers challenges, gives the final response. Rejects when none comes within 32 s. */
  async send(draft: Draft, nextCseq: () => number, hooks: SendHooks = {}): Promise<Exchange> {
    let credentials = this.#setup.reuseNonce ? this.#authorize(draft) : undefined;
    let trustedNonce = credentials !== undefined;
    for (let attempt = 1; ; attempt += 1) {
      const request = this.#build(draft, nextCseq(), credentials);
      hooks.sent?.(request);
      const response = await this.transact(request, hooks.provisional);
      if (response.status !== 401 && response.status !== 407) return { request, response };
      this.challenged += 1;
      const challenge = choose(challengesOf(response), this.#setup.algorithm);
      // the same password is not tried twice, unless only the nonce was old (RFC 7616 3.3 stale)
      const hopeless = credentials !== undefined && !trustedNonce && !challenge?.stale;
      if (!challenge || hopeless || attempt > 3) return { request, response };
      this.#challenge = { challenge, uses: 0 };
      credentials = this.#authorize(draft);
      trustedNonce = false;
    }
  }

  /** One client transaction with a request that is complete. */
  transact(request: Message, provisional: (response: Message) => void = () => undefined): Promise<Message> {
    const key = clientKey(request);
    const { clock, wire } = this.#setup;
    const bytes = request.toBytes();
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        request,
        provisional,
        waiting: true,
        timers: [],
        settle: (result) => {
          for (const timer of pending.timers) timer.cancel();
          this.#pending.delete(key);
          if (result instanceof Message) resolve(result);
          else reject(result);
        },
      };
      this.#pending.set(key, pending);
      const giveUp = () => {
        if (request.method !== 'INVITE' || pending.waiting) pending.settle(new Error(`no answer to ${request.start}`));
      };
      pending.timers.push(clock.after(64 * t1, giveUp));
      const again = (delay: number): void => {
        pending.timers.push(
          clock.after(delay, () => {
            if (request.method === 'INVITE' && !pending.waiting) return;
            wire.send(bytes);
            again(request.method === 'INVITE' ? delay * 2 : Math.min(delay * 2, t2));
          }),
        );
      };
      if (wire.transport === 'udp') again(t1);
      this.post(request);
    });
  }

  /** Sends without waiting: ACK, and requests made by hand. */
  post(request: Message): void {
    this.#setup.onSent(request);
    this.#setup.wire.send(request.toBytes());
  }

  /** False: no transaction of ours asked for it. */
  onResponse(response: Message): boolean {
    const pending = this.#pending.get(clientKey(response));
    if (!pending) {
      const ack = this.#refused.get(clientKey(response));
      if (ack) this.post(ack);
      return ack !== undefined;
    }
    pending.waiting = false;
    if (response.status < 200) {
      pending.provisional(response);
      return true;
    }
    // RFC 3261 17.1.1.3: the ACK for a refusal belongs to the transaction, that for a 2xx to the call
    if (pending.request.method === 'INVITE' && response.status >= 300) {
      const ack = ackOf(pending.request, response);
      this.#refused.set(clientKey(response), ack);
      this.post(ack);
    }
    pending.settle(response);
    return true;
  }

  /** Undefined: a retransmission (its answer is sent again), else the way to answer. */
  serve(request: Message, reply: (bytes: Buffer) => void): Respond | undefined {
    const key = `${viaBranch(request)} ${request.method} ${cseqOf(request).number}`;
    if (this.#served.has(key)) {
      const answered = this.#served.get(key);
      if (answered) reply(answered);
      return undefined;
    }
    this.#served.set(key, undefined);
    const [oldest] = this.#served.keys();
    if (this.#served.size > 500 && oldest !== undefined) this.#served.delete(oldest);
    const ownTag = token();
    return (answer) => {
      const response = responseTo(request, answer, ownTag);
      this.#setup.onSent(response);
      const bytes = response.toBytes();
      this.#served.set(key, bytes);
      reply(bytes);
    };
  }

  /** Ends whatever still waits for an answer. */
  fail(reason: string): void {
    for (const pending of [...this.#pending.values()]) {
      pending.settle(new Error(`${reason} while waiting for the answer to ${pending.request.start}`));
    }
  }

  /** The CANCEL or ACK-like twin of an INVITE shares its branch; everything else gets a new one. */
  via(branch = `z9hG4bK${token(8)}`): Header {
    const { local, transport } = this.#setup.wire;
    const host = isIPv6(local.host) ? `[${local.host}]` : local.host;
    const rport = this.#setup.rport ? ';rport' : '';
    return ['Via', `SIP/2.0/${transport.toUpperCase()} ${host}:${local.port};branch=${branch}${rport}`];
  }

  /** A complete request, for ACK and CANCEL. */
  compose(draft: Draft, cseq: number, branch?: string): Message {
    return new Message(
      `${draft.method} ${draft.uri} SIP/2.0`,
      [
        this.via(branch),
        ['Max-Forwards', '70'],
        ['From', draft.from],
        ['To', draft.to],
        ['Call-ID', draft.callId],
        ['CSeq', `${cseq} ${draft.method}`],
        ['User-Agent', this.#setup.userAgent],
        ...draft.headers,
      ],
      draft.body,
    );
  }

  #build(draft: Draft, cseq: number, credentials: Header | undefined): Message {
    return this.compose(credentials ? { ...draft, headers: [...draft.headers, credentials] } : draft, cseq);
  }

  #authorize(draft: Draft): Header | undefined {
    if (!this.#challenge) return undefined;
    this.#challenge.uses += 1; // RFC 7616 3.4: nc counts the requests with this nonce
    return answerTo(this.#challenge.challenge, this.#setup.credentials, draft.method, draft.uri, this.#challenge.uses);
  }
}

export interface SendHooks {
  readonly provisional?: (response: Message) => void;
  /** Each attempt as it leaves, the one with credentials too. */
  readonly sent?: (request: Message) => void;
}

export function viaBranch(message: Message): string {
  return params(message.header('Via') ?? '').get('branch') ?? '';
}

function clientKey(message: Message): string {
  return `${viaBranch(message)} ${message.isResponse ? cseqOf(message).method : message.method}`;
}

function ackOf(invite: Message, response: Message): Message {
  const kept = invite.headers.filter(([name]) => /^(via|max-forwards|from|call-id|route|user-agent)$/i.test(name));
  const cseq: Header = ['CSeq', `${cseqOf(invite).number} ACK`];
  return new Message(`ACK ${invite.uri} SIP/2.0`, [...kept, ['To', response.header('To') ?? ''], cseq]);
}

function responseTo(request: Message, answer: Answer, ownTag: string): Message {
  const copied = request.headers.filter(([name]) => /^(via|v|from|f|call-id|i|cseq|record-route)$/i.test(name));
  const to = request.header('To') ?? '';
  const tagged = tagOf(to) !== undefined || answer.status === 100 ? to : `${to};tag=${answer.toTag ?? ownTag}`;
  const reason = answer.reason ?? reasons[answer.status] ?? 'Answer';
  return new Message(
    `SIP/2.0 ${answer.status} ${reason}`,
    [...copied, ['To', tagged], ...(answer.headers ?? [])],
    answer.body,
  );
}
