import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Attempt, FailOver, sendInTurn, TargetHealth } from '../../../src/sip/locate/fail-over.ts';
import type { Target } from '../../../src/sip/locate/target.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function target(address: string): Target {
  return { transport: 'tcp', address, port: 5060, serverName: null };
}

const [a, b, c] = [target('192.0.2.1'), target('192.0.2.2'), target('192.0.2.3')];

const ok: Attempt = { status: 200, local: false, retryAfter: null };
const unsent: Attempt = { status: 503, local: true, retryAfter: null };
const silent: Attempt = { status: 408, local: true, retryAfter: null };
const busy: Attempt = { status: 503, local: false, retryAfter: null };
const busyFor = (seconds: number): Attempt => ({ ...busy, retryAfter: seconds });

function rig() {
  const clock = new FakeClock();
  const health = new TargetHealth(clock);
  /** Sends one request; which targets saw it, and what came back. */
  const send = async (answers: ReadonlyMap<Target, Attempt>, more: { maxTries?: number; withinMs?: number } = {}) => {
    const tried: string[] = [];
    const failOver = new FailOver({ targets: [a, b, c], health, clock, ...more });
    const answer = await sendInTurn(failOver, async (one) => {
      tried.push(one.address);
      if (answers.get(one) === silent) clock.advance(32_000);
      return answers.get(one) ?? ok;
    });
    return { tried, status: answer === null ? null : answer.status };
  };
  return { clock, health, send };
}

test('RFC 3263 4.3: a transport error, Timer F and 503 move on to the next target; other answers end it', async () => {
  for (const failure of [unsent, silent, busy, busyFor(10)]) {
    const { send } = rig();
    assert.deepEqual(await send(new Map([[a, failure]])), { tried: [a.address, b.address], status: 200 });
  }
  for (const status of [200, 302, 401, 404, 408, 481, 500, 504, 603]) {
    const { send } = rig();
    assert.deepEqual(await send(new Map([[a, { ...ok, status }]])), { tried: [a.address], status });
  }
});

test('where all targets fail the last failure is the answer', async () => {
  const { send } = rig();
  const answers = new Map([
    [a, unsent],
    [b, busy],
    [c, unsent],
  ]);
  assert.deepEqual(await send(answers), { tried: [a.address, b.address, c.address], status: 503 });
});

test('a target that failed comes last for a while, and is tried at all only where the others fail', async () => {
  const { clock, send, health } = rig();
  await send(new Map([[a, unsent]]));
  assert.deepEqual((await send(new Map())).tried, [b.address]);
  assert.deepEqual(
    (
      await send(
        new Map([
          [b, unsent],
          [c, unsent],
        ]),
      )
    ).tried,
    [b.address, c.address, a.address],
  );
  assert.equal(health.of(a), 'well', 'it has answered');
  clock.advance(30_000);
  assert.deepEqual((await send(new Map())).tried, [a.address]);
});

test('RFC 3261 21.5.4: a target that said Retry-After is left alone until then, even where nobody else is left', async () => {
  const { clock, send } = rig();
  const answers = new Map([
    [a, busyFor(60)],
    [b, busyFor(90)],
    [c, busyFor(120)],
  ]);
  await send(answers);
  assert.deepEqual(await send(new Map()), { tried: [], status: null });
  clock.advance(60_000);
  assert.deepEqual(await send(new Map()), { tried: [a.address], status: 200 });
});

test('nobody can send us away for more than an hour', async () => {
  const { clock, send } = rig();
  await send(new Map([[a, busyFor(4_294_967_295)]]));
  clock.advance(3_600_000);
  assert.deepEqual((await send(new Map())).tried, [a.address]);
});

test('503 without Retry-After says nothing about the next request', async () => {
  const { send } = rig();
  await send(new Map([[a, busy]]));
  assert.deepEqual((await send(new Map())).tried, [a.address]);
});

test('the number of tries and the time for all of them are bounded', async () => {
  const dead = new Map([
    [a, silent],
    [b, silent],
    [c, silent],
  ]);
  assert.deepEqual((await rig().send(dead, { maxTries: 1 })).tried, [a.address]);
  assert.deepEqual((await rig().send(dead)).tried, [a.address, b.address], 'two times Timer F is over 40 s');
  assert.deepEqual((await rig().send(dead, { withinMs: 32_000 })).tried, [a.address]);
});

test('however many targets fail, the memory for them has an end', () => {
  const health = new TargetHealth(new FakeClock());
  for (let index = 0; index < 5000; index += 1) health.note(target(`2001:db8::${index.toString(16)}`), unsent);
  assert.equal(health.size, 1000);
  assert.equal(health.of(target('2001:db8::1387')), 'doubtful');
});
