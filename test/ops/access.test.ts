import assert from 'node:assert/strict';
import test from 'node:test';
import { httpSchema } from '../../src/config/http-schema.ts';
import { Buckets } from '../../src/ops/access/buckets.ts';
import { Refusals } from '../../src/ops/access/refusals.ts';
import { tokenOf } from '../../src/ops/access/tokens.ts';
import type { OpsDeps } from '../../src/ops/deps.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';
import { json, type Running, running, send, until } from './fake-deps.ts';

const anna = 'the-token-of-anna';
const board = 'token-of-the-wallboard';

const deps: Partial<OpsDeps> = {
  token: 'the-one-old-token',
  tokens: [tokenOf('anna', 'operate', anna), tokenOf('wallboard', 'read', board)],
};

const as = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const status = (at: Running, token: string) => fetch(`${at.url}/api/v1/status`, { headers: as(token) });

test('the audit trail names the token that was used; the old single token is an admin', async () => {
  await running(async (at) => {
    const put = (token: string) =>
      fetch(`${at.url}/api/v1/extensions/1001/features/dnd`, send('PUT', { enabled: true }, as(token)));
    assert.deepEqual([(await put(anna)).status, (await put('the-one-old-token')).status], [200, 200]);
    assert.equal((await put(board)).status, 403);
    assert.deepEqual(
      at.wishes.map(({ origin }) => origin.who),
      ['anna', 'token'],
    );
    const call = { jsonrpc: '2.0', method: 'features.set', params: ['1001', 'dnd', false], id: 1 };
    assert.equal((await fetch(`${at.url}/rpc`, send('POST', call, as(anna)))).status, 200);
    assert.deepEqual([at.wishes[2]?.origin.who, at.wishes[2]?.origin.kind], ['anna', 'rpc']);
    const you = async (token: string) => (await json(await status(at, token))).you;
    assert.deepEqual(await you(board), { name: 'wallboard', role: 'read' });
    assert.deepEqual(await you('the-one-old-token'), { name: 'token', role: 'admin' });
  }, deps);
});

test('without any token everybody on this host is the admin, whatever he sends', async () => {
  await running(async (at) => {
    for (let n = 0; n < 20; n++) {
      const answer = await status(at, 'whatever');
      assert.deepEqual((await json(answer)).you, { name: 'local', role: 'admin' });
    }
  });
});

test('a client that asks too often is told for how long to wait, and others are not', async () => {
  const clock = new FakeClock();
  await running(
    async (at) => {
      for (let n = 0; n < 20; n++) assert.equal((await status(at, anna)).status, 200);
      const over = await status(at, anna);
      assert.deepEqual([over.status, over.headers.get('retry-after')], [429, '1']);
      assert.equal((await json(over)).error.code, 'too-many-requests');
      assert.equal((await status(at, board)).status, 200, 'another token is another client');
      assert.equal((await fetch(`${at.url}/healthz`)).status, 200, 'so are those without one');
      clock.advance(1_000);
      for (let n = 0; n < 10; n++) assert.equal((await status(at, anna)).status, 200);
      assert.equal((await status(at, anna)).status, 429);
    },
    { ...deps, clock, rate: { perSecond: 10, burst: 20 } },
  );
});

test('each request of a JSON-RPC batch counts', async () => {
  await running(
    async (at) => {
      const one = { jsonrpc: '2.0', method: 'system.listMethods' };
      const batch = Array.from({ length: 30 }, (_, id) => ({ ...one, id }));
      const answers = await json(await fetch(`${at.url}/rpc`, send('POST', batch, as(anna))));
      const refused = answers.filter((answer: { error?: { data: { code: string } } }) => answer.error !== undefined);
      assert.equal(refused.length, 10);
      assert.deepEqual(refused[0].error.data, { code: 'too-many-requests', status: 429 });
      assert.equal((await fetch(`${at.url}/rpc`, send('POST', one, as(anna)))).status, 429);
    },
    { ...deps, clock: new FakeClock(), rate: { perSecond: 10, burst: 20 } },
  );
});

test('a panel with 1,000 extensions and a script that sets them all are within what is usual', () => {
  const { rate } = httpSchema.parse({});
  // Time stands still: as if all came at once.
  const buckets = new Buckets(new FakeClock(), () => rate);
  for (let n = 0; n < 1_000; n++) assert.equal(buckets.take('anna 192.0.2.1'), 0);
  for (let n = 0; n < 100; n++) assert.equal(buckets.take('anna 192.0.2.1'), 0);
});

test('clients that ask no more are forgotten, so that many addresses fill nothing', () => {
  const clock = new FakeClock();
  const buckets = new Buckets(clock, () => ({ perSecond: 1, burst: 2 }));
  assert.deepEqual([buckets.take('first'), buckets.take('first'), buckets.take('first')], [0, 0, 1]);
  for (let n = 0; n < 5_000; n++) buckets.take(`other ${n}`);
  assert.equal(buckets.level('first'), 2);
  assert.equal(buckets.level('other 4999'), 1);
});

