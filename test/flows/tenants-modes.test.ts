import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TenantsRig } from './tenants-rig.ts';

const [north, south] = ['north.test', 'south.test'];

test('with trusted proxies From says who it is, and without a domain of ours it is nobody', async () => {
  const rig = await TenantsRig.open('auth: trusted, trusted: [127.0.0.1]');
  try {
    const hand = await rig.hand();
    assert.equal((await rig.ask(hand, { from: north })).status, 200);
    assert.equal((await rig.ask(hand, { from: south })).status, 200);
    assert.equal((await rig.ask(hand, { from: 's.test', uri: `sip:1002@${south}` })).status, 200);
    const refused = [
      { from: south, uri: `sip:1001@${north}` },
      { from: south, uri: 'sip:1001@127.0.0.1' },
      { from: north, uri: `sip:1002@${south}` },
      { from: 'elsewhere.test', uri: `sip:1002@${south}` },
      { from: 'elsewhere.test', uri: `sip:1002@${north}` },
      { from: south, uri: `sip:1001@${south}`, to: north },
      { from: south, uri: `sip:1001@${south}`, lines: { From: '<tel:1001>;tag=x' } },
      { from: south, uri: `sip:1001@${south}`, lines: { From: '<sip:anonymous@anonymous.invalid>;tag=x' } },
    ];
    for (const claim of refused) assert.equal((await rig.ask(hand, claim)).status, 403, JSON.stringify(claim));
    const { talk } = await rig.ask(hand, { from: south });
    assert.equal((await rig.ask(hand, { from: north, talk, to: south })).status, 403, "a namesake's dialog");
  } finally {
    await rig.close();
  }
});

test('auth: users knows its users by domain', async () => {
  const list = [
    '{ user: "1001", password: first }',
    '{ user: "1001", domain: South.test, password: second }',
    '{ user: "1002", domain: south.test, password: third }',
  ];
  const rig = await TenantsRig.open(`auth: users, users: [${list.join(', ')}]`);
  try {
    const hand = await rig.hand();
    assert.equal((await rig.ask(hand, { from: north, password: 'first' })).status, 200);
    assert.equal((await rig.ask(hand, { from: south, password: 'second' })).status, 200);
    assert.equal((await rig.ask(hand, { from: north, password: 'second' })).status, 401);
    assert.equal((await rig.ask(hand, { from: south, password: 'first' })).status, 401);
    assert.equal((await rig.ask(hand, { from: south, user: '1002', password: 'third' })).status, 200);
    assert.equal((await rig.ask(hand, { from: north, user: '1002', password: 'third' })).status, 401);
  } finally {
    await rig.close();
  }
});

test('a PBX in a worker thread is asked for users of its domains only', async () => {
  const module = new URL('../adapters/threaded/puppet.js', import.meta.url).pathname;
  const pbx = (more: string) => `  - { name: p, type: '${module}', act: live, ${more} }`;
  const realmsOf = async (more: string) => {
    const rig = await TenantsRig.open('', pbx(more));
    try {
      const hand = await rig.hand();
      const password = 'secret of 1001';
      const answers = [];
      for (const from of [north, south]) answers.push(await rig.ask(hand, { from, password }));
      return answers.map(({ status, realm }) => `${status} ${realm}`);
    } finally {
      await rig.close();
    }
  };
  // It has nobody: whoever has the right password is told 404.
  assert.deepEqual(await realmsOf(''), ['404 north.test', '404 south.test']);
  assert.deepEqual(await realmsOf('domain: south.test'), ['503 null', '404 south.test']);
});
