import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Driver } from '../../src/store/driver.ts';
import { Daemon, Home } from '../support/daemon.ts';
import { dialogInfo, featureEvents, lamp, type Phone } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { features, openPhone, type PhoneChoice, picture, writeConfig } from './prior-systems-rig.ts';

/* What a restart and a crash did to the phones of the systems before us (engines-and-peers 4.5), and does to ours. */

interface Stage {
  readonly home: Home;
  daemon: Daemon;
  phone(user: string, choice?: PhoneChoice): Promise<Phone>;
  /** How long a start takes here and now, milliseconds. */
  readonly startMs: number;
  /** A new process on the same ports and database; the old one has ended. */
  again(): Promise<void>;
}

const home = new Home();
const phones: Phone[] = [];
let here: Stage;

/** One database for all tests, each with extensions of its own. */
before(async () => {
  const config = writeConfig(home, await lastingPort());
  const start = async () => {
    const daemon = await Daemon.start(config);
    await daemon.ready();
    return daemon;
  };
  const begun = Date.now();
  const daemon = await start();
  here = {
    home,
    daemon,
    startMs: Date.now() - begun,
    phone: async (user, choice = {}) => {
      const phone = await openPhone(here.daemon, user, choice);
      phones.push(phone);
      return phone;
    },
    again: async () => {
      here.daemon = await start();
    },
  };
});
afterEach(async () => {
  for (const phone of phones.splice(0)) await phone.close();
});
after(async () => {
  await here?.daemon.kill();
  home.remove();
});

const put = (daemon: Daemon, ext: string, feature: string, body: object) =>
  daemon.api(`/api/v1/extensions/${ext}/features/${feature}`, { method: 'PUT', body });

test('after a stop every subscription goes on and is told at once (Kamailio in memory, OpenSIPS #240: all gone until their refresh)', async () => {
  const phone = await here.phone('2001');
  const keys = await phone.subscribe({ event: features });
  await picture(keys);
  const busy = await phone.subscribe({ event: 'dialog', resource: '2002' });
  await busy.next();
  assert.equal(await here.daemon.stop(), 0);
  await here.again();
  await picture(keys); // unasked
  assert.equal(lamp(dialogInfo(await busy.next())), 'off');
  await put(here.daemon, '2002', 'dnd', { enabled: true });
  assert.equal(lamp(dialogInfo(await busy.next())), 'busy');
  assert.equal((await keys.refresh()).status, 200, 'in the old dialog');
  assert.deepEqual(phone.violations, []);
});

test('a subscription whose 200 has been sent survives kill -9 in the same moment (Kamailio write-back, OpenSIPS: lost, and nobody is told)', async () => {
  const phone = await here.phone('2011');
  const sub = await phone.subscribe({ event: features });
  await here.daemon.kill();
  assert.equal(sub.response.status, 200);
  await here.again();
  await picture(sub);
  await put(here.daemon, '2011', 'dnd', { enabled: true });
  const told = await sub.next((notify) =>
    featureEvents(notify).some(({ feature, enabled }) => feature === 'dnd' && enabled),
  );
  assert.equal(featureEvents(told).length, 1);
  assert.deepEqual(phone.violations, []);
});

test('a phone on TCP goes on in its old dialog when it comes back after kill -9 (Asterisk with prune_on_boot: dropped)', async () => {
  const phone = await here.phone('2021', { transport: 'tcp' });
  const sub = await phone.subscribe({ event: features });
  await picture(sub);
  await here.daemon.kill();
  await phone.nextDisconnect();
  await here.again();
  await put(here.daemon, '2021', 'dnd', { enabled: true });
  assert.equal((await sub.refresh()).status, 200);
  assert.equal((await picture(sub)).get('dnd')?.enabled, true);
  assert.deepEqual(phone.violations, []);
});

test('after changes and kill -9 strict phones accept every NOTIFY: CSeq and version only grow (Kamailio write-back, OpenSIPS: 4 of 5 with numbers the phone had seen)', async () => {
  const users = Array.from({ length: 20 }, (_, index) => String(2101 + index));
  const phones = await Promise.all(users.map((user) => here.phone(user)));
  const subs = await Promise.all(phones.map((phone) => phone.subscribe({ event: 'dialog', resource: '2031' })));
  await Promise.all(subs.map((sub) => sub.next()));
  for (const enabled of [true, false, true, false]) {
    await put(here.daemon, '2031', 'dnd', { enabled });
    await Promise.all(subs.map((sub) => sub.next()));
  }
  await here.daemon.kill();
  await here.again();
  await Promise.all(subs.map((sub) => sub.next()));
  for (const enabled of [true, false, true]) {
    await put(here.daemon, '2031', 'dnd', { enabled });
    const told = await Promise.all(subs.map((sub) => sub.next()));
    assert.ok(told.every((notify) => lamp(dialogInfo(notify)) === (enabled ? 'busy' : 'off')));
  }
  assert.deepEqual(
    phones.flatMap(({ violations }) => violations),
    [],
  );
});

test('what a key has set, and the number of a forward that is off, survive kill -9 (sipr: in memory; OpenSIPS: stores nothing; Asterisk master: no handler)', async () => {
  await put(here.daemon, '2041', 'cfna', { enabled: true, target: '2042', ringCount: 4 });
  await put(here.daemon, '2041', 'cfb', { enabled: true, target: '2043' });
  await put(here.daemon, '2041', 'cfb', { enabled: false });
  await here.daemon.kill();
  await here.again();
  const told = await picture(await (await here.phone('2041')).subscribe({ event: features }));
  assert.deepEqual(told.get('cfna'), { feature: 'cfna', enabled: true, target: '2042', ringCount: 4 });
  assert.deepEqual(told.get('cfb'), { feature: 'cfb', enabled: false, target: '2043' });
});

test('a subscription that lapses is told so when it does (Kamailio and OpenSIPS: nothing within 9 s, the timer looks every 100 s)', async () => {
  const phone = await here.phone('2051');
  const sub = await phone.subscribe({ event: features });
  await picture(sub);
  await here.daemon.stop();
  // Nobody is granted less than a minute: the rest of the time passes in the database. The next start must be done by then.
  const ends = Date.now() + 5 * here.startMs + 1000;
  const database = new Driver(here.home.path('lamplighter.db'));
  database.exec(`UPDATE subscriptions SET expires_at = ${ends}`);
  database.close();
  await here.again();
  const last = await sub.next(
    ({ subscriptionState }) => subscriptionState.state === 'terminated',
    30_000 + 5 * here.startMs,
  );
  assert.equal(last.subscriptionState.params.get('reason'), 'timeout');
  assert.ok(Date.now() >= ends - 50, 'not before its time');
  assert.equal((await sub.refresh()).status, 481);
});
