import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../../src/model/aor.ts';
import { CredentialCache, type Credentials } from '../../../src/sip/auth/credentials.ts';
import { Secret } from '../../../src/sip/auth/digest.ts';
import { ProvenCredentials } from '../../../src/sip/auth/proven-credentials.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const stranger = '198.51.100.9';
const phone = '192.0.2.77';

/** A PBX that answers when the test says so, or after `ms`. */
function setup(ms?: number) {
  const clock = new FakeClock();
  const pbx = { asked: [] as string[], open: new Map<string, () => void>(), most: 0 };
  const lookup = (user: string): Promise<Credentials | null> => {
    pbx.asked.push(user);
    return new Promise((answer) => {
      pbx.open.set(user, () => {
        pbx.open.delete(user);
        answer({ realm: 'pbx.test', password: 'x' });
      });
      pbx.most = Math.max(pbx.most, pbx.open.size);
      if (ms !== undefined) clock.after(ms, () => pbx.open.get(user)?.());
    });
  };
  const cache = new CredentialCache({
    lookup,
    toSecret: () => new Secret({ password: 'x' }),
    clock,
    proven: new ProvenCredentials(),
    isAway: () => false,
  });
  const ask = (user: string, source = stranger) =>
    cache.ask(aorOf(user, 'pbx.test'), source).then(
      () => 'answered',
      (error: Error) => error.message,
    );
  const flood = (count: number, source = stranger, name = 'x') =>
    Array.from({ length: count }, (_, n) => ask(`${name}${n}`, source));
  const answerAll = async () => {
    while (pbx.open.size > 0) {
      for (const answer of [...pbx.open.values()]) answer();
      await settle();
    }
  };
  return { clock, pbx, ask, flood, answerAll };
}

test('four questions of one source are asked at a time, and 500 of his wait; each user is asked for once', async () => {
  const { pbx, flood, answerAll, clock } = setup();
  const answers = [...flood(600), ...flood(600)];
  await settle();
  assert.equal(pbx.open.size, 4);
  await answerAll();
  const results = await Promise.all(answers);
  assert.equal(pbx.most, 4);
  assert.equal(new Set(pbx.asked).size, pbx.asked.length);
  assert.equal(results.filter((one) => one === 'answered').length, 1008);
  assert.equal(results.filter((one) => one === 'too many questions at once').length, 192);
  assert.equal(clock.pending, 0);
});

test('a phone whose name waits in the row of a stranger is asked for at once, and once', async () => {
  const { pbx, ask, flood, answerAll } = setup();
  const strangers = [...flood(20), ask('1001'), ...flood(20, stranger, 'y')];
  const own = ask('1001', phone);
  await settle();
  assert.equal(pbx.asked.at(-1), '1001');
  pbx.open.get('1001')?.();
  assert.equal(await own, 'answered');
  await answerAll();
  assert.ok((await Promise.all(strangers)).every((one) => one === 'answered'));
  assert.equal(pbx.asked.filter((user) => user === '1001').length, 1);
});

test('all addresses of an IPv6 /64 are one source; a proxy on this host is none', async () => {
  const { pbx, ask, flood, clock } = setup();
  for (let n = 0; n < 50; n++) void ask(`x${n}`, `2001:db8:0:1::${n.toString(16)}`);
  await settle();
  assert.equal(pbx.open.size, 4);
  void flood(40, '127.0.0.1', 'a');
  void flood(40, '::ffff:127.0.0.1', 'b');
  void flood(40, '::1', 'c');
  await settle();
  assert.equal(pbx.open.size, 124);
  await clock.run(9_000, 1_000);
});

test('what waited for 4 s is an error, and is not asked any more; the row is free again', async () => {
  const { pbx, ask, flood, clock } = setup();
  const answers = flood(50);
  await clock.run(4_000, 500);
  assert.deepEqual([...new Set(await Promise.all(answers))], ['no answer in time']);
  assert.equal(pbx.asked.length, 4);
  void ask('1001');
  await settle();
  assert.equal(pbx.asked.at(-1), '1001');
  await clock.run(9_000, 500);
  assert.equal(clock.pending, 0);
});

test('a PBX that is too slow for all is never asked more at a time, and the last who came are served', async () => {
  const { pbx, ask, clock } = setup(100);
  const answers: Promise<string>[] = [];
  for (let n = 0; n < 800; n++) {
    answers.push(ask(`x${n}`));
    await clock.run(10, 10);
  }
  await clock.run(10_000, 100);
  const results = await Promise.all(answers);
  assert.equal(pbx.most, 4);
  const served = results.filter((one) => one === 'answered').length;
  assert.ok(served > 300, `${served}, where there is time for 40 a second`);
  assert.equal(clock.pending, 0);
});

test('of all sources together 500 questions are asked at a time', async () => {
  const { pbx, ask, answerAll } = setup();
  const first = Array.from({ length: 400 }, (_, n) => ask(`x${n}`, `10.0.${n >> 8}.${n & 255}`));
  await settle();
  assert.equal(pbx.open.size, 400);
  await answerAll();
  await Promise.all(first);
  const again = Array.from({ length: 600 }, (_, n) => ask(`y${n}`, `10.1.${n >> 8}.${n & 255}`));
  await settle();
  assert.equal(pbx.open.size, 500, 'of all together');
  await answerAll();
  assert.equal((await Promise.all(again)).filter((one) => one !== 'answered').length, 100);
});
