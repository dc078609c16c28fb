import { type Clock, sleep, type Timer } from '../../../src/model/clock.ts';
import { type Agent, type Respond, viaBranch } from './agent.ts';
import type { Dialog } from './dialog.ts';
import { cseqOf, type Header, type Message } from './message.ts';

type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** How a call ended. */
export interface CallEnd {
  readonly by: 'us' | 'them';
  /** SIP status of a call that was never answered, 200 of one that was. */
  readonly status: number;
}

interface Settle<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

function settle<T>(): Settle<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined); // nobody has to wait for it
  return { promise, resolve, reject };
}

/** What the SDP of a call says besides what is always there. */
export interface Media {
  readonly port: number;
  /** Lines at its end, such as the candidates of a phone that knows many. */
  readonly lines: readonly string[];
}

/** What both directions share once there is a dialog. No media: the SDP names a port that swallows what it gets. */
abstract class Call {
  readonly dialog: Dialog;
  /** Bodies of the NOTIFYs that report on a transfer, such as `SIP/2.0 200 OK`. */
  readonly transferProgress: string[] = [];
  protected readonly agent: Agent;
  protected readonly finished = settle<CallEnd>();
  protected over = false;
  readonly #media: Media;
  readonly #sdpId: number;
  #sdpVersion = 0;
  #resend: Timer | undefined;
  #acked: (() => void) | undefined;

  constructor(agent: Agent, dialog: Dialog, media: Media) {
    this.agent = agent;
    this.dialog = dialog;
    this.#media = media;
    this.#sdpId = agent.clock.now();
  }

  /** Resolves when the call is over, whoever ended it. */
  get ended(): Promise<CallEnd> {
    return this.finished.promise;
  }

  get isOver(): boolean {
    return this.over;
  }

  /** re-INVITE with `sendonly`. */
  async hold(): Promise<Message> {
    return this.#reinvite('sendonly');
  }

  async resume(): Promise<Message> {
    return this.#reinvite('sendrecv');
  }

  /** REFER; blind to a number or URI, attended when the second call is given. Gives the answer to the REFER. */
  async transfer(target: string, consultation?: Call): Promise<Message> {
    const uri = target.includes(':') ? target : `sip:${target}@${hostOf(this.dialog.remoteTarget)}`;
    const other = consultation?.dialog;
    const replaces = other
      ? `?Replaces=${encodeURIComponent(`${other.callId};to-tag=${other.remoteTag};from-tag=${other.localTag}`)}`
      : '';
    const headers: Header[] = [
      ['Contact', this.agent.contact],
      ['Refer-To', `<${uri}${replaces}>`],
      ['Referred-By', this.agent.contact],
    ];
    const { response } = await this.agent.send(this.dialog.draft('REFER', headers), this.dialog.nextCseq);
    return response;
  }

  /** A request with our tags; called by the phone. */
  onRequest(request: Message, respond: Respond): void {
    switch (request.method) {
      case 'ACK':
        this.#acked?.();
        break;
      case 'INVITE':
      case 'UPDATE':
        this.#answerOffer(request, respond);
        break;
      case 'BYE':
        respond({ status: 200 });
        this.end({ by: 'them', status: 200 });
        break;
      case 'NOTIFY':
        respond({ status: 200 });
        this.#onTransferProgress(request.text.trim());
        break;
      default:
        respond({ status: 200 });
    }
  }

