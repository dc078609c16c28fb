import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { ListTable, listIn } from '../support/list-view.ts';
import type { Phone, Subscription } from '../support/phone.ts';
import { FreeswitchRig, first, second } from './freeswitch-rig.ts';

/* The groups of a PBX as lists: a FreeSWITCH in small with two tenants, whose directory has the group `default` in both. */

let rig!: FreeswitchRig;
before(async () => {
  rig = await FreeswitchRig.open({});
});
afterEach(() => rig.tidy());
after(() => rig.close());

const accept = 'application/dialog-info+xml, application/rlmi+xml, multipart/related';

async function watch(phone: Phone, domain: string): Promise<Subscription> {
  const resource = `sip:default@${domain}`;
  const sub = await phone.subscribe({ event: 'dialog', resource, accept, headers: [['Supported', 'eventlist']] });
  assert.equal(sub.response.status, 200);
  return sub;
}

/** Takes NOTIFYs, over UDP of one or two members each, until it is right. */
async function until(
  sub: Subscription,
  table: ListTable,
  right: (lamps: Readonly<Record<string, string>>) => boolean,
): Promise<void> {
  while (!table.begun || !right(table.lamps())) {
    const { contentType, body } = await sub.next();
    table.take(listIn({ contentType, body }));
  }
}

const complete = (count: number) => (lamps: Readonly<Record<string, string>>) =>
  Object.keys(lamps).length === count && !Object.values(lamps).includes('unknown');

test('a group of the directory is a list, in each tenant with his own people; who is added is told and rings', async () => {
  const [north, south] = [await rig.phone('1001'), await rig.phone('1001', second)];
  const [here, there] = [new ListTable(), new ListTable()];
  const [ours, theirs] = [await watch(north, first), await watch(south, second)];
  await until(ours, here, complete(15));
  await until(theirs, there, complete(16));
  for (const uri of here.rows.keys()) assert.ok(uri.endsWith(`@${first}`), uri);
  for (const uri of there.rows.keys()) assert.ok(uri.endsWith(`@${second}`), uri);
  assert.deepEqual(here.rows.get(`sip:1101@${first}`)?.names, ['Ext 1101']);

  const call = rig.pbx.call(`1102@${first}`, `1101@${first}`);
  await until(ours, here, (lamps) => lamps['1101'] === 'early' && lamps['1102'] !== 'off');
  call.hangup();
  await until(ours, here, (lamps) => lamps['1101'] === 'off' && lamps['1102'] === 'off');
  assert.equal(there.lamps()['1101'], 'off');

  rig.pbx.directory.add('1999', first, { password: 'lab-1999' });
  rig.pbx.drop(); // another connection, another picture
  await until(ours, here, complete(16));
  assert.deepEqual(here.rows.get(`sip:1999@${first}`)?.names, ['Ext 1999']);
  const late = rig.pbx.call(`1102@${first}`, `1999@${first}`);
  await until(ours, here, (lamps) => lamps['1999'] === 'early');
  late.hangup();
  rig.pbx.directory.remove(`1999@${first}`);
  rig.pbx.drop();
  await until(ours, here, complete(15));
  assert.deepEqual([...north.violations, ...south.violations], []);
});

test('a list of another tenant is refused, whether or not there is one', async () => {
  const phone = await rig.phone('1001');
  for (const list of ['default', 'nothing']) {
    const resource = `sip:${list}@${second}`;
    const sub = await phone.subscribe({ event: 'dialog', resource, accept, headers: [['Supported', 'eventlist']] });
    assert.equal(sub.response.status, 403, list);
  }
});
