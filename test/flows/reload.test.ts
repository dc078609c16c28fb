import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { dialogInfo, lamp, type Notify, type Subscription } from '../support/phone.ts';
import { domain, ReloadStage } from './reload-stage.ts';

const extensions = ['1000-1059'];
const pbx = [{ name: 'main', type: 'simulated', extensions }];
const quick = { name: 'quick', match: 'test-phone', notifyMinIntervalMs: 0 };
const plain = { pbx, phones: { profiles: [quick] }, log: { level: 'debug' } };

let stage: ReloadStage;
before(async () => {
  stage = await ReloadStage.open(plain);
});
afterEach(async () => {
  await stage.tidy();
  await stage.change(plain);
});
after(() => stage.close());

const isLit = (wanted: ReturnType<typeof lamp>) => (one: Notify) => lamp(dialogInfo(one)) === wanted;

test('with 1,000 subscriptions open and a call up, everything that can change does, and no phone notices', async () => {
  const watched = Array.from({ length: 50 }, (_, index) => String(1000 + index));
  const phones = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      stage.phone(String(1030 + index), { reuseNonce: true }, index % 4 === 0 ? 'tcp' : 'udp'),
    ),
  );
  const keys = await Promise.all(
    phones.map(async (phone) => {
      const own: Subscription[] = [];
      for (const resource of watched) own.push(await phone.subscribe({ event: 'dialog', resource }));
      return own;
    }),
  );
  const subs = keys.flat();
  assert.equal(subs.length, 1000);
  await Promise.all(subs.map((sub) => sub.next()));
  const { id } = await stage.act<{ id: string }>('call', { from: '1000', to: '1001' });
  await stage.act('answer', { id });
  const ofCaller = keys.flatMap((own) => own[0] ?? []);
  const ofCallee = keys.flatMap((own) => own[1] ?? []);
  const isTalking = (one: Notify) => dialogInfo(one).dialogs[0]?.state === 'confirmed';
  await Promise.all([...ofCaller, ...ofCallee].map((sub) => sub.next(isTalking)));
  const before = new Map(subs.map((sub) => [sub, sub.notifies.length]));
  const ids = async () => (await stage.daemon.api<{ id: number }[]>('/api/v1/subscriptions')).body.map((one) => one.id);
  const living = await ids();

  const hook = stage.home.write('hook.mjs', 'export function set() { return null; }\n');
  mkdirSync(stage.home.path('profiles'), { recursive: true });
  const answer = await stage.change({
    pbx,
    features: { policy: { allow: ['^9\\d+$'], deny: ['^900'] } },
    phones: {
      profiles: [{ ...quick, notifyTimeouts: 5 }],
      pickup: [{ watchers: '10\\d\\d', extensions: '10\\d\\d' }],
    },
    publish: { rights: [{ publishers: '1000', extensions: '77\\d\\d' }], minExpires: 30, maxExpires: 600 },
    profiles: { directory: stage.home.path('profiles'), pollSeconds: 60, defaultExpires: 7200 },
    groups: [{ name: 'sales', extensions: '100\\d' }],
    lists: [{ name: 'floor', members: ['1000', '1001'] }],
    push: [{ extensions: '105\\d', packages: ['message-summary'] }],
    hooks: { module: hook },
    sip: {
      users: [{ user: '1000', password: 'other' }],
      trusted: ['192.0.2.0/24'],
      identity: { header: 'P-Asserted-Identity', from: ['192.0.2.1'] },
      digest: 'md5',
      limits: { perSource: { rate: 100_000, burst: 100_000 } },
      connections: { perAddress: 100 },
      webSocketOrigins: ['https://phone.example.com'],
    },
    http: { rate: { perSecond: 1000 } },
    log: { level: 'info' },
  });
  assert.deepEqual(answer.requiresRestart, []);
  for (const path of [
    ...['features.policy.allow', 'features.policy.deny', 'phones.profiles', 'phones.pickup', 'publish.rights'],
    ...['groups', 'lists', 'push', 'hooks', 'sip.users', 'sip.trusted', 'sip.identity', 'sip.digest'],
    ...['sip.limits.perSource.rate', 'sip.connections.perAddress', 'http.rate.perSecond', 'log.level'],
    ...['profiles.directory', 'profiles.defaultExpires', 'publish.minExpires', 'sip.webSocketOrigins'],
  ]) {
    assert.ok(answer.applied.includes(path), `${path} is missing in ${answer.applied}`);
  }

  // a fence: what had been told by the reload would be told before this
  await stage.act('hold', { id, by: '1001' });
  await Promise.all(ofCallee.map((sub) => sub.next(isLit('held'))));
  for (const [sub, count] of before) {
    const more = ofCallee.includes(sub) ? 1 : 0;
    assert.equal(sub.notifies.length, count + more, `a NOTIFY out of turn: ${sub.notifies.at(-1)?.body}`);
    assert.deepEqual(sub.violations, []);
  }
  assert.deepEqual(await ids(), living);
  await Promise.all(phones.map((phone) => assert.rejects(phone.nextDisconnect(1), 'its connection stands')));
  await phones[0]?.subscribe({ event: 'dialog', resource: '1050' });
  await stage.act('hangup', { id });
  await Promise.all(ofCallee.map((sub) => sub.next(isLit('off'))));
});