test('ten wrong guesses, then one in six seconds; who was let in before is not locked out, a new token is', async () => {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  await running(
    async (at) => {
      assert.equal((await status(at, anna)).status, 200);
      for (let n = 0; n < 10; n++) assert.equal((await status(at, `guess-number-${n}`)).status, 401);
      const locked = await status(at, 'guess-number-11');
      assert.deepEqual([locked.status, locked.headers.get('retry-after')], [429, '6']);
      assert.equal((await status(at, board)).status, 429, 'a right token looks like a wrong one');
      assert.equal((await status(at, anna)).status, 200, 'her neighbours cannot lock her out');
      assert.equal((await fetch(`${at.url}/api/v1/status`)).status, 401, 'no token at all is no guess');
      clock.advance(6_000);
      assert.equal((await status(at, board)).status, 200);
      assert.equal((await status(at, 'guess-number-12')).status, 401);
      assert.equal((await status(at, 'guess-number-13')).status, 429);
      assert.ok(logger.lines.length >= 1);
      assert.doesNotMatch(JSON.stringify(logger.lines), /guess-number|the-token-of/, 'no token in the log');
    },
    { ...deps, clock, logger },
  );
});

test('the log says whether a token was wrong or missing, once, and afterwards how many more there were', async () => {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const told = () =>
    logger.lines.splice(0).map(({ fields, message }) => [message, (fields as { count?: number }).count ?? null]);
  await running(
    async (at) => {
      for (let n = 0; n < 3; n++) await fetch(`${at.url}/api/v1/status`);
      for (let n = 0; n < 15; n++) await status(at, `guess-number-${n}`);
      assert.deepEqual(told(), [
        ['http request without a token refused', null],
        ['http request with a wrong token refused', null],
      ]);
      clock.advance(10_000);
      await fetch(`${at.url}/healthz`);
      assert.deepEqual(told(), [
        ['more http requests without a token refused', 2],
        ['more http requests with a wrong token refused', 14],
      ]);
      await status(at, 'guess-number-16');
      assert.deepEqual(told(), [['http request with a wrong token refused', null]]);
      clock.advance(10_000);
      assert.equal((await status(at, anna)).status, 200);
      assert.deepEqual(told(), [], 'there were no more');
    },
    { ...deps, clock, logger },
  );
});

test('refusals of many addresses fill nothing, and no count is lost', () => {
  const logger = new RecordingLogger();
  const refusals = new Refusals(new FakeClock(), logger);
  for (let n = 0; n < 2; n++) refusals.note(true, `2001:db8::${n}`, '/x');
  for (let n = 0; n < 1_500; n++) refusals.note(true, `10.0.${n >> 8}.${n & 255}`, '/x');
  const counted = logger.lines.filter(({ message }) => message.startsWith('more http requests with a wrong'));
  assert.deepEqual(
    counted.map(({ fields }) => fields),
    [{ from: '2001:db8::0', count: 1 }],
  );
});

test('tokens change while it runs: who lost his is cut off from the stream, and does not get in again', async () => {
  await running(async (at) => {
    const stream = await fetch(`${at.url}/api/v1/events`, { headers: as(board) });
    await until('it reads', () => at.server.eventClients === 1);
    assert.ok(at.server.admit({ token: null, tokens: [tokenOf('anna', 'admin', anna)], names: ['pbx.example.com'] }));
    await stream.text();
    assert.equal((await status(at, board)).status, 401);
    assert.equal((await status(at, 'the-one-old-token')).status, 401);
    assert.deepEqual((await json(await status(at, anna))).you, { name: 'anna', role: 'admin' });
  }, deps);
});

test('a reload that would leave the door open to everybody changes nothing', async () => {
  const listen = { address: '0.0.0.0', port: 0 };
  await running(
    async (at) => {
      assert.equal(at.server.admit({ token: null, tokens: [] }), false);
      assert.equal((await status(at, anna)).status, 200);
      assert.equal((await fetch(`${at.url}/api/v1/status`)).status, 401);
    },
    { ...deps, listen },
  );
});

test('a reload with the same tokens cuts nobody off', async () => {
  await running(async (at) => {
    const stop = new AbortController();
    const stream = await fetch(`${at.url}/api/v1/events`, { headers: as(board), signal: stop.signal });
    await until('it reads', () => at.server.eventClients === 1);
    assert.ok(
      at.server.admit({ token: 'the-one-old-token', tokens: deps.tokens ?? [], rate: { perSecond: 5, burst: 10 } }),
    );
    assert.equal(at.server.eventClients, 1);
    stop.abort();
    await stream.text().catch(() => undefined);
  }, deps);
});
