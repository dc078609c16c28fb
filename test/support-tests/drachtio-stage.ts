import assert from 'node:assert/strict';
import { afterEach, beforeEach } from 'node:test';
import type { ListenPoint } from '../../src/sip/engine.ts';
import { headerOf, UdpPeer } from '../sip/embedded/raw-peer.ts';
import { subscribe } from '../sip/message/sample.ts';
import { ControlPeer, type Frame } from '../support/drachtio-server/control-peer.ts';
import { DrachtioServer, type Listening } from '../support/drachtio-server/drachtio-server.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** Of the sample SUBSCRIBE. */
export const callId = 'a84b4c76e66710@192.0.2.1';
export const dialogId = `${callId};from-tag=1928301774`;

export const active = 'Event: dialog\r\nSubscription-State: active;expires=600\r\n';
export const terminated = 'Event: dialog\r\nSubscription-State: terminated;reason=timeout\r\n';

export type Changes = NonNullable<Parameters<typeof subscribe>[0]>;

/** A server on a clock that stands still, a client that wants SUBSCRIBEs, and a phone: new for each test. */
export class DrachtioStage {
  clock = new FakeClock();
  server = new DrachtioServer();
  /** Undone after the test, before the server stops. */
  readonly cleanups: (() => unknown)[] = [];
  #at: Listening | null = null;
  #phone: UdpPeer | null = null;
  #client: ControlPeer | null = null;
  #branches = 0;

  constructor() {
    beforeEach(async () => {
      this.clock = new FakeClock();
      this.server = new DrachtioServer({ clock: this.clock });
      this.#at = await this.server.start();
      this.#phone = await UdpPeer.open();
      this.#client = await this.connect('subscribe');
    });
    afterEach(async () => {
      for (const cleanup of this.cleanups.splice(0)) await cleanup();
      await this.phone.close();
      await this.server.stop();
      assert.equal(this.clock.pending, 0, 'timers are left');
    });
  }

  get phone(): UdpPeer {
    return this.#phone ?? assert.fail('before the test');
  }

  get client(): ControlPeer {
    return this.#client ?? assert.fail('before the test');
  }

  get control(): Listening['control'] {
    return this.#at?.control ?? assert.fail('before the test');
  }

  point(transport: 'udp' | 'tcp'): ListenPoint {
    return this.#at?.sip.find((it) => it.transport === transport) ?? assert.fail(transport);
  }

  /** The phone's Contact. */
  get own(): string {
    return `<sip:1001@127.0.0.1:${this.phone.endpoint.port}>`;
  }

  branch(): string {
    return `z9hG4bKp${++this.#branches}`;
  }

  /** One more client, logged in. */
  async connect(...verbs: readonly string[]): Promise<ControlPeer> {
    const peer = await ControlPeer.open(this.control);
    this.cleanups.push(() => peer.close());
    assert.equal((await peer.ask('authenticate|cymru|')).fields[0], 'OK');
    for (const verb of verbs) await peer.ask(`route|${verb}`);
    return peer;
  }

  /** A SUBSCRIBE of the phone, each time another transaction, and what the client is told. */
  async ask(changes: Changes = {}): Promise<Frame> {
    const via = `SIP/2.0/UDP 127.0.0.1:${this.phone.endpoint.port};branch=${this.branch()}`;
    this.phone.send(subscribe({ Via: via, Contact: this.own, ...changes }), this.point('udp'));
    return this.client.next();
  }

  /** The client answers a request; resolves with the echo. */
  answer({ fields, text }: Frame, status = '200 OK', headers = 'Expires: 600\r\n'): Promise<Frame> {
    const response = `SIP/2.0 ${status}\r\nto: ${headerOf(text, 'To')}\r\n${headers}content-length: 0\r\n\r\n`;
    return this.client.ask(`sip|${fields[8]}|`, response);
  }

  /** A dialog of the phone with the client; resolves with our tag. */
  async subscribed(changes: Changes = {}): Promise<string> {
    const before = this.phone.inbox.messages.length;
    await this.answer(await this.ask(changes));
    return /;tag=(.+)$/.exec(headerOf(await this.phone.inbox.nth(before + 1), 'To') ?? '')?.[1] ?? '';
  }

  /** A NOTIFY in the dialog, as a client asks for it. */
  notify(headers = active, by = this.client): Promise<Frame> {
    return by.ask(`sip||${dialogId}`, `NOTIFY sip:placeholder SIP/2.0\r\n${headers}content-length: 0\r\n\r\n`);
  }
}
