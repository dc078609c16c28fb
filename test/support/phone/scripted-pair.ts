import { Phone, type PhoneOptions, type Subscription } from '../phone.ts';
import { type Heard, ScriptedPeer } from './scripted-peer.ts';

export interface Pair {
  readonly phone: Phone;
  readonly peer: ScriptedPeer;
}

/** Phones and the scripted peers they talk to; `close` ends all that were opened. */
export class Pairs {
  #open: { close(): Promise<void> }[] = [];

  /** Also closes `one` at the end. */
  keep(one: { close(): Promise<void> }): void {
    this.#open.push(one);
  }

  async open(options: Partial<PhoneOptions> = {}, hears: { readonly copies?: boolean } = {}): Promise<Pair> {
    const peer = await ScriptedPeer.open(hears);
    const server = { host: '127.0.0.1', port: peer.port, transport: 'udp' as const };
    const phone = await Phone.open({ user: '1001', password: 'geheim', domain: 'pbx.test', server, ...options });
    this.keep(phone);
    this.keep(peer);
    return { phone, peer };
  }

  /** A pair in which 1001 watches 1002 for 600 s; the peer has answered 200 and sent no NOTIFY yet. */
  async subscribed(
    options: Partial<PhoneOptions> = {},
    hears: { readonly copies?: boolean } = {},
  ): Promise<Pair & { readonly request: Heard; readonly subscription: Subscription }> {
    const { phone, peer } = await this.open(options, hears);
    const starting = phone.subscribe({ event: 'dialog', resource: '1002', expires: 600 });
    const request = await peer.next('SUBSCRIBE');
    request.reply('200 OK', ['Expires: 600', `Contact: <sip:lamp@127.0.0.1:${peer.port}>`]);
    return { phone, peer, request, subscription: await starting };
  }

  async close(): Promise<void> {
    for (const one of this.#open.splice(0)) await one.close();
  }
}
