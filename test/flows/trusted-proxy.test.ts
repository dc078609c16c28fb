import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerTo, headerOf, TcpListener, TcpPeer, until } from '../sip/embedded/raw-peer.ts';
import { Daemon, Home } from '../support/daemon.ts';
import { lastingPort } from '../support/ports.ts';

const domain = 'lamplighter.test';

/** A proxy in front of the phones: it connects by TCP, puts itself into the route and is believed. */
class FrontProxy {
  readonly listener: TcpListener;
  #out: TcpPeer | null = null;
  #read = 0;

  private constructor(listener: TcpListener) {
    this.listener = listener;
  }

  static async open(port = 0): Promise<FrontProxy> {
    return new FrontProxy(await TcpListener.open({ address: '127.0.0.1', port }));
  }

  get route(): string {
    return `<sip:127.0.0.1:${this.listener.port};transport=tcp;lr>`;
  }

  /** Sends one lamp's SUBSCRIBE; answers its first NOTIFY. */
  async subscribe(daemon: Daemon): Promise<void> {
    const out = await TcpPeer.open({ address: '127.0.0.1', port: daemon.tcpPort });
    this.#out = out;
    out.send(
      [
        `SUBSCRIBE sip:1002@${domain} SIP/2.0`,
        `Via: SIP/2.0/TCP 127.0.0.1:${this.listener.port};branch=z9hG4bKproxy`,
        'Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKphone',
        `Record-Route: ${this.route}`,
        'Max-Forwards: 69',
        `From: <sip:1001@${domain}>;tag=phone`,
        `To: <sip:1002@${domain}>`,
        'Call-ID: behind-a-proxy',
        'CSeq: 1 SUBSCRIBE',
        'Contact: <sip:1001@192.0.2.7>',
        'Event: dialog',
        'Expires: 3600',
        'Content-Length: 0\r\n\r\n',
      ].join('\r\n'),
    );
    await until(() => out.text.includes('\r\nNOTIFY ') || out.text.startsWith('NOTIFY '), 'the first NOTIFY');
    out.send(answerTo(out.text.slice(out.text.indexOf('NOTIFY ')), 200));
  }

  /** The next NOTIFY that comes by a connection to the proxy, answered. */
  async next(): Promise<string> {
    const all = () =>
      this.listener.peers
        .map((peer) => peer.text)
        .join('')
        .split(/(?=NOTIFY sip:)/)
        .slice(this.#read);
    await until(() => all()[0]?.includes('</dialog-info>') ?? false, 'a NOTIFY by a new connection');
    const [notify = ''] = all();
    this.#read += 1;
    for (const peer of this.listener.peers) if (!peer.closed) peer.send(answerTo(notify, 200));
    return notify;
  }

  /** Its connections end, its port stays. */
  async forget(): Promise<void> {
    this.#out?.close();
    await until(() => this.#out?.closed ?? true, 'the end of the connection');
  }

  close(): Promise<void> {
    this.#out?.close();
    return this.listener.close();
  }
}

async function fixedConfig(home: Home): Promise<string> {
  const [sip, http] = [await lastingPort(), await lastingPort()];
  return home.write(
    'lamplighter.yaml',
    `version: 1
domain: ${domain}
sip: { listen: ['udp:127.0.0.1:${sip}', 'tcp:127.0.0.1:${sip}'], auth: trusted, trusted: ['127.0.0.1'] }
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:${http}' }
pbx: [{ name: sim, type: simulated }]
phones: { profiles: [{ name: quick, match: '.', notifyMinIntervalMs: 0 }] }
`,
  );
}

test('lamps behind a trusted TCP proxy go on over a new connection when the proxy, or Lamplighter, was restarted', async () => {
  const home = new Home();
  const proxy = await FrontProxy.open();
  const file = await fixedConfig(home);
  let daemon = await Daemon.start(file);
  try {
    await daemon.ready();
    await proxy.subscribe(daemon);
    await proxy.forget();
    await daemon.api('/api/v1/extensions/1002/features/dnd', { method: 'PUT', body: { enabled: true } });
    const first = await proxy.next();
    assert.equal(headerOf(first, 'Route'), proxy.route);
    assert.ok(first.startsWith('NOTIFY sip:1001@192.0.2.7 SIP/2.0\r\n'), first);
    assert.ok(first.includes('<state>confirmed</state>'), first);

    assert.equal(await daemon.stop(), 0);
    daemon = await Daemon.start(file);
    const second = await proxy.next();
    assert.ok(Number.parseInt(headerOf(second, 'CSeq') ?? '', 10) > Number.parseInt(headerOf(first, 'CSeq') ?? '', 10));
    assert.ok(headerOf(second, 'Subscription-State')?.startsWith('active'), second);
  } finally {
    await daemon.kill();
    await proxy.close();
    home.remove();
  }
});
