import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  dialogInfo,
  type FeatureEvent,
  featureEvents,
  featureType,
  type Phone,
  setDnd,
  setForward,
} from '../support/phone.ts';
import { Stage } from './stage.ts';

const event = 'as-feature-event';
const all = ['dnd', 'cfa', 'cfb', 'cfna'];
type Told = Awaited<ReturnType<Phone['subscribe']>>;

/** Collects NOTIFYs until every named feature has been told as wanted. */
async function told(subscription: Told, names = all, right: (one: FeatureEvent) => boolean = () => true) {
  const found = new Map<string, FeatureEvent>();
  while (names.some((name) => !found.has(name))) {
    for (const one of featureEvents(await subscription.next())) if (right(one)) found.set(one.feature, one);
  }
  return found;
}

interface Extension {
  readonly features: Record<string, { enabled: boolean; target?: string; assigned?: boolean }>;
}

describe('a hook with a say in everything', () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open(
      `hooks: { module: ${resolve('test/fixtures/hooks/rules.mjs')}, owns: [cfb], timeoutMs: 400 }`,
    );
  });
  afterEach(() => stage.tidy());
  after(() => stage.close());
  const extension = async (ext: string) => (await stage.daemon.api<Extension>(`/api/v1/extensions/${ext}`)).body;

  test('the first NOTIFY tells what get says, and so does the API', async () => {
    const desk = await stage.phone('2010');
    const subscription = await desk.subscribe({ event });
    const first = (await told(subscription)).get('cfa');
    assert.deepEqual([first?.enabled, first?.target], [true, '2299']);
    assert.deepEqual((await extension('2010')).features['cfa'], { enabled: true, target: '2299' });
    const { body } = await stage.daemon.api<{ via: string; who: string }[]>('/api/v1/audit?ext=2010');
    assert.deepEqual([body[0]?.via, body[0]?.who], ['hook', 'module rules.mjs']);
    assert.deepEqual(desk.violations, []);
  });

  test('a target that the policy forbids is not taken from get, and said in the log', async () => {
    const subscription = await (await stage.phone('2011')).subscribe({ event });
    assert.equal((await told(subscription)).get('cfa')?.enabled, false);
    const not = 'what the hook says is not allowed: not taken';
    const [line] = await stage.daemon.logged(({ message }) => message === not);
    assert.equal(line?.['code'], 'premium');
  });

  test('a phone whose hook is silent is answered all the same, with the last truth', async () => {
    const subscription = await (await stage.phone('2012')).subscribe({ event });
    assert.equal(subscription.response.status, 200);
    assert.equal((await told(subscription)).get('dnd')?.enabled, false);
  });

  test('notify: false: the asking phone is told, the other one is not, and the lamp is', async () => {
    const [one, two, watcher] = [await stage.phone('2013'), await stage.phone('2013'), await stage.phone('2001')];
    const [first, second] = [await one.subscribe({ event }), await two.subscribe({ event })];
    const lamp = await watcher.subscribe({ event: 'dialog', resource: 'dnd+2013' });
    await Promise.all([told(first), told(second), lamp.next()]);
    const before = second.notifies.length;
    await first.refresh({ body: setDnd(true), contentType: featureType });
    assert.equal((await told(first, ['dnd'])).get('dnd')?.enabled, true);
    assert.equal(dialogInfo(await lamp.next()).dialogs[0]?.state, 'confirmed');
    assert.equal(second.notifies.length, before);
    await second.refresh();
    assert.equal((await told(second)).get('dnd')?.enabled, true, 'it learns it with its next refresh');
  });

  test('a hook that throws is a wish that failed: the phone is told what stands, and not blamed', async () => {
    const subscription = await (await stage.phone('2014')).subscribe({ event });
    await told(subscription);
    await subscription.refresh({ body: setDnd(true), contentType: featureType });
    assert.equal((await told(subscription, ['dnd'])).get('dnd')?.enabled, false);
    const { body } = await stage.daemon.api<{ decision: string; reason: string }[]>('/api/v1/audit?ext=2014');
    assert.equal(body[0]?.decision, 'failed');
    assert.match(body[0]!.reason, /^hook-failed: .*out of order/);
    assert.ok(!stage.daemon.log.some((line) => line['event'] === 'wish-refused'));
  });

  test("status = 0 in set, as in the manual of OpenSIPS: the phone's lamp goes back", async () => {
    const subscription = await (await stage.phone('2017')).subscribe({ event });
    await told(subscription);
    await subscription.refresh({ body: setForward('cfa', true, '2001'), contentType: featureType });
    assert.equal((await told(subscription, ['cfa'])).get('cfa')?.enabled, false);
    assert.equal((await extension('2017')).features['cfa']?.enabled, false);
  });

  test('a feature that the hook owns is known before any phone asks', async () => {
    const right = ({ features }: Extension) => features['cfb']?.enabled === true && features['cfb'].target === '2001';
    await stage.daemon.until<Extension>('/api/v1/extensions/2016', right);
  });

  test('after kill -9 what a hook hides is hidden again, before the phone subscribes anew', async () => {
    const subscription = await (await stage.phone('2015')).subscribe({ event });
    assert.deepEqual(
      featureEvents(await subscription.next()).map(({ feature }) => feature),
      ['dnd'],
    );
    await stage.killAndStart();
    await stage.daemon.ready();
    const hidden = ({ features }: Extension) =>
      features['cfa']?.assigned === false && features['cfna']?.assigned === false;
    await stage.daemon.until<Extension>('/api/v1/extensions/2015', hidden);
    const right = ({ features }: Extension) => features['cfb']?.target === '2001';
    await stage.daemon.until<Extension>('/api/v1/extensions/2016', right);
  });
});

describe('a program that ends at once', () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open(`hooks:
  program: [${process.execPath}, '-e', 'process.exit(1)']
  timeoutMs: 300
  onFailure: { set: pass, get: refuse }`);
  });
  afterEach(() => stage.tidy());
  after(() => stage.close());

  test('with onFailure.get: refuse a phone is told to come again, one that presses a key is served', async () => {
    const hand = await stage.hand();
    const answer = await hand.ask({ user: '2020', event });
    assert.deepEqual([answer.status, answer.header('Retry-After')], [503, '10']);
    assert.equal((await hand.ask({ user: '2020', event: 'dialog' })).status, 200, 'lamps have nothing to do with it');
    const lines = { 'Content-Type': featureType };
    assert.equal((await hand.ask({ user: '2020', event, lines, body: setDnd(true) })).status, 200);
  });

  test('with onFailure.set: pass a wish goes on without it; the outage is one line', async () => {
    await stage.setDnd('2021', true);
    await stage.setDnd('2021', false);
    const said = await stage.daemon.logged(({ code }) => code === 'hook-failed');
    assert.equal(said.length, 1);
    assert.ok(String(said[0]?.['fix']).includes('hooks.onFailure'));
  });
});
