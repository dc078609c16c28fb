import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import type { TraceDesk, TracedMessage } from '../../src/model/trace.ts';
import type { SubscriptionView } from '../../src/model/views.ts';
import { mostAnswered } from '../../src/ops/rpc/rpc-server.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { domain, off, type Running, running, send } from './fake-deps.ts';

function subscription(id: number, ext: string, event: string, watcher = ext): SubscriptionView {
  return {
    id,
    aor: aorOf(ext, domain),
    event,
    eventId: null,
    watcher: aorOf(watcher, domain),
    device: `urn:uuid:${id}`,
    userAgent: 'Phone/1',
    source: 'udp:192.0.2.1:5060',
    createdAt: 1_700_000_000_000,
    expiresAt: Date.now() + 600_000,
    lastNotifyAt: null,
    lastStatus: null,
    notifies: 0,
  };
}

interface Reply {
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as they come
  readonly result?: any;
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as they come
  readonly error?: { readonly code: number; readonly message: string; readonly data?: any };
}

async function ask(at: Running, method: string, params?: unknown): Promise<Reply> {
  const body = { jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }), id: 1 };
  const response = await fetch(`${at.url}/rpc`, send('POST', body));
  assert.equal(response.status, 200);
  return (await response.json()) as Reply;
}

const setFeature = 'presence_dfks:set_feature';

test('the methods of the table are the routes of the API by other names', async () => {
  await running(async (at) => {
    at.subscriptions.push(subscription(7, '1001', 'dialog'), subscription(8, '1002', 'dialog'));
    const get = async (path: string) => (await fetch(`${at.url}${path}`)).json();
    for (const [method, params, path] of [
      ['extensions.list', [], '/api/v1/extensions'],
      ['extensions.get', ['1001'], '/api/v1/extensions/1001'],
      ['extensions.get', { ext: `1002@${domain}` }, '/api/v1/extensions/1002'],
      ['subscriptions.list', {}, '/api/v1/subscriptions'],
      ['subscriptions.list', { ext: '1001' }, '/api/v1/subscriptions?ext=1001'],
      ['audit.list', { ext: '1001', limit: 5 }, '/api/v1/audit?ext=1001&limit=5'],
      ['groups.list', [], '/api/v1/groups'],
      ['status.get', [], '/api/v1/status'],
    ] as const) {
      assert.deepEqual((await ask(at, method, params)).result, await get(path), method);
    }
    assert.deepEqual((await ask(at, 'subscriptions.renotify', [7])).result, { id: 7, renotified: true });
    assert.equal((await ask(at, 'subscriptions.remove', { id: 8 })).result, true);
    assert.deepEqual([at.told, at.removed], [[7], [8]]);
  });
});

test('features.set is a wish of kind rpc, by name or by position, with a word for the hooks', async () => {
  await running(async (at) => {
    const params = { ext: '1001', feature: 'cfna', enabled: true, target: '1002', ringCount: 3, param: 'night' };
    const expected = { enabled: true, target: '1002', ringCount: 3 };
    assert.deepEqual((await ask(at, 'features.set', params)).result, expected);
    assert.deepEqual((await ask(at, 'features.set', ['1001', 'dnd', true])).result, { enabled: true });
    const [first, second] = at.wishes;
    assert.deepEqual([first!.origin.kind, first!.param, first!.ringCount], ['rpc', 'night', 3]);
    assert.deepEqual([second!.origin.kind, second!.param], ['rpc', undefined]);
    assert.equal(first!.origin.from, '127.0.0.1');
  });
});

