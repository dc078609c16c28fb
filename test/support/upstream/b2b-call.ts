import type { Agent, Respond } from '../phone/agent.ts';
import { viaBranch } from '../phone/agent.ts';
import { Dialog } from '../phone/dialog.ts';
import { cseqOf, type Header, type Message } from '../phone/message.ts';
import type { Upstream } from './upstream.ts';

interface Leg {
  readonly dialog: Dialog;
  readonly agent: Agent;
}

/** Two calls that the test PBX has made one, as a back-to-back user agent: what one side asks is asked of the other. */
export class B2bCall {
  readonly callId: string;
  /** Bodies of REFERs' targets that came. */
  readonly referred: string[] = [];
  over = false;
  readonly #pbx: Upstream;
  readonly #a: Leg;
  #b: Leg | undefined;
  readonly #invite: Message;
  readonly #respond: Respond;
  readonly #user: string;
  #sent: Message | undefined;
  #answered = false;
  #cancelled = false;

  constructor(pbx: Upstream, agent: Agent, invite: Message, respond: Respond, user: string) {
    this.#pbx = pbx;
    this.#invite = invite;
    this.#respond = respond;
    this.#user = user;
    this.callId = invite.header('Call-ID') ?? '';
    this.#a = { dialog: Dialog.incoming(invite), agent };
    pbx.keep(this, this.#a.dialog);
  }

  async start(): Promise<void> {
    const { uri, routes } = this.#pbx.toPhone(this.#user);
    const dialog = Dialog.outgoing(`sip:pbx@${this.#pbx.place}`, uri);
    const agent = this.#pbx.agentFor({ uri, headers: routes });
    this.#b = { dialog, agent };
    this.#pbx.keep(this, dialog);
    const own: Header[] = [['Contact', agent.contact], ...typeOf(this.#invite)];
    const { response } = await agent.send(
      dialog.draft('INVITE', [...routes, ...own], this.#invite.text),
      dialog.nextCseq,
      {
        sent: (request) => {
          this.#sent = request;
        },
        provisional: ({ status, text }) => {
          if (status > 100) this.#tell(status, text);
          if (this.#cancelled) void this.#cancelB();
        },
      },
    );
    if (response.status < 300) {
      dialog.learn(response);
      agent.post(agent.compose(dialog.draft('ACK'), cseqOf(response).number));
      this.#answered = true;
    } else this.over = true;
    if (!this.#cancelled) this.#tell(response.status, response.text);
  }

  /** A request in one of its dialogs. */
  onRequest(request: Message, respond: Respond): void {
    const other = request.header('Call-ID') === this.callId ? this.#b : this.#a;
    switch (request.method) {
      case 'ACK':
        return;
      case 'REFER':
        this.referred.push(request.header('Refer-To') ?? '');
        respond({ status: 202 });
        void this.#report(request);
        return;
      case 'BYE':
        this.over = true;
        respond({ status: 200 });
        if (other !== undefined)
          void other.agent.send(other.dialog.draft('BYE'), other.dialog.nextCseq).catch(() => undefined);
        return;
      default:
        if (other === undefined) respond({ status: 491 });
        else void this.#across(request, respond, other).catch(() => undefined);
    }
  }

  /** By the PBX itself: both sides hear BYE. */
  async hangup(): Promise<void> {
    this.over = true;
    for (const leg of [this.#a, this.#b]) if (leg) await leg.agent.send(leg.dialog.draft('BYE'), leg.dialog.nextCseq);
  }

  /** By the caller, before it was answered. */
  async cancel(): Promise<void> {
    if (this.#answered || this.#cancelled) return;
    this.#cancelled = true;
    this.over = true;
    this.#tell(487, '');
    await this.#cancelB();
  }

  async #cancelB(): Promise<void> {
    const invite = this.#sent;
    if (invite === undefined || this.#b === undefined) return;
    const { agent, dialog } = this.#b;
    const routes = invite.all('Route').map((value): Header => ['Route', value]);
    const draft = { ...dialog.draft('CANCEL', routes), uri: invite.uri };
    await agent.transact(agent.compose(draft, cseqOf(invite).number, viaBranch(invite))).catch(() => undefined);
  }

  /** RFC 3515 2.4.4: in the dialog of the REFER. */
  async #report(refer: Message): Promise<void> {
    const leg = refer.header('Call-ID') === this.callId ? this.#a : this.#b;
    if (leg === undefined) return;
    const headers: Header[] = [
      ['Contact', leg.agent.contact],
      ['Event', 'refer'],
      ['Subscription-State', 'terminated;reason=noresource'],
      ['Content-Type', 'message/sipfrag'],
    ];
    await leg.agent
      .send(leg.dialog.draft('NOTIFY', headers, 'SIP/2.0 200 OK'), leg.dialog.nextCseq)
      .catch(() => undefined);
  }

  async #across(request: Message, respond: Respond, { agent, dialog }: Leg): Promise<void> {
    const headers: Header[] = [['Contact', agent.contact], ...typeOf(request)];
    const { response } = await agent.send(dialog.draft(request.method, headers, request.text), dialog.nextCseq);
    if (request.method === 'INVITE' && response.status < 300) {
      agent.post(agent.compose(dialog.draft('ACK'), cseqOf(response).number));
    }
    respond({
      status: response.status,
      headers: [['Contact', agent.contact], ...typeOf(response)],
      body: response.text,
    });
  }

  #tell(status: number, body: string): void {
    const { agent, dialog } = this.#a;
    const headers: Header[] = [['Contact', agent.contact], ...(body === '' ? [] : [sdp])];
    this.#respond({ status, headers, body, toTag: dialog.localTag });
  }
}

const sdp: Header = ['Content-Type', 'application/sdp'];

function typeOf(message: Message): Header[] {
  const type = message.header('Content-Type');
  return type === undefined ? [] : [['Content-Type', type]];
}
