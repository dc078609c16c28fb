import assert from 'node:assert/strict';
import test from 'node:test';
import { simulated } from '../../adapters/simulated/simulated.ts';
import { aorOf } from '../../src/model/aor.ts';
import type { AuditRow } from '../../src/model/audit.ts';
import { systemClock } from '../../src/model/clock.ts';
import { featureOff, type Wish } from '../../src/model/feature.ts';
import { systemRandom } from '../../src/model/random.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import type { DialogView, SubscriptionView } from '../../src/model/views.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { domain, json, off, running, send } from './fake-deps.ts';

const call: DialogView = {
  id: 'd1',
  phase: 'confirmed',
  direction: 'recipient',
  holding: true,
  remote: { number: '1002', name: 'Zoë <script>', presentable: true },
  since: 1_700_000_000_000,
  callId: 'secret-call-id',
  localTag: 'secret-tag',
};

const subscription: SubscriptionView = {
  id: 7,
  aor: aorOf('1001', domain),
  event: 'dialog',
  eventId: null,
  watcher: aorOf('1002', domain),
  device: 'urn:uuid:1',
  userAgent: 'Phone/1',
  source: 'udp:192.0.2.1:5060',
  createdAt: 1_700_000_000_000,
  expiresAt: 1_700_000_600_000,
  lastNotifyAt: null,
  lastStatus: null,
  notifies: 0,
};

test('an extension is shown in the documented shape, without what is internal', async () => {
  await running(async (at) => {
    at.subscriptions.push(subscription);
    const cfna = { ...off, enabled: true, target: '1003', ringCount: 4, rev: 9 };
    at.hub.put('1001', {
      dialogs: [call],
      features: { dnd: off, cfa: off, cfb: off, cfna },
      mailbox: { new: 2, old: 1, newUrgent: 0, oldUrgent: 0 },
      stale: true,
    });
    assert.deepEqual(await json(await fetch(`${at.url}/api/v1/extensions/1001`)), {
      aor: '1001@lamplighter.test',
      ext: '1001',
      displayName: null,
      registered: true,
      reachable: 0,
      dialogs: [
        {
          id: 'd1',
          state: 'confirmed',
          direction: 'recipient',
          held: true,
          remote: { number: '1002', name: 'Zoë <script>' },
          since: '2023-11-14T22:13:20.000Z',
        },
      ],
      features: {
        dnd: { enabled: false },
        cfa: { enabled: false, target: null },
        cfb: { enabled: false, target: null },
        cfna: { enabled: true, target: '1003', ringCount: 4 },
      },
      mailbox: { new: 2, old: 1, newUrgent: 0, oldUrgent: 0 },
      agent: null,
      subscriptions: 1,
      stale: true,
    });
  });
});

test('a caller who withholds his identity has neither number nor name', async () => {
  await running(async (at) => {
    at.hub.put('1001', { dialogs: [{ ...call, remote: { ...call.remote, presentable: false } }] });
    const answer = await (await fetch(`${at.url}/api/v1/extensions/1001`)).text();
    assert.deepEqual(JSON.parse(answer).dialogs[0].remote, { number: null, name: null });
    assert.doesNotMatch(answer, /Zoë/);
  });
});

test('a caller with a name of 60 kB has a long name, and no reader of the stream pays for it', async () => {
  await running(async (at) => {
    const remote = { number: '9'.repeat(60_000), name: 'ж'.repeat(60_000), presentable: true };
    at.hub.put('1001', { dialogs: [{ ...call, remote }] });
    const answer = await (await fetch(`${at.url}/api/v1/extensions/1001`)).text();
    const { number, name } = JSON.parse(answer).dialogs[0].remote;
    assert.equal(number, `${'9'.repeat(256)}…`);
    assert.equal(name, `${'ж'.repeat(256)}…`);
  });
});