test('a refusal of the gate is a server error with its code and the state that stands', async () => {
  await running(async (at) => {
    for (const [code, status, number] of [
      ['external-target', 403, -32000],
      ['forward-loop', 409, -32000],
      ['hook-friday', 422, -32000],
      ['pbx-timeout', 504, -32002],
      ['hook-failed', 503, -32002],
      ['internal', 500, -32603],
    ] as const) {
      at.verdict = () => ({ decision: 'refused', refusal: { code, message: 'no' }, state: off });
      for (const [method, params] of [
        ['features.set', ['1001', 'dnd', true]],
        [setFeature, ['1001', 'DoNotDisturb', 1]],
      ] as const) {
        const { error } = await ask(at, method, params);
        assert.deepEqual(error, {
          code: number,
          message: 'no',
          data: { code, status, feature: { enabled: false } },
        });
      }
    }
  });
});

test('parameters that are not those of a method are -32602, what is not there -32001, no method -32601', async () => {
  await running(async (at) => {
    for (const [method, params, code, word] of [
      ['extensions.get', [], -32602, 'missing-param'],
      ['extensions.get', ['1001', 2], -32602, 'too-many-params'],
      ['extensions.get', { ext: '1001', exit: 1 }, -32602, 'unknown-param'],
      ['extensions.get', { __proto__: null, constructor: 1, ext: '1001' }, -32602, 'unknown-param'],
      ['features.set', ['1001', 'dnd', 'yes'], -32602, 'invalid-body'],
      ['features.set', ['1001', 'cfna', true, '1002', 99], -32602, 'invalid-body'],
      ['audit.list', { limit: 0 }, -32602, 'invalid-query'],
      ['extensions.get', ['9999'], -32001, 'unknown-extension'],
      ['extensions.get', ['..'], -32001, 'unknown-extension'],
      ['extensions.get', ['1001/features/dnd'], -32001, 'unknown-extension'],
      ['extensions.get', [{ a: 1 }], -32001, 'unknown-extension'],
      ['extensions.get', ['\ud800'], -32001, 'unknown-extension'],
      ['features.set', ['1001', 'dns', true], -32001, 'unknown-feature'],
      ['subscriptions.remove', [99], -32001, 'unknown-subscription'],
      ['simulator.answer', ['x'], -32001, 'no-simulator'],
      ['features.set', { ext: '1001', feature: 'dnd', enabled: true, param: { a: 1 } }, -32602, 'bad-param'],
      ['features.set', { ext: '1001', feature: 'dnd', enabled: true, param: 'x'.repeat(600) }, -32602, 'bad-param'],
      ['features.set', { ext: '1001', feature: 'dnd', enabled: true, param: { toString: 1 } }, -32602, 'bad-param'],
      [setFeature, ['1001', { toString: 1 }], -32602, 'unknown-feature'],
      [setFeature, [{ toString: 1 }, 'DoNotDisturb', 1], -32602, 'bad-presentity'],
      ['system.listMethods', [{ toString: 1 }], -32602, 'bad-param'],
      ['nothing.at.all', [], -32601, 'unknown-method'],
      ['toString', [], -32601, 'unknown-method'],
      ['__proto__', [], -32601, 'unknown-method'],
    ] as const) {
      const { error } = await ask(at, method, params);
      assert.deepEqual([error?.code, error?.data?.code], [code, word], `${method} ${JSON.stringify(params)}`);
    }
  });
});

test("OpenSIPS's set_feature takes its parameters by both of its names, in each form they are written in", async () => {
  await running(async (at) => {
    const values = ['forwardTo/sip:1002@lamplighter.test', 'ringCount/4'];
    for (const [method, params] of [
      ['dfks_set_feature', ['sip:1001@lamplighter.test', 'CallForwardingNoAnswer', 1, 'x', values]],
      [setFeature, { presentity: '1001', feature: 'CallForwardingNoAnswer', status: 1, route_param: 'x', values }],
      [
        setFeature,
        {
          presentity: '<sip:1001@lamplighter.test:5060;transport=udp>',
          feature: 'CallForwardingNoAnswer',
          status: true,
          route_param: 'x',
          values: ['forwardTo=sip:1002@lamplighter.test', 'value/ringCount=4'],
        },
      ],
    ] as const) {
      at.wishes.length = 0;
      const { result, error } = await ask(at, method, params);
      assert.equal(error, undefined);
      assert.deepEqual(result.phones, 0);
      const [{ aor, feature, enabled, target, ringCount, param, origin }] = at.wishes as [(typeof at.wishes)[0]];
      assert.deepEqual(
        [aor, feature, enabled, target, ringCount, param, origin.kind],
        ['1001@lamplighter.test', 'cfna', true, 'sip:1002@lamplighter.test', 4, 'x', 'rpc'],
      );
    }
    await ask(at, setFeature, ['1001', 'CallForwardingBusy', 0, null, 'value/forwardTo=1002']);
    assert.equal(at.wishes.at(-1)!.target, '1002');
  });
});

