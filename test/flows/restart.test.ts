import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Driver } from '../../src/store/driver.ts';
import { Daemon, Home } from '../support/daemon.ts';
import { dialogInfo, featureEvents, featureType, lamp, Phone, setDnd, setForward } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { domain } from './simulated.ts';

/** Ports must stay the same over a restart, as they do at an admin's. */
async function fixedConfig(home: Home): Promise<string> {
  const [sip, http] = [await lastingPort(), await lastingPort()];
  return home.write(
    'lamplighter.yaml',
    `version: 1
domain: ${domain}
sip: { listen: ['udp:127.0.0.1:${sip}', 'tcp:127.0.0.1:${sip}'] }
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:${http}' }
pbx: [{ name: sim, type: simulated }]
phones: { profiles: [{ name: quick, match: '.', notifyMinIntervalMs: 0 }] }
`,
  );
}

/** A daemon that is started again on its ports, and the phones that notice or do not. */
class Stage {
  readonly #phones: Phone[] = [];
  readonly #config: string;
  daemon: Daemon;

  private constructor(config: string, daemon: Daemon) {
    this.#config = config;
    this.daemon = daemon;
  }

  /** While nobody runs: all that is stored ran out a second ago, as if the last refreshes had not reached the disk. */
  runOut(): void {
    const driver = new Driver(home.path('lamplighter.db'));
    driver.exec(`DELETE FROM pulses; UPDATE subscriptions SET expires_at = ${Date.now() - 1000}`);
    driver.close();
  }

  static async open(home: Home): Promise<Stage> {
    const config = await fixedConfig(home);
    const stage = new Stage(config, await Daemon.start(config));
    await stage.daemon.ready();
    return stage;
  }

