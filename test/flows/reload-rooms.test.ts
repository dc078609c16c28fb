import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { openTls } from '../sip/embedded/stream-peers.ts';
import { certificatePath } from '../support/certificate.ts';
import { ListTable, listIn } from '../support/list-view.ts';
import { featureEvents, featureType, type Notify, type Subscription, setDnd } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { Hand } from './hand.ts';
import { publish } from './publisher.ts';
import { ReloadStage, type Sections } from './reload-stage.ts';

const pbx = [{ name: 'main', type: 'simulated', extensions: ['1000-1029'] }];
const quick = { name: 'quick', match: '.', notifyMinIntervalMs: 0 };
const secure = { tls: { cert: '', key: '' }, listen: [] as string[] };
let plain: Sections = {};

let stage: ReloadStage;
before(async () => {
  const port = await lastingPort();
  const tlsPort = await lastingPort();
  stage = await ReloadStage.open({ pbx });
  await stage.daemon.stop();
  for (const ending of ['pem', 'key'])
    copyFileSync(certificatePath(`server.${ending}`), stage.home.path(`s.${ending}`));
  secure.tls = { cert: stage.home.path('s.pem'), key: stage.home.path('s.key') };
  secure.listen = [`udp:127.0.0.1:${port}`, `tcp:127.0.0.1:${port}`, `tls:127.0.0.1:${tlsPort}`];
  plain = { pbx, phones: { profiles: [quick] }, sip: secure };
  stage.write(plain);
  await stage.start();
});
afterEach(async () => {
  await stage.tidy();
  await stage.change(plain);
});
after(() => stage.close());

