import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hostAdapter } from '../../adapters/host.ts';
import { aorOf } from '../../src/model/aor.ts';
import { adapterContract } from '../contracts/adapter.ts';
import { Daemon, Home } from '../support/daemon.ts';
import { dialogInfo, Phone } from '../support/phone.ts';
import { FakePbx } from './acme/fake-pbx.ts';

/** As the configuration names it: `type: ./dist/…/acme.js`. */
const module = fileURLToPath(new URL('./acme/acme.js', import.meta.url));
const domain = 'example.com';

// The example of docs/extending/add-a-pbx.md does all that Lamplighter relies on, in the thread in which it runs in earnest.
adapterContract('the example of docs/extending, loaded by its path', async () => {
  const pbx = await new FakePbx().open();
  const options = { host: '127.0.0.1', port: pbx.port };
  const settings = { name: 'acme', domain, domains: [{ name: domain, aliases: [] }], options, remembered: [] };
  return {
    adapter: (tools) => hostAdapter(module, settings, tools),
    aor: aorOf('1001', domain),
    other: aorOf('1002', domain),
    target: '1002',
    hand: pbx.hand,
    trouble: pbx.trouble,
    close: () => pbx.close(),
  };
});

test('the daemon takes the example by its path: a call lights a lamp, and a key reaches the PBX', async () => {
  const pbx = await new FakePbx().open();
  const home = new Home();
  const config = home.write(
    'lamplighter.yaml',
    `version: 1
domain: ${domain}
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] }
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
pbx:
  - { name: acme, type: ${module}, port: ${pbx.port} }
`,
  );
  const daemon = await Daemon.start(config);
  const server = { host: '127.0.0.1', port: daemon.udpPort, transport: 'udp' } as const;
  const phone = await Phone.open({ user: '1002', password: 'secret1002', domain, server });
  try {
    await daemon.ready();
    const lamp = await phone.subscribe({ event: 'dialog', resource: '1001' });
    assert.equal(lamp.response.status, 200);
    const call = pbx.hand.call();
    const shows = (word: string) =>
      lamp.next((notify) => notify.body !== '' && dialogInfo(notify).dialogs.some(({ state }) => state === word));
    await shows('early');
    call.answer();
    await shows('confirmed');
    const { status } = await fetch(`${daemon.http}/api/v1/extensions/1001/features/dnd`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{"enabled":true}',
    });
    assert.equal(status, 200);
    assert.deepEqual(pbx.trouble.writes(), ['{"user":"1001","dnd":true}']);
  } finally {
    await phone.close();
    await daemon.stop();
    home.remove();
    await pbx.close();
  }
});
