import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../src/model/clock.ts';
import type { PbxAccess } from '../../src/model/setup.ts';
import { testLive } from '../../src/setup/live.ts';
import { FakeAmi } from '../adapters/asterisk/fake-ami.ts';
import { FakeAri } from '../adapters/asterisk/fake-ari.ts';
import { domain, populated } from '../adapters/freeswitch/rig.ts';
import type { FakeFreeswitch } from '../support/freeswitch/fake-freeswitch.ts';

const tools = { clock: systemClock };

async function levels(access: PbxAccess): Promise<Readonly<Record<string, string>>> {
  const findings = await testLive(access, domain, tools);
  const text = JSON.stringify(findings);
  assert.doesNotMatch(text, /(?:ami|ari|esl)-secret-|wrong-password/);
  return Object.fromEntries(findings.map(({ check, level }) => [check, level]));
}

describe('a live test at an Asterisk', () => {
  const ami = new FakeAmi();
  const ari = new FakeAri();
  before(() => Promise.all([ami.listen(), ari.listen()]));
  after(() => Promise.all([ami.close(), ari.close()]));

  const access = (more: { readonly ami?: object; readonly ari?: object } = {}): PbxAccess => ({
    type: 'asterisk',
    features: 'astdb',
    ami: { host: '127.0.0.1', port: ami.port, username: ami.username, password: ami.password, ...more.ami },
    ari: { url: ari.url, username: ari.username, password: ari.password, ...more.ari },
  });

  test('with the right passwords both let it in, and nothing else is printed, for --json', async (t) => {
    const printed = t.mock.method(console, 'log', () => undefined);
    const found = await levels(access());
    assert.deepEqual([found['ami'], found['ari']], ['ok', 'ok'], JSON.stringify(found));
    assert.equal(printed.mock.callCount(), 0, 'ari-client prints what it thinks of Swagger');
  });

  test('a wrong password is named for the one that refuses it', async () => {
    assert.equal((await levels(access({ ami: { password: 'wrong-password' } })))['ami'], 'fail');
    assert.equal((await levels(access({ ari: { password: 'wrong-password' } })))['ari'], 'fail');
  });

  test('without a password it says which, and asks nobody', async () => {
    const asked = ari.requests.length;
    assert.deepEqual(await levels(access({ ari: { password: undefined } })), { ari: 'fail' });
    assert.equal(ari.requests.length, asked);
  });

  test('nobody there, and what is no address: findings, no faults', async () => {
    const found = await levels(access({ ami: { port: 1 }, ari: { url: 'http://127.0.0.1:1' } }));
    assert.deepEqual([found['ami'], found['ari']], ['fail', 'fail']);
    assert.deepEqual(await levels(access({ ari: { url: 'ftp://x' } })), { live: 'fail' });
  });
});

describe('a live test at a FreeSWITCH', () => {
  let pbx: FakeFreeswitch;
  before(async () => {
    pbx = await populated();
  });
  after(() => pbx.close());

  const access = (password: string): PbxAccess => ({
    type: 'freeswitch',
    features: 'db',
    esl: { host: '127.0.0.1', port: pbx.port, password },
  });

  test('the right password lets it in, a wrong one is named', async () => {
    const right = await levels(access(pbx.esl.password));
    assert.ok(
      !Object.entries(right).some(([check, level]) => check === 'esl' && level !== 'ok'),
      JSON.stringify(right),
    );
    const wrong = await levels(access('wrong-password'));
    assert.ok(Object.values(wrong).includes('fail'), JSON.stringify(wrong));
  });
});
