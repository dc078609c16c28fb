import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Daemon, Home } from '../support/daemon.ts';
import { dialogInfo, lamp, type Notify, Phone, type Subscription } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { AsteriskLab } from './lab/asterisk.ts';
import { domain, it, skip } from './scene.ts';

/* The Asterisk of a branch office publishes its lamps to a Lamplighter whose own PBX knows none of its extensions. */

interface Listed {
  readonly publisher: string;
  readonly expiresAt: string;
}

let lab: AsteriskLab;
let daemon: Daemon;
let phone: Phone;
const home = new Home();

before(async () => {
  if (skip !== null) return;
  lab = await AsteriskLab.start();
  const sip = await lastingPort();
  const config = home.write(
    'lamplighter.yaml',
    `version: 1
domain: ${domain}
aliases: [127.0.0.1]
sip:
  listen: ['udp:127.0.0.1:${sip}', 'tcp:127.0.0.1:${sip}']
  auth: users
  users: [{ user: branch, password: branch-secret }, { user: '2001', password: pw2001 }]
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
pbx: [{ name: main, type: simulated, extensions: ['2001-2005'] }]
phones: { profiles: [{ name: quick, match: '.', notifyMinIntervalMs: 0 }] }
publish: { minExpires: 5, rights: [{ publishers: branch, extensions: '1\\d{3}' }] }
`,
  );
  daemon = await Daemon.start(config);
  await daemon.ready();
  const server = { host: '127.0.0.1', port: daemon.udpPort, transport: 'udp' } as const;
  phone = await Phone.open({ user: '2001', password: 'pw2001', domain, server });
  // as docs/publish.md tells the admin of the branch
  await lab.addToPjsip(`
[branch-auth]
type = auth
auth_type = userpass
username = branch
password = branch-secret

[lamplighter]
type = outbound-publish
server_uri = sip:hint@127.0.0.1:${sip}
from_uri = sip:branch@${domain}
event = dialog
expiration = 6
multi_user = yes
outbound_auth = branch-auth
@body = application/dialog-info+xml
@context = ^ext-local$
@exten = ^1[0-9][0-9][0-9]$
`);
});
after(async () => {
  await phone?.close();
  await daemon?.kill();
  await lab?.stop();
  home.remove();
});

const shows = (lampOf: Subscription, wanted: string) =>
  lampOf.next((notify: Notify) => lamp(dialogInfo(notify)) === wanted, 15_000);

it('a lamp of a branch office lights and goes out at the main office as its Asterisk says, and goes out when that dies', async () => {
  const lampOf = await phone.subscribe({ event: 'dialog', resource: '1001' });
  assert.equal(lampOf.response.status, 200);
  await lampOf.next();
  await lab.cli('devstate change Custom:DND1001 RINGING');
  await shows(lampOf, 'ringing');
  await lab.cli('devstate change Custom:DND1001 INUSE');
  await shows(lampOf, 'busy');
  await lab.cli('devstate change Custom:DND1001 NOT_INUSE');
  await shows(lampOf, 'off');
  await lab.cli('devstate change Custom:DND1001 INUSE');
  await shows(lampOf, 'busy');
  const path = '/api/v1/publications?ext=1001';
  const [first] = (await daemon.api<Listed[]>(path)).body;
  assert.equal(first?.publisher, `branch@${domain}`);
  const told = lampOf.notifies.length;
  await daemon.until<Listed[]>(path, ([one]) => one !== undefined && one.expiresAt > first.expiresAt);
  assert.equal(lampOf.notifies.length, told, 'a refresh is no news');
  await lab.kill();
  await shows(lampOf, 'off'); // nobody takes it back, and it ends by itself
  assert.deepEqual((await daemon.api<Listed[]>('/api/v1/publications')).body, []);
  assert.deepEqual(phone.violations, []);
});