test('set_feature tells all phones and counts them; without status it only tells, after the hooks were asked', async () => {
  const read: string[] = [];
  await running(
    async (at) => {
      at.subscriptions.push(
        subscription(1, '1001', 'as-feature-event'),
        subscription(2, '1001', 'as-feature-event'),
        subscription(3, '1001', 'dialog'),
        subscription(4, '1002', 'as-feature-event'),
      );
      const granted = await ask(at, setFeature, ['1001', 'DoNotDisturb', 1]);
      assert.deepEqual(granted.result, {
        presentity: 'sip:1001@lamplighter.test',
        feature: { enabled: true },
        phones: 2,
      });
      assert.deepEqual(at.told, [], 'the change itself has told them');
      at.verdict = () => ({ decision: 'equal', refusal: null, state: { ...off, enabled: true } });
      assert.equal((await ask(at, setFeature, ['1001', 'DoNotDisturb', 1])).result.phones, 2);
      assert.deepEqual(at.told.splice(0), [1, 2], 'as OpenSIPS does, though nothing changed');
      at.verdict = () => ({ decision: 'granted', refusal: null, state: off, quiet: true });
      assert.equal((await ask(at, setFeature, ['1001', 'DoNotDisturb', 0])).result.phones, 0);
      const wishes = at.wishes.length;
      assert.equal((await ask(at, setFeature, ['1001', 'DoNotDisturb'])).result.phones, 2);
      assert.deepEqual([at.told, read, at.wishes.length], [[1, 2], ['1001@lamplighter.test'], wishes]);
    },
    { readHooks: async (aor) => read.push(aor) },
  );
});

test('what OpenSIPS takes, guesses or dies of is -32602 or -32001 here, and nothing is wished', async () => {
  await running(async (at) => {
    for (const [params, code] of [
      [['1001', 'DoNotDisturbed', 1], -32602],
      [['1001', 'toString', 1], -32602],
      [['1001', 'DoNotDisturb', 7], -32602],
      [['1001', 'DoNotDisturb', 'on'], -32602],
      [['1001', 'DoNotDisturb', 1, 5], -32602],
      [['1001', 'DoNotDisturb', 1, 'x'.repeat(600)], -32602],
      [['1001', 'DoNotDisturb', 1, null, ['forwardTo/1002']], -32602],
      [['1001', 'CallForwardingBusy', 1, null, ['ringCount/4']], -32602],
      [['1001', 'CallForwardingNoAnswer', 1, null, ['ringCount/400']], -32602],
      [['1001', 'CallForwardingBusy', 1, null, ['forwardTo']], -32602],
      [['1001', 'CallForwardingBusy', 1, null, ['colour/blue']], -32602],
      [['1001', 'CallForwardingBusy', 1, null, { forwardTo: '1002' }], -32602],
      [['1001', 'CallForwardingBusy', 1, null, Array.from({ length: 60 }, () => 'forwardTo/1002')], -32602],
      [['1001', 'CallForwardingBusy', null, null, ['forwardTo/1002']], -32602],
      [[1001, 'DoNotDisturb', 1], -32602],
      [['sip:9999@lamplighter.test', 'DoNotDisturb', 1], -32001],
      [['sip:1001@elsewhere.example', 'DoNotDisturb', 1], -32001],
      [[''.padEnd(5000, 'a'), 'DoNotDisturb', 1], -32001],
    ] as const) {
      const { error } = await ask(at, setFeature, params);
      assert.equal(error?.code, code, JSON.stringify(params).slice(0, 100));
      assert.ok((error?.message.length ?? 0) < 400);
    }
    assert.equal(at.wishes.length, 0);
  });
});