test('a wrong file changes nothing, is answered 422 with path and line, and logged once', async () => {
  const { daemon } = stage;
  const before = (await daemon.api('/api/v1/config')).body;
  writeFileSync(stage.file, `version: 1\ndomain: ${domain}\nlog: { level: error }\nfeatures:\n  polici: {}\n`);
  const { status, body } = await stage.reload();
  assert.equal(status, 422);
  assert.equal(body.error?.code, 'config-invalid');
  const [problem] = body.problems ?? [];
  assert.deepEqual([problem?.path, problem?.line, problem?.nearest], ['features.polici', 5, 'policy']);
  assert.equal(problem?.file, stage.file);
  assert.deepEqual((await daemon.api('/api/v1/config')).body, before);
  const isTold = (line: Record<string, unknown>) => String(line['message']).includes('the old one stays in use');
  const [line, ...more] = await daemon.logged(isTold);
  assert.deepEqual(more, []);
  assert.match(JSON.stringify(line?.['problems']), /lamplighter\.yaml:5: features\.polici/);
  writeFileSync(stage.file, 'version: 1\nphones:\n  profiles:\n    - { name: a, match: a, pickupCode: *8 }\n');
  const code = await stage.reload();
  assert.equal(code.status, 422);
  assert.deepEqual(
    code.body.problems?.map(({ path, file, line }) => [path, file, line]),
    [['phones.profiles.0.pickupCode', stage.file, 4]],
  );
  const errors = () => daemon.log.filter(({ level }) => level === 'error' || level === 50);
  await daemon.logged(isTold, 2);
  assert.equal(errors().length, 2, JSON.stringify(errors()));
  rmSync(stage.file);
  const gone = await stage.reload();
  assert.equal(gone.status, 422);
  assert.deepEqual([gone.body.problems?.[0]?.file, gone.body.problems?.[0]?.message], [stage.file, 'no such file']);
  await daemon.ready();
});

test('what needs a restart is named, waits, and is shown until the file says otherwise; the rest is applied', async () => {
  const { daemon } = stage;
  const answer = await stage.change({
    ...plain,
    log: { level: 'warn', format: 'json' },
    store: { path: '/elsewhere' },
  });
  assert.deepEqual(answer.applied, ['log.level']);
  assert.deepEqual([...answer.requiresRestart].sort(), ['log.format', 'store.path']);
  const pending = async () =>
    [...(await daemon.api<{ pendingRestart: string[] }>('/api/v1/status')).body.pendingRestart].sort();
  assert.deepEqual(await pending(), ['log.format', 'store.path']);
  const { body } = await daemon.api<{ config: { store: { path: string } } }>('/api/v1/config');
  assert.equal(body.config.store.path, stage.home.path('lamplighter.db'), 'what is at work');
  await stage.change(plain);
  assert.deepEqual(await pending(), []);
  assert.equal((await stage.change(plain)).unchanged, true);
});

test('a secret in a file that is changed is read again, though the configuration says the same', async () => {
  const path = stage.home.write('1001.password', 'before');
  const config = { ...plain, sip: { auth: 'users', users: [{ user: '1001', passwordFile: path }] } };
  const first = await stage.change(config);
  assert.deepEqual([...first.applied].sort(), ['sip.auth', 'sip.users']);
  const subscribing = async (password: string) => {
    const phone = await stage.phone('1001', { password });
    return (await phone.subscribe({ event: 'dialog', resource: '1002' })).response.status;
  };
  assert.equal(await subscribing('before'), 200);
  writeFileSync(path, 'after\n');
  assert.deepEqual((await stage.reload()).body.applied, ['sip.users']);
  assert.equal(await subscribing('after'), 200);
  assert.equal(await subscribing('before'), 401, 'the old one is good for nothing any more');
});

