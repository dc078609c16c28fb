import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WaysView } from '../../src/model/ways.ts';
import { json, running, send } from './fake-deps.ts';

const at = 1_700_000_000_000;
const view: WaysView = {
  engine: { kind: 'embedded', up: true, reason: null },
  auth: 'pbx',
  listeners: [
    { transport: 'udp', address: '0.0.0.0', port: 5070, requests: { SUBSCRIBE: 2 }, lastRequestAt: at },
    { transport: 'tcp', address: '0.0.0.0', port: 5070, requests: {}, lastRequestAt: null },
  ],
  upstreams: [{ uri: 'sip:127.0.0.1:5060', state: 'down', reason: 'timeout', since: at }],
  subscriptions: { total: 1, direct: 0, inline: 1, proxy: 0, drachtio: 0, unanswered: 0 },
  sources: [{ address: '192.0.2.21', subscriptions: 1, users: 1 }],
  sourceCount: 1,
  phonesLearnt: 3,
  pushRules: null,
};

test('the ways in are told with times that people can read', async () => {
  await running(
    async ({ url }) => {
      const time = '2023-11-14T22:13:20.000Z';
      const [udp, tcp] = view.listeners;
      assert.deepEqual(await json(await fetch(`${url}/api/v1/ways`)), {
        version: '0.0.0-test',
        domains: ['lamplighter.test'],
        ...view,
        listeners: [{ ...udp, lastRequestAt: time }, tcp],
        upstreams: [{ ...view.upstreams[0], since: time }],
      });
    },
    { ways: () => view },
  );
});

test('the ways in are for admins', async () => {
  await running(
    async ({ url }) => {
      assert.equal((await fetch(`${url}/api/v1/ways`)).status, 401);
      const headers = { authorization: 'Bearer sixteen-characters' };
      assert.equal((await fetch(`${url}/api/v1/ways`, { headers })).status, 200);
    },
    { ways: () => view, token: 'sixteen-characters' },
  );
});

test('JSON-RPC tells the same', async () => {
  await running(
    async ({ url }) => {
      const call = { jsonrpc: '2.0', id: 1, method: 'ways.get' };
      const { result } = await json(await fetch(`${url}/rpc`, send('POST', call)));
      assert.equal(result.phonesLearnt, 3);
    },
    { ways: () => view },
  );
});