test('the watchers of a user are told again by the names of both systems', async () => {
  await running(async (at) => {
    at.subscriptions.push(
      subscription(1, '1001', 'dialog', '1002'),
      subscription(2, '1001', 'presence', '1002'),
      subscription(3, '1002', 'dialog', '1001'),
    );
    for (const [method, params] of [
      ['refresh_watchers', ['sip:1001@lamplighter.test', 'dialog', 1]],
      ['presence:refresh_watchers', { presentity_uri: '1001', event: 'dialog', refresh_type: '0' }],
      ['presence.refreshWatchers', ['sip:1001@lamplighter.test', 'dialog', 2, 'file', 'name']],
      ['presence.updateWatchers', ['sip:1001@lamplighter.test', 'dialog']],
    ] as const) {
      assert.deepEqual((await ask(at, method, params)).result, { phones: 1 });
      assert.deepEqual(at.told.splice(0), [1]);
    }
    assert.deepEqual((await ask(at, 'refreshWatchers', ['1001', 'reg'])).result, { phones: 0 });
  });
});

test('subscriptions and users are listed by the names of both systems, with wildcards and patterns that cannot hang', async () => {
  const exposed: string[] = [];
  await running(
    async (at) => {
      at.subscriptions.push(subscription(1, '1001', 'dialog', '1002'), subscription(2, '1002', 'dialog', '1001'));
      const list = async (params: unknown, method = 'subs_phtable_list') =>
        (await ask(at, method, params)).result.map(({ id }: { id: number }) => id);
      assert.deepEqual(await list([]), [1, 2]);
      assert.deepEqual(await list(['sip:1002@*']), [1]);
      assert.deepEqual(await list({ to: '100?@lamplighter.test' }), [1, 2]);
      assert.deepEqual(await list({ to: '*1001@*', from: '*' }, 'presence.watcher_list'), [1]);
      assert.deepEqual(await list([`sip:${'*a'.repeat(90)}`]), []);
      assert.equal((await ask(at, 'subs_phtable_list', ['*'.repeat(300)])).error?.code, -32602);
      const [first] = (await ask(at, 'subs_phtable_list')).result;
      assert.deepEqual([first.pres_uri, first.event, first.from_user], ['sip:1001@lamplighter.test', 'dialog', '1002']);
      assert.ok(first.expires > 500 && first.expires <= 600);

      const known = (await ask(at, 'pres_phtable_list')).result;
      assert.deepEqual(known[0], { pres_uri: 'sip:1001@lamplighter.test', publs_count: 0, watchers: 1 });
      assert.equal((await ask(at, 'presence.presentity_list', ['full'])).result[0].state.ext, '1001');
      for (const params of [['1001', 'full'], ['full', '1001'], ['1001']]) {
        assert.equal((await ask(at, 'presence.presentity_show', params)).result.pres_uri, 'sip:1001@lamplighter.test');
      }
      assert.equal((await ask(at, 'presence.presentity_show', ['7'])).error?.code, -32001);

      const answer = (await ask(at, 'pres_expose', ['presence', '^sip:1002@'])).result;
      assert.deepEqual(answer, { exposed: 1, presentities: ['sip:1002@lamplighter.test'] });
      assert.deepEqual(exposed, ['1002@lamplighter.test']);
      for (const filter of ['(', '(a+)+$', 'a'.repeat(300), 7]) {
        assert.equal((await ask(at, 'pres_expose', ['presence', filter])).error?.code, -32602);
      }
      for (const method of ['cleanup', 'presence:cleanup', 'presence.cleanup']) {
        assert.equal((await ask(at, method)).result, 'OK');
      }
    },
    { expose: (aor) => exposed.push(aor) },
  );
});