test('the list is an array; an extension the PBX has no more is in neither', async () => {
  await running(async (at) => {
    at.hub.put('1002', { known: false, contacts: 0 });
    const list = await json(await fetch(`${at.url}/api/v1/extensions`));
    assert.deepEqual(
      list.map((one: { ext: string }) => one.ext),
      ['1001'],
    );
    for (const ext of ['1002', '4711', '1001@other.test', '%3Cb%3E', '..%2f..%2fetc']) {
      const answer = await fetch(`${at.url}/api/v1/extensions/${ext}`);
      assert.equal(answer.status, 404, ext);
      assert.equal((await json(answer)).error.code, 'unknown-extension', ext);
    }
    assert.equal((await fetch(`${at.url}/api/v1/extensions/1001%40LAMPLIGHTER.test`)).status, 200);
  });
});

test('what no PBX has told since the start is marked, and what is remembered of it is not', async () => {
  await running(async (at) => {
    const features = { dnd: off, cfa: { ...off, target: '1002', rev: 3 }, cfb: off, cfna: off };
    at.hub.put('1001', { stale: true, untold: true, features });
    const told = await json(await fetch(`${at.url}/api/v1/extensions/1001`));
    assert.equal(told.untold, true);
    assert.deepEqual(told.features.dnd, { enabled: false, known: false });
    assert.deepEqual(told.features.cfa, { enabled: false, target: '1002' });
  });
});

test('a feature is set through the gate and answered as the PBX now holds it', async () => {
  await running(async (at) => {
    const put = async (feature: string, body: unknown): Promise<unknown> => {
      const answer = await fetch(
        `${at.url}/api/v1/extensions/1001/features/${feature}`,
        send('PUT', body, { 'user-agent': 'test/1' }),
      );
      assert.equal(answer.status, 200, `${feature} ${JSON.stringify(body)}`);
      return json(answer);
    };
    assert.deepEqual(await put('cfna', { enabled: true, target: '1002', ringCount: 4 }), {
      enabled: true,
      target: '1002',
      ringCount: 4,
    });
    assert.deepEqual(await put('dnd', { enabled: true, target: '1002', ringCount: 4 }), { enabled: true });
    assert.deepEqual(await put('cfb', { enabled: false, target: null }), { enabled: false, target: null });
    const [cfna, dnd, cfb] = at.wishes as [Wish, Wish, Wish];
    assert.deepEqual(cfna.origin, { kind: 'api', who: 'local', from: '127.0.0.1', userAgent: 'test/1' });
    assert.deepEqual([cfna.aor, cfna.target, cfna.ringCount], [aorOf('1001', domain), '1002', 4]);
    assert.deepEqual([dnd.target, dnd.ringCount], [undefined, undefined]);
    assert.equal(cfb.target, undefined, 'null means: not mentioned');
  });
});

test('a wish that is no wish is refused by name of the field, with the state that stands', async () => {
  await running(async (at) => {
    const bad: readonly (readonly [unknown, RegExp])[] = [
      [{ enabled: true, target: 1002 }, /^target: expected a string/],
      [{ enabled: true, target: '' }, /^target/],
      [{ enabled: 'true' }, /^enabled/],
      [{ target: '1002' }, /^enabled/],
      [{ enabled: true, ringCount: 0 }, /^ringCount: expected 1 to 20 rings$/],
      [{ enabled: true, ringCount: 400 }, /^ringCount: expected 1 to 20 rings$/],
      [{ enabled: true, ringCount: 21 }, /^ringCount/],
      [{ enabled: true, ringCount: 2.5 }, /^ringCount/],
      [{ enabled: true, traget: '1002' }, /traget/],
      [{ enabled: true, target: '1'.repeat(300) }, /^target/],
    ];
    for (const [body, reason] of bad) {
      const answer = await fetch(`${at.url}/api/v1/extensions/1001/features/cfa`, send('PUT', body));
      assert.equal(answer.status, 400);
      const { error, feature } = await json(answer);
      assert.match(error.message, reason);
      assert.deepEqual(feature, { enabled: false, target: null });
    }
    assert.equal(at.wishes.length, 0);
    const unknown = await fetch(`${at.url}/api/v1/extensions/4711/features/dnd`, send('PUT', { enabled: true }));
    assert.deepEqual([unknown.status, (await json(unknown)).error.code], [404, 'unknown-extension']);
    const feature = await fetch(`${at.url}/api/v1/extensions/1001/features/cfx`, send('PUT', { enabled: true }));
    assert.deepEqual([feature.status, (await json(feature)).error.code], [404, 'unknown-feature']);
  });
});