test('phones with another lamp profile are told at once where their document is another one, and nobody else', async () => {
  const watcher = await stage.phone('1010', { userAgent: 'test-phone/1.0' });
  const other = await stage.phone('1011', { userAgent: 'other-phone/1.0' });
  const { id } = await stage.act<{ id: string }>('call', { from: '1003', to: '1004' });
  const busy = await watcher.subscribe({ event: 'dialog', resource: '1004' });
  const idle = await watcher.subscribe({ event: 'dialog', resource: '1005' });
  const untouched = await other.subscribe({ event: 'dialog', resource: '1004' });
  const shown = dialogInfo(await busy.next(isLit('ringing')));
  assert.notEqual(shown.dialogs[0]?.remote.identity ?? '', '');
  await idle.next();
  await untouched.next();
  const counts = () => [busy, idle, untouched].map(({ notifies }) => notifies.length);
  const before = counts();
  await stage.change({ ...plain, phones: { profiles: [{ ...quick, identities: 'none' }] } });
  const hidden = dialogInfo(await busy.next());
  assert.doesNotMatch(JSON.stringify(hidden.dialogs), /1003/);
  await stage.act('answer', { id });
  await busy.next(isLit('busy'));
  await untouched.next(isLit('busy'));
  assert.deepEqual(counts(), [(before[0] ?? 0) + 2, before[1], (before[2] ?? 0) + 1]);
  await stage.act('hangup', { id });
});

test('who may take a call from now on is told how, and who may not any more is told without', async () => {
  const picker = { ...quick, pickup: 'code', pickupCode: '**' };
  const pickup = [{ watchers: '1010', extensions: '1004' }];
  await stage.change({ ...plain, phones: { profiles: [picker] } });
  const [boss, other] = [await stage.phone('1010'), await stage.phone('1011')];
  const { id } = await stage.act<{ id: string }>('call', { from: '1003', to: '1004' });
  const mine = await boss.subscribe({ event: 'dialog', resource: '1004' });
  const others = await other.subscribe({ event: 'dialog', resource: '1004' });
  assert.doesNotMatch((await mine.next(isLit('ringing'))).body, /\*\*1004/);
  await others.next(isLit('ringing'));
  await stage.change({ ...plain, phones: { profiles: [picker], pickup } });
  assert.match((await mine.next()).body, /\*\*1004/);
  await stage.change({ ...plain, phones: { profiles: [picker] } });
  assert.doesNotMatch((await mine.next()).body, /\*\*1004/);
  assert.equal(others.notifies.length, 1);
  await stage.act('hangup', { id });
});

test('a policy, a group and a publisher are other ones from the next request on', async () => {
  const { daemon } = stage;
  const forward = (target: string) =>
    daemon.api('/api/v1/extensions/1020/features/cfa', { method: 'PUT', body: { enabled: true, target } });
  assert.equal((await forward('98765')).status, 403);
  await stage.change({
    ...plain,
    features: { policy: { allow: ['^9'] } },
    groups: [{ name: 'desk', extensions: '102.' }],
  });
  assert.equal((await forward('98765')).status, 200);
  const { body } = await daemon.api<{ name: string }[]>('/api/v1/groups');
  assert.deepEqual(
    body.map(({ name }) => name),
    ['desk'],
  );
  await stage.change(plain);
  assert.equal((await forward('98766')).status, 403);
  assert.deepEqual((await daemon.api('/api/v1/groups')).body, []);
});

test('reloads pass one after the other, and those that come meanwhile become a single one', async () => {
  const { daemon } = stage;
  const done = () => daemon.log.filter(({ message }) => message === 'configuration read again').length;
  const before = done();
  stage.write({ ...plain, log: { level: 'info' } });
  const answers = await Promise.all(Array.from({ length: 12 }, () => stage.reload()));
  assert.ok(answers.every(({ status }) => status === 200));
  const changes = answers.filter(({ body }) => body.applied.includes('log.level'));
  assert.ok(changes.length > 0 && changes.length < 12);
  await daemon.logged(({ message }) => message === 'configuration read again', before + 2);
  assert.ok(done() - before <= 12);
});

test('SIGHUP does the same, and a file of conf.d beside is read with its own lines', async () => {
  const { daemon, home } = stage;
  mkdirSync(home.path('conf.d'), { recursive: true });
  const dropIn = home.write('conf.d/10-groups.yaml', 'groups:\n  - name: night\n    extensions: "105."\n');
  const before = daemon.log.filter(({ who }) => who === 'SIGHUP').length;
  daemon.reload();
  await daemon.logged(({ who }) => who === 'SIGHUP', before + 1);
  const groups = await daemon.until<{ name: string }[]>('/api/v1/groups', (all) => all.length === 1);
  assert.equal(groups[0]?.name, 'night');
  type Config = { files: string[]; settings: { path: string; origin: string }[] };
  const { files, settings } = (await daemon.api<Config>('/api/v1/config')).body;
  assert.deepEqual(files, [stage.file, dropIn]);
  assert.equal(settings.find(({ path }) => path === 'groups.0.name')?.origin, `${dropIn}:2`);
  writeFileSync(dropIn, 'groups:\n  - nam: night\n    extensions: "105."\n');
  const { body } = await stage.reload();
  assert.deepEqual([body.problems?.[0]?.file, body.problems?.[0]?.line], [dropIn, 2]);
  rmSync(dropIn);
});
