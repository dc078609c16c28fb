import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { FakeFreeswitch } from '../support/freeswitch/fake-freeswitch.ts';
import { dialogInfo, lamp, type Notify } from '../support/phone.ts';
import { ReloadStage, type Sections } from './reload-stage.ts';

const main = { name: 'main', type: 'simulated', extensions: ['1000-1019'] };
const second = { name: 'second', type: 'simulated', extensions: ['3000-3009'] };
const quick = { name: 'quick', match: 'test-phone', notifyMinIntervalMs: 0 };
const one: Sections = { pbx: [main], phones: { profiles: [quick] } };
const two: Sections = { ...one, pbx: [main, second] };

let stage: ReloadStage;
before(async () => {
  stage = await ReloadStage.open(one);
});
afterEach(async () => {
  await stage.tidy();
  await stage.change(one);
  await stage.daemon.ready();
});
after(() => stage.close());

const isLit = (wanted: ReturnType<typeof lamp>) => (notify: Notify) => lamp(dialogInfo(notify)) === wanted;

interface Link {
  readonly source: string;
  readonly state: string;
}

async function links(): Promise<readonly string[]> {
  const { body } = await stage.daemon.api<{ links: Link[] }>('/api/v1/status');
  return body.links.map(({ source, state }) => `${source} ${state}`);
}

const extension = (ext: string) => stage.daemon.api(`/api/v1/extensions/${ext}`);

describe('PBXs come and go', () => {
  test('a new one is connected to; the others, their calls and their subscriptions notice nothing', async () => {
    const phone = await stage.phone('1010');
    const lampOf = await phone.subscribe({ event: 'dialog', resource: '1001' });
    const { id } = await stage.act<{ id: string }>('call', { from: '1000', to: '1001' });
    await lampOf.next(isLit('ringing'));
    const told = lampOf.notifies.length;
    assert.deepEqual((await stage.change(two)).applied, ['pbx.second']);
    await stage.daemon.ready();
    assert.deepEqual(await links(), ['main up', 'second up']);
    assert.equal((await extension('3001')).status, 200);
    const stranger = await stage.phone('3001');
    assert.equal((await stranger.subscribe({ event: 'dialog', resource: '1001' })).response.status, 200);
    await stage.act('answer', { id });
    await lampOf.next(isLit('busy'));
    assert.equal(lampOf.notifies.length, told + 1);
    await stage.act('hangup', { id });
  });

  test('one that is gone takes its extensions with it: their calls end, and their subscriptions stand', async () => {
    await stage.change(two);
    await stage.daemon.ready();
    const phone = await stage.phone('3001');
    const lampOf = await phone.subscribe({ event: 'dialog', resource: '1002' });
    await stage.act('call', { from: '1003', to: '1002' });
    await lampOf.next(isLit('ringing'));
    assert.deepEqual((await stage.change({ ...one, pbx: [second] })).applied, ['pbx.main']);
    await lampOf.next(isLit('off'));
    assert.deepEqual(await links(), ['second up']);
    assert.equal((await extension('1002')).status, 404);
    assert.equal(lampOf.ended, false);
    const newcomer = await stage.phone('3002');
    assert.equal((await newcomer.subscribe({ event: 'dialog', resource: '1002' })).response.status, 404);
    assert.equal((await lampOf.refresh()).status, 404, 'as of any extension that is no more');
    await stage.change(two);
    await stage.daemon.ready();
    assert.equal((await extension('1002')).status, 200);
    assert.equal((await newcomer.subscribe({ event: 'dialog', resource: '1002' })).response.status, 200);
  });

  test('one that is changed is read again, its features and subscriptions with it', async () => {
    const phone = await stage.phone('1013');
    const lampOf = await phone.subscribe({ event: 'dialog', resource: '1002' });
    const { id } = await stage.act<{ id: string }>('call', { from: '1000', to: '1002' });
    await lampOf.next(isLit('ringing'));
    const dnd = { method: 'PUT', body: { enabled: true } };
    await stage.daemon.api('/api/v1/extensions/1005/features/dnd', dnd);
    const { applied } = await stage.change({ ...one, pbx: [{ ...main, extensions: ['1000-1025'] }] });
    assert.deepEqual(applied, ['pbx.main']);
    await stage.daemon.ready();
    assert.equal((await extension('1025')).status, 200);
    // the simulated PBX has forgotten its calls, as one that was started again
    await lampOf.next(isLit('off'));
    const features = (await extension('1005')).body as { features: { dnd: { enabled: boolean } } };
    assert.equal(features.features.dnd.enabled, true);
    assert.notEqual(id, '');
  });

  test('one whose password lies in a file is asked to let us in again when that file is another one', async () => {
    const fake = new FakeFreeswitch({ password: 'the-right-one' });
    fake.directory.add('4001', 'lamplighter.test', { password: 'p' });
    await fake.listen();
    try {
      const passwordFile = stage.home.write('esl', 'a-wrong-one');
      const esl = { host: '127.0.0.1', port: fake.port, passwordFile };
      const both = { ...one, pbx: [main, { name: 'switch', type: 'freeswitch', esl }] };
      await stage.change(both);
      const refused = (line: Record<string, unknown>) => line['room'] === 'pbx switch' || line['pbx'] === 'switch';
      await stage.daemon.logged(refused);
      assert.deepEqual(await links(), ['main up', 'switch down']);
      stage.home.write('esl', 'the-right-one');
      assert.deepEqual((await stage.change(both)).applied, ['pbx.switch']);
      await stage.daemon.ready();
      assert.deepEqual(await links(), ['main up', 'switch up']);
      assert.equal((await extension('4001')).status, 200);
      assert.ok(!stage.daemon.output.join('\n').includes('the-right-one'));
      await stage.change(one);
      await stage.daemon.until<unknown>('/api/v1/extensions/4001', (_, status) => status === 404);
    } finally {
      await fake.close();
    }
  });

  test('one whose module cannot be had leaves everything as it was', async () => {
    stage.write({ ...one, pbx: [main, { name: 'bad', type: './no-such-adapter.js' }], log: { level: 'error' } });
    const { status, body } = await stage.reload();
    assert.equal(status, 422);
    assert.equal(body.problems?.[0]?.path, 'pbx.1.type');
    assert.deepEqual(await links(), ['main up']);
  });
});

