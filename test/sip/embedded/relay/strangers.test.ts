import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { settle } from '../../../support/fake-clock.ts';
import { statusOf, TcpPeer, until } from '../raw-peer.ts';
import { RelayRig, requestOf } from './rig.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('what a stranger can make grow', () => {
  let rig: RelayRig;
  beforeEach(async () => {
    rig = await new RelayRig({ transactions: { pending: 24, pendingBytes: 800_000 } }).start();
  });
  afterEach(() => rig.stop());

  for (const [method, status] of [
    ['INVITE', 401],
    ['MESSAGE', 401],
  ] as const) {
    test(`${method}: nothing is kept of the request once it is refused, though the refusal is repeated`, async () => {
      const bodies: WeakRef<Buffer>[] = [];
      const { handle } = rig;
      rig.handle = (transaction) => {
        bodies.push(new WeakRef(transaction.request.body));
        handle(transaction);
      };
      const message = requestOf(method, 'large', {}, 'x'.repeat(30_000));
      await rig.back(await rig.through(message), status);
      rig.seen.length = 0;
      await settle();
      await until(() => {
        collectGarbage();
        return bodies[0]?.deref() === undefined;
      }, 'the request to be forgotten');
      const before = rig.statuses().length;
      rig.phone.send(message, rig.at);
      await until(() => rig.statuses().length > before, 'the refusal again');
      assert.equal(rig.statuses().at(-1), status);
    });
  }

  test('one source has an eighth of what may be under way: the others are heard', async () => {
    for (let n = 1; n <= 5; n += 1) rig.phone.send(requestOf('MESSAGE', `silent${n}`), rig.at);
    await until(() => rig.statuses().length === 2, 'two refusals');
    assert.deepEqual(rig.statuses(), [503, 503]);
    assert.deepEqual(rig.methods(), ['MESSAGE', 'MESSAGE', 'MESSAGE']);
    assert.ok(rig.logger.lines.some(({ message }) => message === 'too many requests that wait for their answers'));
    await rig.pass(40_000); // RFC 4320: they end without a word
    assert.match(await rig.through(requestOf('MESSAGE', 'later')), /^MESSAGE /);
  });

  test('an eighth of the bytes, too; and an answer gives them back', async () => {
    const large = (branch: string) => requestOf('MESSAGE', branch, {}, 'x'.repeat(60_000));
    const first = await rig.through(large('one'));
    rig.phone.send(large('two'), rig.at);
    assert.equal(statusOf(await rig.phone.inbox.nth(1)), 503);
    await rig.back(first, 401);
    await rig.through(large('three'));
  });
});

test('what would be too large for a PBX once our lines stand in it is 513, and leaves it in step', async () => {
  const rig = await new RelayRig().start();
  try {
    const phone = await TcpPeer.open(rig.tcp);
    const head = requestOf('MESSAGE', 'huge', {}, ' ').length;
    phone.send(requestOf('MESSAGE', 'huge', {}, 'x'.repeat(65_490 - head)));
    await until(() => phone.text.includes('\r\n\r\n'), 'the answer');
    phone.close();
    assert.match(phone.text, /^SIP\/2\.0 513 /);
    assert.deepEqual(rig.methods(), []);
  } finally {
    await rig.stop();
  }
});

describe('an exempt source', () => {
  const rig = new RelayRig({ transactions: { pending: 24 }, exempt: () => true });
  after(() => rig.stop());

  test('has no such share: a PBX, or a proxy with everybody behind it', async () => {
    await rig.start();
    for (let n = 1; n <= 5; n += 1) rig.phone.send(requestOf('MESSAGE', `proxy${n}`), rig.at);
    await rig.got(rig.pbx, 'MESSAGE', 5);
    assert.deepEqual(rig.statuses(), []);
  });
});

describe('an INVITE from where nobody is known to be', () => {
  let rig: RelayRig;
  beforeEach(async () => {
    rig = await new RelayRig().start();
    rig.handle = (transaction) => transaction.forward?.(rig.plan(transaction, [rig.pbx], { stranger: true }));
  });
  afterEach(() => rig.stop());

  test('brings its refusal once, and again when it is repeated, but not by itself: its source may be forged', async () => {
    const message = requestOf('INVITE', 'forged');
    await rig.back(await rig.through(message), 401);
    await rig.pass(40_000);
    assert.deepEqual(rig.statuses(), [401]);
  });

  test('repeated, it brings its refusal again', async () => {
    const message = requestOf('INVITE', 'lost');
    await rig.back(await rig.through(message), 401);
    rig.phone.send(message, rig.at);
    await until(() => rig.statuses().length === 2, 'the refusal again');
    assert.deepEqual(rig.statuses(), [401, 401]);
    assert.deepEqual(rig.methods().slice(0, 1), ['INVITE']);
  });

  test('is confirmed where the PBX needs longer than 200 ms, and its refusal is repeated from then on (17.2.1)', async () => {
    const invite = await rig.through(requestOf('INVITE', 'slow'));
    assert.deepEqual(rig.statuses(), []);
    await rig.pass(400);
    assert.equal(statusOf(await rig.phone.inbox.nth(1)), 100);
    await rig.back(invite, 486);
    await rig.pass(600);
    await until(() => rig.statuses().length === 3, 'Timer G');
    assert.deepEqual(rig.statuses(), [100, 486, 486]);
  });

  test('rings: its refusal is repeated, for it is not repeated any more itself', async () => {
    const invite = await rig.through(requestOf('INVITE', 'rings'));
    await rig.back(invite, 180);
    await rig.back(invite, 486);
    await rig.pass(600);
    await until(() => rig.statuses().length === 3, 'Timer G');
    assert.deepEqual(rig.statuses(), [180, 486, 486]);
  });

  test('still has its Timer C', async () => {
    await rig.back(await rig.through(requestOf('INVITE', 'forever')), 180);
    await rig.pass(186_000);
    await rig.got(rig.pbx, 'CANCEL');
  });
});
