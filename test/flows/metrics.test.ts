import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { type Declared, declared } from '../../src/ops/metrics/declared.ts';
import { testTls } from '../support/certificate.ts';
import { Daemon, Home } from '../support/daemon.ts';
import { type Family, readMetrics, sumOf } from '../support/metrics-text.ts';
import { Phone, type PhoneOptions } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { Upstream } from '../support/upstream/upstream.ts';
import { domain, Hand } from './hand.ts';
import { dialogBody, publish } from './publisher.ts';
import { Stage } from './stage.ts';

/* `/metrics` of the daemon with everything switched on that counts something. */

const home = new Home();
let daemon: Daemon;
let pbx: Upstream;
let open: { close(): Promise<unknown> }[] = [];
let nextExt = 2000;
const ext = () => String(nextExt++);

before(async () => {
  pbx = await Upstream.open();
  const [port, tls] = [await lastingPort(), await lastingPort()];
  const hook = home.write('hook.mjs', 'export const set = () => null;\n');
  const file = home.write(
    'lamplighter.yaml',
    `version: 1
domain: ${domain}
sip:
  listen: ['udp:127.0.0.1:${port}', 'tcp:127.0.0.1:${port}', 'tls:127.0.0.1:${tls}']
  tls: { cert: ${testTls.cert}, key: ${testTls.key} }
  upstream: ['sip:${pbx.place}']
  expirySpread: 0
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
log: { level: debug }
hooks: { module: ${hook} }
phones: { profiles: [{ name: asked, match: '^Asked', watch: [as-feature-event] }] }
push: [{ extensions: '229\\d', packages: [message-summary], subscribed: tell }]
pbx:
  - { name: sim, type: simulated, extensions: ['2000-2299'] }
`,
  );
  daemon = await Daemon.start(file);
  await daemon.ready();
});

afterEach(async () => {
  const closing = open;
  open = [];
  await Promise.all(closing.map((one) => one.close()));
});

after(async () => {
  await daemon.kill();
  await pbx.close();
  home.remove();
});

async function phone(user: string, options: Partial<PhoneOptions> = {}, transport: 'udp' | 'tcp' = 'udp') {
  const port = transport === 'udp' ? daemon.udpPort : daemon.tcpPort;
  const server = { host: '127.0.0.1', port, transport };
  const made = await Phone.open({ user, password: `secret${user}`, domain, ...options, server });
  open.push(made);
  return made;
}

async function hand(): Promise<Hand> {
  const made = await Hand.open({ host: '127.0.0.1', port: daemon.udpPort }, 'udp');
  open.push(made);
  return made;
}

