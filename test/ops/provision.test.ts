import assert from 'node:assert/strict';
import test from 'node:test';
import type { ProvisionWish } from '../../src/model/provision.ts';
import { provisionDesk } from '../../src/wiring/provision.ts';
import { json, type Running, running } from './fake-deps.ts';

const sources = {
  config: { sip: { advertise: '192.0.2.10' } },
  domains: [{ name: 'lamplighter.test', aliases: [] }],
  ways: () => ({
    engine: { kind: 'embedded', up: true, reason: null },
    upstreams: [{ uri: 'sip:127.0.0.1:5060', state: 'up', reason: null, since: null }],
    listeners: [{ transport: 'udp', address: '0.0.0.0', port: 5070, requests: {}, lastRequestAt: null }],
  }),
  ownAddress: () => '192.0.2.10',
} as unknown as Parameters<typeof provisionDesk>[0];

function provisioned(use: (at: Running, get: (path: string) => Promise<Response>) => Promise<void>) {
  return running((at) => use(at, (path) => fetch(`${at.url}/api/v1/provision${path}`)), {
    provision: () => provisionDesk(sources),
  });
}

test('the list of makes, and a snippet with the names of those who are watched', () =>
  provisioned(async (at, get) => {
    at.hub.put('1002', { displayName: 'Ada\r\nfeatures.evil = 1' });
    const makes = await json(await get(''));
    assert.ok(makes.some(({ vendor }: { vendor: string }) => vendor === 'yealink'));
    const body = await json(await get('/yealink/1001?lamps=1002,park%2B701&transport=udp&way=inline&pickup=*8'));
    assert.deepEqual([body.vendor, body.ext, body.way], ['yealink', '1001', 'inline']);
    assert.match(body.text, /^linekey\.2\.label = Ada features\.evil = 1$/m);
    assert.match(body.text, /^linekey\.3\.value = park\+701$/m);
    assert.match(body.text, /^linekey\.3\.extension = \*8$/m);
    assert.ok(body.notes.length > 0);
  }));

test('an unknown make is 404 with those there are, an unknown extension 404, a transport without listener 409', () =>
  provisioned(async (_at, get) => {
    const refused = async (path: string) => {
      const answer = await get(path);
      return { status: answer.status, ...(await json(answer)).error };
    };
    const { status, code, message } = await refused('/yaelink/1001');
    assert.deepEqual([status, code], [404, 'unknown-vendor']);
    assert.match(message, /yealink/);
    assert.equal((await refused('/yealink/4711')).code, 'unknown-extension');
    assert.deepEqual((await refused('/yealink/1001?transport=tls')).status, 409);
  }));

test('a query that is none is 400: lamps with blanks or too many, unknown ways and transports, codes that are none', () =>
  provisioned(async (_at, get) => {
    const many = Array.from({ length: 61 }, (_none, at) => 2000 + at).join(',');
    for (const query of [
      'lamps=10%0A02',
      'lamps=1%202',
      `lamps=${many}`,
      `lamps=${'1'.repeat(65)}`,
      'way=udp',
      'transport=wss',
      'pickup=a',
      'pickup=**********',
      'list=a%20b',
      'lamp=1002',
    ]) {
      assert.equal((await get(`/yealink/1001?${query}`)).status, 400, query);
    }
    for (const query of ['lamps=', 'lamps=,1002,', 'pickup=', 'list=office']) {
      assert.equal((await get(`/yealink/1001?${query}`)).status, 200, query);
    }
  }));

test('a daemon without makes has an empty list, and knows no vendor', () =>
  running(async ({ url }) => {
    assert.deepEqual(await json(await fetch(`${url}/api/v1/provision`)), []);
    assert.equal((await fetch(`${url}/api/v1/provision/yealink/1001`)).status, 404);
  }));

test('the wish reaches the desk as it was asked for', async () => {
  const wishes: ProvisionWish[] = [];
  const provision = async () => ({
    vendors: () => [],
    snippet: (_vendor: string, wish: ProvisionWish) => {
      wishes.push(wish);
      return { ok: false as const, refusal: { code: 'no-listener', message: 'no' } };
    },
  });
  await running(
    async ({ url }) => {
      await fetch(`${url}/api/v1/provision/snom/1001`);
      assert.deepEqual(wishes, [
        {
          aor: '1001@lamplighter.test',
          lamps: [],
          list: null,
          pickup: '**',
          transport: undefined,
          way: undefined,
        },
      ]);
    },
    { provision },
  );
});