test('rpc.discover describes every method with its parameters, and every alias can be called', async () => {
  await running(async (at) => {
    const { methods } = (await ask(at, 'rpc.discover')).result;
    const names = methods.flatMap((one: { name: string; 'x-aliases'?: string[] }) => [
      one.name,
      ...(one['x-aliases'] ?? []),
    ]);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual((await ask(at, 'system.listMethods')).result.sort(), names.sort());
    assert.ok(
      (await ask(at, 'system.listMethods', ['simulator.'])).result.every((name: string) =>
        name.startsWith('simulator.'),
      ),
    );
    for (const name of names) {
      const { error } = await ask(at, name, { 'no-such-param': 1 });
      assert.equal(error?.code, -32602, name);
    }
    assert.ok(
      methods.every(
        (one: { summary: string; params: object[] }) => one.summary.length > 5 && Array.isArray(one.params),
      ),
    );
  });
});

test('batches over HTTP; notifications alone are 204; wishes of one user keep their order', async () => {
  await running(async (at) => {
    const wish = (enabled: boolean) => ({ jsonrpc: '2.0', method: 'features.set', params: ['1001', 'dnd', enabled] });
    const body = [{ ...wish(true), id: 1 }, wish(false), { ...wish(true), id: 2 }];
    const response = await fetch(`${at.url}/rpc`, send('POST', body));
    assert.deepEqual(
      ((await response.json()) as { id: number }[]).map(({ id }) => id),
      [1, 2],
    );
    assert.deepEqual(
      at.wishes.map(({ enabled }) => enabled),
      [true, false, true],
    );
    const silent = await fetch(`${at.url}/rpc`, send('POST', wish(false)));
    assert.deepEqual([silent.status, await silent.text()], [204, '']);
    assert.equal(at.wishes.length, 4);
  });
});

test('a batch may list everything a few times only, for all of it is held until the last answer', async () => {
  await running(async (at) => {
    const lists = ['extensions.list', 'subs_phtable_list', 'pres_phtable_list', 'audit.list', 'expose'];
    const batch = Array.from({ length: 15 }, (_none, index) => ({
      jsonrpc: '2.0',
      method: lists[index % 4],
      id: index,
    }));
    const more = { jsonrpc: '2.0', method: 'extensions.get', params: ['1001'], id: 99 };
    const answers = (await (await fetch(`${at.url}/rpc`, send('POST', [...batch, more]))).json()) as Reply[];
    assert.deepEqual(
      answers.map(({ error }) => error?.data.code ?? 'ok'),
      [...Array(10).fill('ok'), ...Array(5).fill('too-many-lists'), 'ok'],
    );
  });
});

const message: TracedMessage = {
  id: '1-1',
  at: 0,
  direction: 'in',
  transport: 'udp',
  local: '192.0.2.10:5070',
  remote: '192.0.2.21:5060',
  callId: null,
  cseq: null,
  method: null,
  status: null,
  summary: '',
  retransmission: false,
  ext: null,
  unserved: null,
  watcher: null,
  subscription: null,
  missed: 0,
  text: '',
};

test('the answers of a batch are read one after the other, and refused where they are too long together', async () => {
  const long = 'x'.repeat(1_000_000);
  let [reading, most, lists] = [0, 0, 0];
  const trace: TraceDesk = {
    list: async () => {
      lists += 1;
      reading += 1;
      most = Math.max(most, reading);
      await new Promise((resolve) => setImmediate(resolve));
      reading -= 1;
      return [{ ...message, text: long }];
    },
    follow: () => null,
    pcap: async function* () {},
  };
  await running(
    async (at) => {
      const batch = Array.from({ length: 9 }, (_, id) => ({ jsonrpc: '2.0', method: 'trace.list', id }));
      const set = { jsonrpc: '2.0', method: 'features.set', params: ['1001', 'dnd', true], id: 9 };
      const answers = (await (await fetch(`${at.url}/rpc`, send('POST', [...batch, set]))).json()) as Reply[];
      const told = Math.ceil(mostAnswered / long.length);
      assert.deepEqual(
        answers.map(({ error }) => error?.data.code ?? 'ok'),
        [...Array(told).fill('ok'), ...Array(9 - told).fill('too-much'), 'ok'],
      );
      assert.deepEqual([lists, most], [told, 1]);
    },
    { trace },
  );
});