async function scrape(): Promise<ReadonlyMap<string, Family>> {
  const answer = await fetch(`${daemon.http}/metrics`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  return readMetrics(await answer.text());
}

/** Asks until it is so: what is counted after an answer has left is not there at once. */
async function until(what: string, right: (now: ReadonlyMap<string, Family>) => boolean) {
  const end = Date.now() + 15_000;
  for (;;) {
    const now = await scrape();
    if (right(now)) return now;
    assert.ok(Date.now() < end, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const put = (path: string, body: unknown) => daemon.api(`/api/v1/extensions/${path}`, { method: 'PUT', body });

test('what phones and people do is counted once each, under the right names', async () => {
  const before = await scrape();
  const more = (now: ReadonlyMap<string, Family>, name: string, labels: Record<string, string>) =>
    sumOf(now, name, labels) - sumOf(before, name, labels);
  const [one, other] = [ext(), ext()];
  const watcher = await phone(one);
  const subscription = await watcher.subscribe({ event: 'dialog', resource: other });
  await subscription.next();
  const event = 'dialog';
  const now = await until('its NOTIFY was answered', (m) => more(m, 'lamplighter_notify_total', { event }) === 1);
  assert.equal(more(now, 'lamplighter_subscribe_total', { event, status: '401' }), 1);
  assert.equal(more(now, 'lamplighter_subscribe_total', { event, status: '200' }), 1);
  assert.equal(more(now, 'lamplighter_sip_requests_total', { method: 'SUBSCRIBE', status: '200' }), 1);
  assert.equal(more(now, 'lamplighter_sip_received_total', { method: 'SUBSCRIBE', transport: 'udp' }), 2);
  assert.equal(more(now, 'lamplighter_notify_total', { event, result: 'ok' }), 1);
  assert.equal(more(now, 'lamplighter_notify_seconds_count', { event }), 1);
  assert.equal(more(now, 'lamplighter_subscriptions', { event, transport: 'udp' }), 1);
  assert.equal(more(now, 'lamplighter_subscriptions_begun_total', { event }), 1);

  const { id } = (
    await daemon.api<{ id: string }>('/api/v1/simulator/call', { method: 'POST', body: { from: one, to: other } })
  ).body;
  await subscription.next();
  const ringing = await scrape();
  assert.equal(more(ringing, 'lamplighter_extensions', { state: 'ringing' }), 2);
  await daemon.api('/api/v1/simulator/answer', { method: 'POST', body: { id } });
  const talking = await until('they talk', (m) => more(m, 'lamplighter_extensions', { state: 'talking' }) === 2);
  assert.equal(more(talking, 'lamplighter_dialogs', { state: 'confirmed' }), 2);
  assert.ok(more(talking, 'lamplighter_pbx_events_total', { pbx: 'sim', type: 'dialogs' }) >= 4);

  await put(`${one}/features/dnd`, { enabled: true });
  await put(`${one}/features/dnd`, { enabled: true });
  await put(`${one}/features/cfa`, { enabled: true, target: one });
  const wished = await scrape();
  assert.equal(more(wished, 'lamplighter_feature_changes_total', { feature: 'dnd', origin: 'api' }), 1);
  assert.equal(more(wished, 'lamplighter_features_enabled', { feature: 'dnd' }), 1);
  assert.equal(more(wished, 'lamplighter_wishes_total', { decision: 'granted' }), 1);
  assert.equal(more(wished, 'lamplighter_loop_suppressed_total', { kind: 'equal' }), 1);
  assert.equal(more(wished, 'lamplighter_wishes_refused_total', { decision: 'refused' }), 1);
  const route = 'PUT /api/v1/extensions/{ext}/features/{feature}';
  assert.equal(more(wished, 'lamplighter_http_requests_total', { route, status: '200' }), 2);

  await subscription.unsubscribe();
  const left = await until('it is over', (m) => more(m, 'lamplighter_subscriptions', { event }) === 0);
  assert.equal(more(left, 'lamplighter_subscriptions_ended_total', { event, cause: 'ended' }), 1);
});

test('failed logins are counted by kind', async () => {
  const before = await scrape();
  const stranger = await phone(ext(), { password: 'wrong' });
  const { response } = await stranger.subscribe({ event: 'dialog' });
  assert.equal(response.status, 401);
  const now = await scrape();
  const kind = 'auth-failed';
  assert.equal(
    sumOf(now, 'lamplighter_auth_failures_total', { kind }) -
      sumOf(before, 'lamplighter_auth_failures_total', { kind }),
    1,
  );
});

test('whatever strangers send, no series of theirs appears, and no extension has one', async () => {
  // not inline: there what is not served goes to the PBX
  const stage = await Stage.open();
  try {
    await hostile(stage);
  } finally {
    await stage.close();
  }
});

async function hostile(stage: Stage): Promise<void> {
  const { http } = stage.daemon;
  const user = stage.ext();
  const sender = await stage.hand();
  await sender.ask({ user, event: 'dialog', expires: 0 });
  for (let index = 0; index < 150; index++) {
    await sender.ask({ user, event: `evil-${index}`, answerChallenge: false });
    if (index % 5 === 0) {
      await sender.ask({ user, method: `EVIL${index}`, answerChallenge: false });
      await publish(sender, { user, event: `bad-${index}`, body: 'x', type: 'text/plain' });
    }
  }
  for (let index = 0; index < 30; index++) {
    await fetch(`${http}/evil/${index}?x="}`);
    const method = ['GET', 'PATCH', 'DELETE'][index % 3]!;
    await fetch(`${http}/api/v1/extensions/evil${index}/features/dnd`, { method });
  }
  const text = await (await fetch(`${http}/metrics`)).text();
  const now = readMetrics(text);
  assert.doesNotMatch(text, /evil|bad-|EVIL/);
  assert.doesNotMatch(text, new RegExp(`"(?:sip:)?(?:${user}|[^"]*@[^"]*)"`), 'an extension or address of record');
  assert.doesNotMatch(text, /"(?:\d+\.){3}\d+(?::\d+)?"/, 'an address');
  assert.ok(sumOf(now, 'lamplighter_subscribe_total', { event: 'other' }) >= 150);
  assert.ok(sumOf(now, 'lamplighter_publish_total', { event: 'other' }) >= 30);
  assert.ok(sumOf(now, 'lamplighter_sip_requests_total', { method: 'other' }) >= 30);
  assert.ok(sumOf(now, 'lamplighter_http_requests_total', { route: 'other' }) >= 30);
  const series = [...now.values()].flatMap((family) => family.series).length;
  assert.ok(series < 1000, `${series} series`);
}

/** Needs another engine: test/flows/drachtio.test.ts. */
const elsewhere: readonly string[] = ['lamplighter_drachtio_up'];

test('every declared metric is produced, and everything produced is declared, with its labels', async () => {
  const [one, other] = [ext(), ext()];
  assert.equal((await (await phone(one)).register()).status, 200);
  const device = { uri: `sip:${one}@127.0.0.1:${(await hand()).port}`, userAgent: 'Asked/1' };
  await daemon.api('/api/v1/simulator/register', { method: 'POST', body: { ext: one, registered: true, device } });
  const streaming = await phone(other, {}, 'tcp');
  await (await streaming.subscribe({ event: 'dialog', resource: one })).next();
  await publish(await hand(), { user: other, body: dialogBody({ id: 'a', state: 'confirmed' }), expires: 600 });
  await put(`${one}/features/dnd`, { enabled: true });
  await put(`${one}/features/cfa`, { enabled: true, target: one });
  await daemon.api('/api/v1/simulator/call', { method: 'POST', body: { from: '2280', to: '2281' } });
  await daemon.api('/api/v1/simulator/register', { method: 'POST', body: { ext: '2290', registered: false } });
  await daemon.api('/api/v1/simulator/register', { method: 'POST', body: { ext: '2290', registered: true } });
  await daemon.api('/api/v1/simulator/mailbox', { method: 'POST', body: { ext: '2290', new: 1, old: 0 } });
  const short = await (await phone(one)).subscribe({ event: 'dialog', resource: other });
  await short.next();
  await short.unsubscribe();
  const bare = (now: ReadonlyMap<string, Family>) =>
    Object.keys(declared).filter((name) => (now.get(name)?.series.length ?? 0) === 0 && !elsewhere.includes(name));
  let missing: readonly string[] = [];
  const now = await until('all are there', (m) => {
    missing = bare(m);
    return missing.length === 0;
  }).catch((error: unknown) => {
    assert.deepEqual(missing, []);
    throw error;
  });
  assert.deepEqual([...now.keys()].sort(), Object.keys(declared).sort());
  for (const [name, { type, help, series }] of now) {
    const family: Declared = declared[name as keyof typeof declared];
    assert.deepEqual([type, help], [family.type, family.help]);
    for (const { name: own, labels, value } of series) {
      const names = Object.keys(labels).filter((label) => !(label === 'le' && own.endsWith('_bucket')));
      assert.deepEqual(names, [...family.labels], own);
      assert.ok(Number.isFinite(value) && value >= 0, own);
    }
  }
});

test('a histogram adds up: buckets grow, the last one is the count', async () => {
  const now = await scrape();
  for (const [name, { type, series }] of now) {
    if (type !== 'histogram') continue;
    const groups = new Map<string, number[]>();
    for (const { name: own, labels, value } of series) {
      const { le: _le, ...rest } = labels;
      const key = JSON.stringify(rest);
      if (own === `${name}_bucket`) groups.set(key, [...(groups.get(key) ?? []), value]);
      else if (own === `${name}_count`) assert.equal(groups.get(key)?.at(-1), value, name);
    }
    for (const counts of groups.values())
      assert.deepEqual(
        counts,
        [...counts].sort((a, b) => a - b),
        name,
      );
  }
});