test('a refusal is an error with its reason and the state that stands, by code', async () => {
  await running(async (at) => {
    const state = { ...off, enabled: true, target: '1003' };
    const cases: readonly (readonly [string, number | undefined, number])[] = [
      ['external-target', undefined, 403],
      ['self-forward', 400, 409],
      ['forward-loop', undefined, 409],
      ['bad-number', undefined, 422],
      ['no-target', 400, 422],
      ['by-a-hook', 403, 403],
      ['too-many', undefined, 429],
      ['oscillating', undefined, 429],
      ['pbx-away', 503, 503],
      ['pbx-timeout', undefined, 504],
      ['pbx-refused', undefined, 409],
    ];
    for (const [code, status, expected] of cases) {
      const refusal = { code, message: 'because', ...(status === undefined ? {} : { status }) };
      at.verdict = (): Verdict => ({ decision: 'refused', refusal, state });
      const answer = await fetch(
        `${at.url}/api/v1/extensions/1001/features/cfa`,
        send('PUT', { enabled: true, target: '1' }),
      );
      assert.equal(answer.status, expected, code);
      const feature = { enabled: true, target: '1003' };
      assert.deepEqual(await json(answer), { error: { code, message: 'because' }, feature });
    }
  });
});

test('subscriptions are listed, told again, removed; unknown ones are 404', async () => {
  await running(async (at) => {
    at.subscriptions.push(subscription, { ...subscription, id: 8, aor: aorOf('1002', domain) });
    const list = await json(await fetch(`${at.url}/api/v1/subscriptions`));
    assert.equal(list.length, 2);
    assert.deepEqual([list[0].id, list[0].event, list[0].expiresAt], [7, 'dialog', '2023-11-14T22:23:20.000Z']);
    const own = await json(await fetch(`${at.url}/api/v1/subscriptions?ext=1002`));
    assert.deepEqual(
      own.map((one: { id: number }) => one.id),
      [8],
    );
    assert.equal((await fetch(`${at.url}/api/v1/subscriptions/7/renotify`, { method: 'POST' })).status, 202);
    assert.equal((await fetch(`${at.url}/api/v1/subscriptions/7`, { method: 'DELETE' })).status, 204);
    assert.deepEqual([at.told, at.removed], [[7], [7]]);
    for (const id of ['9', 'x', '-7', '7e0', '99999999999999999999']) {
      const gone = await fetch(`${at.url}/api/v1/subscriptions/${id}`, { method: 'DELETE' });
      assert.deepEqual([gone.status, (await json(gone)).error.code], [404, 'unknown-subscription'], id);
      assert.equal((await fetch(`${at.url}/api/v1/subscriptions/${id}/renotify`, { method: 'POST' })).status, 404, id);
    }
  });
});

test('the audit says who changed what, from where, old, new, decision', async () => {
  await running(async (at) => {
    const row = (ext: string): AuditRow => ({
      at: 1_700_000_000_000,
      aor: aorOf(ext, domain),
      feature: 'cfa',
      origin: { kind: 'phone', who: ext, from: 'udp:192.0.2.1:5060', userAgent: null },
      before: featureOff,
      after: { enabled: true, target: '1002', ringCount: null },
      wished: { enabled: true, target: '1002', ringCount: null },
      decision: 'granted',
      reason: null,
    });
    at.audit.push(row('1001'), row('1002'), row('1001'));
    assert.equal((await json(await fetch(`${at.url}/api/v1/audit`))).length, 3);
    const [first, ...rest] = await json(await fetch(`${at.url}/api/v1/audit?ext=1001&limit=1`));
    assert.equal(rest.length, 0);
    assert.deepEqual(first, {
      at: '2023-11-14T22:13:20.000Z',
      aor: '1001@lamplighter.test',
      ext: '1001',
      feature: 'cfa',
      who: '1001',
      via: 'phone',
      from: 'udp:192.0.2.1:5060',
      userAgent: null,
      old: { enabled: false, target: null },
      new: { enabled: true, target: '1002' },
      wished: { enabled: true, target: '1002' },
      decision: 'granted',
      reason: null,
    });
    for (const limit of ['0', '-1', 'x', '1001', '']) {
      assert.equal((await fetch(`${at.url}/api/v1/audit?limit=${limit}`)).status, 400, limit);
    }
  });
});