/** What an admin and phones can observe of the configuration. */
async function behaviour(): Promise<unknown> {
  const { daemon } = stage;
  const ask = async (path: string) => (await daemon.api<unknown>(path)).body;
  const forward = async (target: string) => {
    const path = '/api/v1/extensions/1006/features/cfa';
    const { status } = await daemon.api(path, { method: 'PUT', body: { enabled: true, target } });
    await daemon.api(path, { method: 'PUT', body: { enabled: false, target: null } });
    return status;
  };
  const phone = await stage.phone('1007', { userAgent: 'test-phone/1.0' });
  const lampOf = await phone.subscribe({ event: 'dialog', resource: '1008' });
  const { id } = await stage.act<{ id: string }>('call', { from: '1009', to: '1008', fromName: 'Ann' });
  const shown = dialogInfo(await lampOf.next(isLit('ringing'))).dialogs.map(({ remote, state }) => [remote, state]);
  await stage.act('hangup', { id });
  await stage.tidy();
  const config = (await ask('/api/v1/config')) as { settings: { path: string; value: unknown }[] };
  return {
    links: await links(),
    groups: await ask('/api/v1/groups'),
    extensions: ((await ask('/api/v1/extensions')) as { ext: string }[]).map(({ ext }) => ext),
    forwards: [await forward('98765'), await forward('777')],
    shown: JSON.parse(JSON.stringify(shown)),
    settings: config.settings.map(({ path, value }) => [path, value]),
  };
}

test('A, B, then A again is A: whatever B was', { timeout: 120_000 }, async () => {
  const part = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const b = fc.record({
    extra: part(fc.constantFrom(['3000-3003'], ['3000', 'bob'])),
    more: fc.boolean(),
    allow: part(fc.constantFrom(['^9'], ['^7'], ['^[79]'])),
    group: part(fc.constantFrom('100\\d', '10\\d\\d')),
    identities: part(fc.constantFrom('none', 'full')),
    list: fc.boolean(),
    level: part(fc.constantFrom('debug', 'warn')),
  });
  const base = await behaviour();
  const seed = Math.floor(Math.random() * 2 ** 31);
  const property = fc.asyncProperty(b, async ({ extra, more, allow, group, identities, list, level }) => {
    const wanted: Sections = {
      pbx: [
        more ? { ...main, extensions: ['1000-1021'] } : main,
        ...(extra === undefined ? [] : [{ ...second, extensions: extra }]),
      ],
      phones: { profiles: [identities === undefined ? quick : { ...quick, identities }] },
      ...(allow === undefined ? {} : { features: { policy: { allow } } }),
      ...(group === undefined ? {} : { groups: [{ name: 'g', extensions: group }] }),
      ...(list ? { lists: [{ name: 'floor', members: ['1001', '1002'] }] } : {}),
      ...(level === undefined ? {} : { log: { level } }),
    };
    await stage.change(wanted);
    await stage.daemon.ready();
    const first = await behaviour();
    await stage.change(one);
    await stage.daemon.ready();
    assert.deepEqual(await behaviour(), base);
    await stage.change(wanted);
    await stage.daemon.ready();
    assert.deepEqual(await behaviour(), first);
    await stage.change(one);
    await stage.daemon.ready();
  });
  await fc.assert(property, { numRuns: 6, seed });
});