test('another certificate is shown to new connections; the phone on an old one stays and is told', async () => {
  const { daemon, home } = stage;
  const serial = async () => {
    const socket = await openTls({ address: '127.0.0.1', port: daemon.port('tls') });
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const phone = await stage.phone('1001', {}, 'tcp');
  const sub = await phone.subscribe({ event: 'dialog', resource: '1002' });
  await sub.next();
  assert.equal(await serial(), '02');
  for (const ending of ['pem', 'key']) copyFileSync(certificatePath(`server-next.${ending}`), home.path(`n.${ending}`));
  const tls = { cert: home.path('n.pem'), key: home.path('n.key') };
  const { applied } = await stage.change({ ...plain, sip: { ...secure, tls } });
  assert.deepEqual([...applied].sort(), ['sip.tls.cert', 'sip.tls.key']);
  assert.equal(await serial(), '03');
  writeFileSync(home.path('n.key'), 'nonsense');
  const { status, body } = await stage.reload();
  assert.equal(status, 422);
  assert.equal(body.problems?.[0]?.path, 'sip.tls.key');
  assert.equal(await serial(), '03');
  const waits = await stage.change({ ...plain, sip: { ...secure, tls: { ...secure.tls, clientCert: 'none' } } });
  assert.deepEqual(waits.requiresRestart, []);
  await stage.act('call', { from: '1003', to: '1002' });
  await sub.next();
});

test('a hook that comes decides from the next key on; when it goes the PBX alone decides again', async () => {
  const { home } = stage;
  const path = home.write(
    'hook.mjs',
    `export const set = ({ feature }) => (feature === 'DoNotDisturb' ? { refuse: 'the house says no' } : null);
export const assigned = ({ feature }) => ({ assigned: feature !== 'CallForwardingBusy' });
`,
  );
  const phone = await stage.phone('1004');
  const sub = await phone.subscribe({ event: 'as-feature-event' });
  const dnd = async (wanted: boolean) => {
    await sub.refresh({ body: setDnd(wanted), contentType: featureType });
    return told(sub, 'dnd');
  };
  await told(sub, 'dnd');
  assert.deepEqual((await stage.change({ ...plain, hooks: { module: path } })).applied, ['hooks']);
  const put = (feature: string, body: object) =>
    stage.daemon.api(`/api/v1/extensions/1005/features/${feature}`, { method: 'PUT', body });
  const busy = { enabled: true, target: '1006' };
  assert.ok((await put('dnd', { enabled: true })).status >= 400);
  assert.ok((await put('cfb', busy)).status >= 400, 'kept from everybody');
  assert.equal(await dnd(true), false, 'the lamp goes back');
  await stage.change(plain);
  assert.equal((await put('cfb', busy)).status, 200, 'theirs again');
  assert.equal(await dnd(true), true);
  assert.equal(await dnd(false), false);
});

/** What the next NOTIFY with this feature says of it. */
async function told(sub: Subscription, feature: string): Promise<boolean | undefined> {
  for (;;) {
    const found = featureEvents(await sub.next()).find((one) => one.feature === feature);
    if (found !== undefined) return found.enabled;
  }
}

test('members that come and go are told to who watches the list, and nobody else; a list that is gone ends', async () => {
  const accept = 'application/dialog-info+xml, application/rlmi+xml, multipart/related';
  const headers = [['Supported', 'eventlist']] as const;
  const list = (name: string, members: string[]) => ({ name, members });
  const two = [list('floor', ['1001', '1002']), list('cellar', ['1003'])];
  await stage.change({ ...plain, lists: two });
  const phone = await stage.phone('1006', {}, 'tcp'); // a datagram would not hold a list
  const floor = await phone.subscribe({ event: 'dialog', resource: 'floor', accept, headers });
  const cellar = await phone.subscribe({ event: 'dialog', resource: 'cellar', accept, headers });
  const read = (notify: Notify) => listIn({ contentType: notify.contentType, body: notify.body });
  const table = new ListTable();
  table.take(read(await floor.next()));
  await cellar.next();
  const before = cellar.notifies.length;
  await stage.change({ ...plain, lists: [list('floor', ['1001', '1007']), list('cellar', ['1003'])] });
  const members = () => Object.keys(table.lamps()).flatMap((uri) => /\d{4}/.exec(uri) ?? []);
  while (members().sort().join() !== '1001,1007') table.take(read(await floor.next()));
  await stage.change({ ...plain, lists: [list('floor', ['1001', '1007'])] });
  const last = await cellar.next((notify) => notify.subscriptionState.state === 'terminated');
  assert.equal(last.subscriptionState.params.get('reason'), 'deactivated');
  assert.equal(cellar.notifies.length, before + 1);
  assert.equal(floor.ended, false);
});

test('who may publish no more has what he published taken away; others keep theirs', async () => {
  const { daemon } = stage;
  const rights = [{ publishers: '1010', extensions: '77\\d\\d' }];
  await stage.change({ ...plain, publish: { rights } });
  const hand = await Hand.open({ host: '127.0.0.1', port: daemon.udpPort }, 'udp', 0);
  try {
    const body = `<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full" entity="sip:7701@lamplighter.test"><dialog id="a"><state>confirmed</state></dialog></dialog-info>`;
    assert.equal((await publish(hand, { user: '1010', resource: '7701', body, expires: 600 })).status, 200);
    assert.equal((await publish(hand, { user: '1011', body: body.replace('7701', '1011'), expires: 600 })).status, 200);
    const phone = await stage.phone('1012');
    const sub = await phone.subscribe({ event: 'dialog', resource: '7701' });
    await sub.next(({ body: text }) => text.includes('confirmed'));
    await stage.change(plain);
    await sub.next(({ body: text }) => !text.includes('confirmed'));
    const left = await daemon.until<{ ext: string }[]>('/api/v1/publications', (all) => all.length === 1);
    assert.match(JSON.stringify(left), /1011/);
    assert.equal((await publish(hand, { user: '1010', resource: '7701', body, expires: 600 })).status, 403);
  } finally {
    await hand.close();
  }
});

test('another name of the domain is known from the next request on', async () => {
  const phone = await stage.phone('1013');
  const at = (host: string) => phone.subscribe({ event: 'dialog', resource: `sip:1001@${host}` });
  const strange = (await at('phones.example.net')).response.status;
  assert.notEqual(strange, 200);
  assert.deepEqual((await stage.change({ ...plain, aliases: ['phones.example.net'] })).applied, ['aliases']);
  await stage.daemon.ready();
  assert.equal((await at('phones.example.net')).response.status, 200);
});

test('a token that is configured is asked for at once, and event streams of those without it end', async () => {
  const { daemon, home } = stage;
  const token = 'a-token-of-some-length';
  const stream = await fetch(`${daemon.http}/api/v1/events`);
  const ended = (async () => {
    for await (const _ of stream.body as unknown as AsyncIterable<Uint8Array>);
  })().catch(() => undefined);
  const { applied } = await stage.change({ ...plain, http: { tokenFile: home.write('token', token) } });
  assert.deepEqual(applied, ['http.token']);
  await ended;
  assert.equal((await daemon.api('/api/v1/config')).status, 401);
  const authorization = { authorization: `Bearer ${token}` };
  const seen = await fetch(`${daemon.http}/api/v1/config`, { headers: authorization });
  assert.equal(seen.status, 200);
  const text = await seen.text();
  assert.ok(text.includes('[hidden]') && !text.includes(token));
  stage.write(plain);
  const back = await fetch(`${daemon.http}/api/v1/reload`, { method: 'POST', headers: authorization });
  assert.equal(back.status, 200);
  assert.ok(!daemon.output.join('\n').includes(token), 'no secret in the log');
  assert.equal((await daemon.api('/api/v1/config')).status, 200);
});

test('sip.trusted and sip.auth: who was asked for a password is believed, and then not any more', async () => {
  const phone = await stage.phone('1014', { password: 'wrong' });
  const asks = async () => (await phone.subscribe({ event: 'dialog', resource: '1001' })).response.status;
  assert.equal(await asks(), 401);
  await stage.change({ ...plain, sip: { ...secure, auth: 'trusted', trusted: ['127.0.0.0/8'] } });
  assert.equal(await asks(), 200);
  await stage.change({ ...plain, sip: { ...secure, auth: 'trusted', trusted: ['192.0.2.0/24'] } });
  assert.equal(await asks(), 403);
});