  async tidy(): Promise<void> {
    for (const phone of this.#phones.splice(0)) await phone.close();
  }

  async phone(user: string, transport: 'udp' | 'tcp' = 'udp'): Promise<Phone> {
    const port = transport === 'udp' ? this.daemon.udpPort : this.daemon.tcpPort;
    const server = { host: '127.0.0.1', port, transport };
    const phone = await Phone.open({ user, password: `secret${user}`, domain, server });
    this.#phones.push(phone);
    return phone;
  }

  async startAgain(): Promise<void> {
    this.daemon = await Daemon.start(this.#config);
    await this.daemon.ready();
  }
}

const home = new Home();
let stage: Stage;
before(async () => {
  stage = await Stage.open(home);
});
afterEach(() => stage.tidy());
after(async () => {
  await stage?.daemon.kill();
  home.remove();
});

test('after kill -9 every phone gets its NOTIFY in the old dialog, numbers above any it saw, features as they were', async () => {
  const [desk, watcher] = [await stage.phone('1001'), await stage.phone('1003')];
  const keys = await desk.subscribe({ event: 'as-feature-event' });
  const lamps = await Promise.all(
    ['1001', '1002', '1004', '1005'].map((resource) => watcher.subscribe({ event: 'dialog', resource })),
  );
  for (const subscription of lamps) await subscription.next();
  await keys.refresh({ body: setForward('cfna', true, '1002', 5), contentType: featureType });
  await keys.next((one) => featureEvents(one).some(({ feature, enabled }) => feature === 'cfna' && enabled));
  await keys.refresh({ body: setForward('cfna', false), contentType: featureType });
  await keys.next((one) => featureEvents(one).some(({ feature, enabled }) => feature === 'cfna' && !enabled));
  // under load: DND back and forth while the process dies
  let busy = true;
  const load = (async () => {
    for (let on = true; busy; on = !on) {
      const body = { enabled: on };
      await stage.daemon.api('/api/v1/extensions/1004/features/dnd', { method: 'PUT', body }).catch(() => {
        busy = false;
      });
    }
  })();
  await lamps[2]!.next((one) => lamp(dialogInfo(one)) === 'busy');
  await stage.daemon.kill();
  busy = false;
  await load;
  const before = lamps.map(({ notifies }) => notifies.length);
  await stage.startAgain();
  for (const [index, subscription] of lamps.entries()) {
    await subscription.next((one) => subscription.notifies.indexOf(one) >= before[index]!);
  }
  const remembered = new Map<string, string | undefined>();
  while (remembered.size < 4) {
    for (const { feature, target } of featureEvents(await keys.next())) remembered.set(feature, target);
  }
  assert.equal(remembered.get('cfna'), '1002', 'the remembered target survives');
  // the phone goes on in its old dialog, and a key still works
  assert.equal((await keys.refresh({ body: setDnd(true), contentType: featureType })).status, 200);
  await keys.next((one) => featureEvents(one).some(({ feature, enabled }) => feature === 'dnd' && enabled));
  assert.deepEqual([...desk.violations, ...watcher.violations], [], 'a strict phone has nothing to complain of');
});

test('a clean restart is invisible: no terminated NOTIFY, exit code 0, dialogs go on', async () => {
  const desk = await stage.phone('1001');
  const lampOf = await desk.subscribe({ event: 'dialog', resource: '1002' });
  await lampOf.next();
  assert.equal(await stage.daemon.stop(), 0);
  await stage.startAgain();
  assert.equal((await lampOf.next()).subscriptionState.state, 'active');
  assert.equal(lampOf.ended, false);
  assert.equal((await lampOf.refresh()).status, 200);
  assert.deepEqual(desk.violations, []);
});

test('E65-13: a subscription that ran out while nobody ran is told so in its dialog at the start, and its phone begins anew', async () => {
  const desk = await stage.phone('1001');
  const lampOf = await desk.subscribe({ event: 'dialog', resource: '1002' });
  await lampOf.next();
  await stage.daemon.kill();
  stage.runOut();
  await stage.startAgain();
  const { subscriptionState } = await lampOf.next();
  assert.deepEqual([subscriptionState.state, subscriptionState.params.get('reason')], ['terminated', 'timeout']);
  const anew = await desk.subscribe({ event: 'dialog', resource: '1002' });
  assert.equal((await anew.next()).subscriptionState.state, 'active');
  await stage.daemon.until<readonly unknown[]>('/api/v1/subscriptions', (list) => list.length === 1);
  await stage.daemon.kill();
  await stage.startAgain();
  assert.equal((await anew.next()).subscriptionState.state, 'active');
  assert.equal(lampOf.notifies.length, 2, 'it is told once');
  assert.deepEqual(desk.violations, []);
});

test('a phone on TCP gets its lamp back when it returns on a new connection', async () => {
  const desk = await stage.phone('1001', 'tcp');
  const lampOf = await desk.subscribe({ event: 'dialog', resource: '1002' });
  await lampOf.next();
  await stage.daemon.kill();
  await desk.nextDisconnect();
  await stage.startAgain();
  assert.equal((await lampOf.refresh()).status, 200, 'the dialog is still known');
  assert.equal((await lampOf.next()).subscriptionState.state, 'active');
  assert.deepEqual(desk.violations, []);
});

test('two lamp keys of one phone for one extension live through a restart', async () => {
  const desk = await stage.phone('1001');
  const keys = [];
  for (let key = 0; key < 2; key++) keys.push(await desk.subscribe({ event: 'dialog', resource: '1002' }));
  for (const key of keys) await key.next();
  await stage.daemon.kill();
  const before = keys.map(({ notifies }) => notifies.length);
  await stage.startAgain();
  for (const [index, key] of keys.entries()) await key.next((one) => key.notifies.indexOf(one) >= before[index]!);
  await stage.daemon.api('/api/v1/extensions/1002/features/dnd', { method: 'PUT', body: { enabled: true } });
  for (const key of keys) await key.next((one) => lamp(dialogInfo(one)) === 'busy');
  assert.deepEqual(desk.violations, []);
});
