import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerOf, statusOf, UdpPeer, until } from '../sip/embedded/raw-peer.ts';
import { Daemon, Home } from '../support/daemon.ts';

const config = (home: Home) =>
  home.write(
    'lamplighter.yaml',
    `domain: lamplighter.test
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'], auth: trusted }
pbx: [{ name: demo, type: simulated, extensions: ['2000'] }]
store: { path: '${home.path('store.db')}' }
http: { listen: '127.0.0.1:0' }
`,
  );

test('SIGTERM while a NOTIFY is unanswered ends the daemon in time, without terminated; the subscription is there again', async () => {
  const home = new Home();
  const peer = await UdpPeer.open();
  const file = config(home);
  let daemon = await Daemon.start(file);
  try {
    await daemon.ready();
    const { port } = peer.endpoint;
    const lines = [
      'SUBSCRIBE sip:2000@lamplighter.test SIP/2.0',
      `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKstop;rport`,
      'From: <sip:3000@lamplighter.test>;tag=stop',
      'To: <sip:2000@lamplighter.test>',
      'Call-ID: stop',
      'CSeq: 1 SUBSCRIBE',
      `Contact: <sip:3000@127.0.0.1:${port}>`,
      'Event: dialog',
      'Expires: 600',
      'Content-Length: 0',
    ];
    peer.send(`${lines.join('\r\n')}\r\n\r\n`, { address: '127.0.0.1', port: daemon.udpPort });
    const notifies = () => peer.inbox.messages.filter((message) => message.startsWith('NOTIFY'));
    await until(() => notifies().length > 0, 'the first NOTIFY'); // which this phone never answers
    assert.ok(peer.inbox.messages.some((message) => statusOf(message) === 200));
    const began = process.hrtime.bigint();
    assert.equal(await daemon.stop(), 0);
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    assert.ok(seconds < 15, `${seconds} s`); // 3 s where the machine has nothing else to do
    for (const message of notifies()) assert.match(headerOf(message, 'Subscription-State') ?? '', /^active;/);
    daemon = await Daemon.start(file);
    const { body } = await daemon.api<readonly unknown[]>('/api/v1/subscriptions');
    assert.equal(body.length, 1);
  } finally {
    await daemon.stop();
    await peer.close();
    home.remove();
  }
});