  /** A 2xx to an INVITE of ours again: its ACK was lost; called by the phone. */
  onAcceptedAgain(response: Message): void {
    if (this.dialog.remoteTag !== undefined) this.agent.post(this.#ack(response));
  }

  /** Ends the promises without a word on the wire; called when the phone closes. */
  abandon(reason: string): void {
    this.end({ by: 'us', status: 0 }, reason);
  }

  protected async bye(): Promise<void> {
    this.end({ by: 'us', status: 200 });
    await this.agent.send(this.dialog.draft('BYE'), this.dialog.nextCseq);
  }

  protected end(how: CallEnd, _reason?: string): void {
    if (this.over) return;
    this.over = true;
    this.#acked?.();
    this.finished.resolve(how);
  }

  /** RFC 3261 13.3.1.4: the 2xx again and again until its ACK. Resolves at the ACK. */
  protected acceptUntilAck(respond: Respond, direction: Direction): Promise<void> {
    const body = this.sdp(direction);
    const answer = { status: 200, headers: this.#offerHeaders(), body, toTag: this.dialog.localTag };
    return new Promise((resolve) => {
      const again = (clock: Clock, delay: number, left: number): void => {
        respond(answer);
        // for 64*T1, and not beyond the call: a phone that closes leaves no timer behind
        if (left <= 0 || this.over) return;
        this.#resend = clock.after(delay, () => again(clock, Math.min(delay * 2, 4000), left - delay));
      };
      this.#acked = () => {
        this.#resend?.cancel();
        this.#acked = undefined;
        resolve();
      };
      again(this.agent.clock, 500, 32_000);
    });
  }

  /** RFC 3261 13.2.2.4: the CSeq number of the INVITE, a branch of its own. */
  protected acknowledge(response: Message): void {
    this.dialog.learn(response);
    this.agent.post(this.#ack(response));
  }

  protected sdp(direction: Direction): string {
    this.#sdpVersion += 1;
    return [
      'v=0',
      `o=- ${this.#sdpId} ${this.#sdpVersion} IN IP4 127.0.0.1`,
      's=phone',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      `m=audio ${this.#media.port} RTP/AVP 0 8 101`,
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      'a=rtpmap:101 telephone-event/8000',
      `a=${direction}`,
      ...this.#media.lines,
      '',
    ].join('\r\n');
  }

  /** RFC 5589 6.1: the transferor leaves once it hears that the transfer worked; Asterisk waits for that BYE. */
  #onTransferProgress(fragment: string): void {
    this.transferProgress.push(fragment);
    if (/^SIP\/2\.0 2\d\d/.test(fragment) && !this.over) void this.bye().catch(() => undefined);
  }

  #ack(response: Message): Message {
    return this.agent.compose(this.dialog.draft('ACK'), cseqOf(response).number);
  }

  #offerHeaders(): Header[] {
    return [
      ['Contact', this.agent.contact],
      ['Content-Type', 'application/sdp'],
    ];
  }

  /** RFC 3261 14.1: again where it met one of the other side (491), after a while that is shorter here than there. */
  async #reinvite(direction: Direction): Promise<Message> {
    for (let attempt = 1; ; attempt += 1) {
      const draft = this.dialog.draft('INVITE', this.#offerHeaders(), this.sdp(direction));
      const { response } = await this.agent.send(draft, this.dialog.nextCseq);
      if (response.status < 300) this.acknowledge(response);
      if (response.status !== 491 || attempt === 5) return response;
      await sleep(this.agent.clock, 200 * attempt);
    }
  }

  #answerOffer(request: Message, respond: Respond): void {
    this.dialog.learnFromRequest(request);
    const offered = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m.exec(request.text)?.[1];
    const mirrored = ({ sendonly: 'recvonly', recvonly: 'sendonly', inactive: 'inactive' } as const)[offered ?? ''];
    if (request.method === 'INVITE') void this.acceptUntilAck(respond, mirrored ?? 'sendrecv');
    else if (request.body.length === 0) respond({ status: 200, headers: [['Contact', this.agent.contact]] });
    else respond({ status: 200, headers: this.#offerHeaders(), body: this.sdp(mirrored ?? 'sendrecv') });
  }
}

/** A call this phone places. */
export class OutgoingCall extends Call {
  readonly #rings = settle<Message>();
  readonly #answers = settle<Message>();
  #invite: Message | undefined;
  #provisional = settle<void>();
  #established = false;

  /** Resolves at the first 180 or 183; rejects when the call ends before it. */
  get ringing(): Promise<Message> {
    return this.#rings.promise;
  }

  /** Resolves with the 200 (acknowledged); rejects with `status` in the message when refused or cancelled. */
  get answered(): Promise<Message> {
    return this.#answers.promise;
  }

