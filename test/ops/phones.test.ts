import assert from 'node:assert/strict';
import test from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import type { PhoneView } from '../../src/model/phone.ts';
import { domain, json, running } from './fake-deps.ts';

const phone: PhoneView = {
  aor: aorOf('1001', domain),
  contact: 'sip:1001@10.0.0.5:5062;line=1',
  source: 'tcp:198.51.100.7:40000',
  transport: 'tcp',
  userAgent: 'Yealink SIP-T46U',
  since: 1_700_000_000_000,
  expiresAt: 1_700_000_060_000,
  reachable: true,
};
const all: readonly PhoneView[] = [
  phone,
  {
    ...phone,
    aor: aorOf('1002', domain),
    userAgent: null,
    contact: `sip:${'x'.repeat(999)}@10.0.0.5`,
    reachable: false,
  },
];
const phones = { list: (aor?: string) => all.filter((one) => aor === undefined || one.aor === aor) };
const shape = {
  aor: `1001@${domain}`,
  ext: '1001',
  contact: 'sip:1001@10.0.0.5:5062;line=1',
  source: 'tcp:198.51.100.7:40000',
  transport: 'tcp',
  userAgent: 'Yealink SIP-T46U',
  since: '2023-11-14T22:13:20.000Z',
  expiresAt: '2023-11-14T22:14:20.000Z',
  reachable: true,
};

test('phones that have registered through us are listed, all or those of an extension, in which they are named too', () =>
  running(
    async (at) => {
      const get = async (path: string) => json(await fetch(`${at.url}/api/v1/${path}`));
      const listed = await get('phones');
      assert.deepEqual(listed[0], shape);
      assert.equal(listed[1].contact.length, 257, 'what a phone calls itself is cut');
      assert.deepEqual(await get('phones?ext=1001'), [shape]);
      assert.deepEqual((await get(`phones?ext=1002@${domain}`)).length, 1);
      assert.deepEqual(await get('phones?ext=7777'), []);
      assert.deepEqual((await get('extensions/1001')).phones, [shape]);
      assert.deepEqual(
        (await get('extensions')).map((one: { phones: unknown[] }) => one.phones.length),
        [1, 1],
      );
    },
    { phones },
  ));

test('where no REGISTER goes through us there are no phones, and extensions say nothing of them', () =>
  running(async (at) => {
    assert.deepEqual(await json(await fetch(`${at.url}/api/v1/phones`)), []);
    assert.ok(!('phones' in (await json(await fetch(`${at.url}/api/v1/extensions/1001`)))));
  }));

test('phones are behind the token as everything else is, and JSON-RPC lists them', () =>
  running(
    async (at) => {
      assert.equal((await fetch(`${at.url}/api/v1/phones`)).status, 401);
      const headers = { authorization: 'Bearer 0123456789abcdef', 'content-type': 'application/json' };
      assert.deepEqual(await json(await fetch(`${at.url}/api/v1/phones?ext=1001`, { headers })), [shape]);
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'phones.list', params: { ext: '1001' } });
      const answer = await json(await fetch(`${at.url}/rpc`, { method: 'POST', headers, body }));
      assert.deepEqual(JSON.stringify(answer.result).includes(shape.contact), true);
    },
    { phones, token: '0123456789abcdef' },
  ));