test('a list in a batch counts as ten requests', async () => {
  await running(
    async (at) => {
      const batch = Array.from({ length: 5 }, (_, id) => ({ jsonrpc: '2.0', method: 'extensions.list', id }));
      const answers = (await (await fetch(`${at.url}/rpc`, send('POST', batch))).json()) as Reply[];
      assert.deepEqual(
        answers.map(({ error }) => error?.data.code ?? 'ok'),
        ['ok', 'ok', 'ok', 'too-many-requests', 'too-many-requests'],
      );
    },
    { clock: new FakeClock(), rate: { perSecond: 10, burst: 35 } },
  );
});

test('the guards of the API stand before it: token, same site, host, type and size', async () => {
  const body = { jsonrpc: '2.0', method: 'status.get', id: 1 };
  await running(async (at) => {
    const url = `${at.url}/rpc`;
    assert.equal((await fetch(url)).status, 405);
    assert.equal((await fetch(url, { method: 'PUT' })).headers.get('allow'), 'POST');
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const headers = { 'content-type': type };
      assert.equal((await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status, 415);
    }
    for (const type of ['application/json; charset=utf-8', 'application/json-rpc', 'application/jsonrequest']) {
      const headers = { 'content-type': type };
      assert.equal((await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status, 200);
    }
    assert.equal((await fetch(url, send('POST', body, { origin: 'https://evil.example' }))).status, 403);
    assert.equal((await fetch(url, send('POST', body, { 'sec-fetch-site': 'cross-site' }))).status, 403);
    assert.equal((await fetch(url, send('POST', { ...body, params: ['x'.repeat(70_000)] }))).status, 413);
    const bytes = Buffer.concat([Buffer.from('{"jsonrpc":"2.0","method":"'), Buffer.from([0xff, 0x22])]);
    const headers = { 'content-type': 'application/json' };
    assert.equal((await fetch(url, { method: 'POST', headers, body: bytes })).status, 400);
  });
  await running(
    async (at) => {
      const url = `${at.url}/rpc`;
      assert.equal((await fetch(url, send('POST', body))).status, 401);
      const right = { authorization: 'Bearer sixteen-characters' };
      assert.equal((await fetch(url, send('POST', body, right))).status, 200);
      await fetch(url, send('POST', { ...body, method: 'features.set', params: ['1001', 'dnd', true] }, right));
      assert.equal(at.wishes[0]?.origin.who, 'token');
    },
    { token: 'sixteen-characters' },
  );
});

test('a fault of ours is -32603, said in the log and not to the caller; the others of its batch are answered', async () => {
  await running(async (at) => {
    at.verdict = () => {
      throw new Error('something secret');
    };
    const batch = [
      { jsonrpc: '2.0', method: 'features.set', params: ['1001', 'dnd', true], id: 1 },
      { jsonrpc: '2.0', method: setFeature, params: ['1001', 'DoNotDisturb', 1], id: 2 },
      { jsonrpc: '2.0', method: 'cleanup', id: 3 },
    ];
    const text = await (await fetch(`${at.url}/rpc`, send('POST', batch))).text();
    assert.ok(!text.includes('secret'));
    const codes = (JSON.parse(text) as Reply[]).map(({ error }) => error?.code ?? 0);
    assert.deepEqual(codes, [-32603, -32603, 0]);
  });
});