  /** Sends the INVITE; called by the phone. */
  async start(headers: readonly Header[]): Promise<void> {
    const draft = this.dialog.draft(
      'INVITE',
      [['Contact', this.agent.contact], ['Content-Type', 'application/sdp'], ...headers],
      this.sdp('sendrecv'),
    );
    try {
      const { response } = await this.agent.send(draft, this.dialog.nextCseq, {
        sent: (invite) => {
          this.#invite = invite;
        },
        provisional: (response) => {
          this.#provisional.resolve();
          if (response.status > 100) this.#rings.resolve(response);
        },
      });
      this.#onFinal(response);
    } catch (error) {
      this.end({ by: 'us', status: 408 }, error instanceof Error ? error.message : String(error));
    }
  }

  /** CANCEL before the answer, BYE after it; resolves when the call is over. */
  async hangup(): Promise<void> {
    if (this.over) return;
    if (this.#established) return await this.bye();
    await Promise.race([this.#provisional.promise, this.finished.promise]); // RFC 3261 9.1
    if (this.over || !this.#invite) return;
    if (this.#established) return await this.bye();
    const invite = this.#invite;
    const routes = invite.all('Route').map((route): Header => ['Route', route]);
    const cancel = this.agent.compose(
      {
        method: 'CANCEL',
        uri: invite.uri,
        from: invite.header('From') ?? '',
        to: invite.header('To') ?? '',
        callId: this.dialog.callId,
        headers: routes,
      },
      cseqOf(invite).number,
      viaBranch(invite),
    );
    await this.agent.transact(cancel);
    await Promise.race([this.finished.promise, this.#answers.promise.catch(() => undefined)]);
    if (!this.over) await this.bye(); // the 200 crossed the CANCEL
  }

  #onFinal(response: Message): void {
    this.#provisional.resolve();
    if (response.status >= 300) {
      this.end({ by: 'them', status: response.status }, `refused with ${response.status} ${response.reason}`);
      return;
    }
    this.#established = true;
    this.acknowledge(response);
    this.#rings.resolve(response);
    this.#answers.resolve(response);
  }

  protected override end(how: CallEnd, reason = 'the call ended'): void {
    const error = new Error(`call ${this.dialog.callId}: ${reason} (${how.status})`);
    this.#rings.reject(error);
    this.#answers.reject(error);
    super.end(how);
  }
}

/** A call that rings here. Nothing but 100 is sent until the test says so. */
export class IncomingCall extends Call {
  readonly invite: Message;
  readonly #respond: Respond;
  #decided = false;

  constructor(agent: Agent, dialog: Dialog, media: Media, invite: Message, respond: Respond) {
    super(agent, dialog, media);
    this.invite = invite;
    this.#respond = respond;
    respond({ status: 100 });
  }

  ringing(): void {
    if (!this.#decided) this.#respond({ status: 180, ...this.#own() });
  }

  /** 200; resolves when the caller acknowledged it. */
  async answer(): Promise<this> {
    if (this.#decided) throw new Error('the call is already answered, refused or cancelled');
    this.#decided = true;
    await this.acceptUntilAck(this.#respond, 'sendrecv');
    return this;
  }

  /** `headers` carries Contact for a 302. */
  reject(status = 486, headers: readonly Header[] = []): void {
    if (this.#decided) return;
    this.#decided = true;
    this.#respond({ status, headers, toTag: this.dialog.localTag });
    this.end({ by: 'us', status });
  }

  async hangup(): Promise<void> {
    if (!this.#decided) this.reject(603);
    else if (!this.over) await this.bye();
  }

  /** Called by the phone. */
  onCancel(respond: Respond): void {
    respond({ status: 200 });
    if (this.#decided) return;
    this.#decided = true;
    this.#respond({ status: 487, toTag: this.dialog.localTag });
    this.end({ by: 'them', status: 487 });
  }

  #own() {
    return { headers: [['Contact', this.agent.contact]] as Header[], toTag: this.dialog.localTag };
  }
}

function hostOf(uri: string): string {
  return /^sips?:(?:[^@]*@)?([^;?>]+)/i.exec(uri)?.[1] ?? '127.0.0.1';
}