test('against a real PBX there is no simulator', async () => {
  await running(async (at) => {
    const answer = await fetch(`${at.url}/api/v1/simulator/call`, send('POST', { from: '1001', to: '1002' }));
    assert.deepEqual([answer.status, (await json(answer)).error.code], [404, 'no-simulator']);
  });
});

test('the simulated PBX is driven by its seven actions, and says no with a reason', async () => {
  const pbx = simulated(
    { name: 'demo', domain, domains: [{ name: domain, aliases: [] }], options: {}, remembered: [] },
    { clock: systemClock, random: systemRandom, logger: silentLogger },
  );
  await running(
    async (at) => {
      pbx.start((event) => at.hub.apply(event));
      const act = async (
        name: string,
        body: unknown,
      ): Promise<{ status: number; body: { id: string; error: { code: string; message: string } } }> => {
        const answer = await fetch(`${at.url}/api/v1/simulator/${name}`, send('POST', body));
        return { status: answer.status, body: await json(answer) };
      };
      const lamp = async (ext: string): Promise<string[]> =>
        (await json(await fetch(`${at.url}/api/v1/extensions/${ext}`))).dialogs.map(
          (one: { state: string; direction: string; held: boolean; remote: { number: string } }) =>
            `${one.state} ${one.direction} ${one.remote.number}${one.held ? ' held' : ''}`,
        );
      const { status, body } = await act('call', { from: '1001', to: '1002', fromName: 'Ann' });
      assert.equal(status, 200);
      const { id } = body;
      assert.deepEqual([await lamp('1001'), await lamp('1002')], [['early initiator 1002'], ['early recipient 1001']]);
      for (const [name, more, lamps] of [
        ['answer', {}, ['confirmed recipient 1001']],
        ['hold', { by: '1002' }, ['confirmed recipient 1001 held']],
        ['resume', { by: '1002' }, ['confirmed recipient 1001']],
        ['hangup', {}, []],
      ] as const) {
        assert.equal((await act(name, { id, ...more })).status, 200, name);
        assert.deepEqual(await lamp('1002'), lamps, name);
      }
      assert.equal((await act('register', { ext: '1003', registered: false })).status, 200);
      assert.equal((await act('mailbox', { ext: '1003', new: 2, old: 0 })).status, 200);
      const third = await json(await fetch(`${at.url}/api/v1/extensions/1003`));
      assert.deepEqual([third.registered, third.mailbox.new], [false, 2]);

      const no = async (name: string, sent: unknown): Promise<unknown> => {
        const refusal = await act(name, sent);
        return [refusal.status, refusal.body.error.code];
      };
      assert.deepEqual(await no('hangup', { id }), [404, 'unknown-call']);
      assert.deepEqual(await no('call', { from: '1001', to: '4711' }), [404, 'unknown-extension']);
      assert.deepEqual(await no('call', { from: '1001', to: '1003' }), [409, 'wrong-state']);
      assert.deepEqual(await no('call', { from: 1001, to: '1002' }), [400, 'invalid-body']);
      assert.deepEqual(await no('mailbox', { ext: '1003', new: -1, old: 0 }), [400, 'invalid-body']);
      assert.deepEqual(await no('constructor', {}), [404, 'unknown-action']);
      assert.deepEqual(await no('transfer', {}), [404, 'unknown-action']);
    },
    { simulator: pbx.simulator! },
  );
});
