import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type PhoneOrder, PhoneOrders, type PhoneOrderTools } from '../../src/commands/phone-orders.ts';
import { aorOf } from '../../src/model/aor.ts';
import { granted, refused } from '../../src/model/outcome.ts';
import type { NotifiedPhone, PhoneNotice } from '../../src/model/phone-notice.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

const aor = aorOf('1001', 'lamplighter.test');
const origin = { kind: 'api', who: 'token', from: '192.0.2.9', userAgent: null } as const;
const order: PhoneOrder = { aor, event: 'check-sync', reboot: null, origin };
const desk: NotifiedPhone = {
  contact: 'sip:1001@192.0.2.7',
  userAgent: 'Yealink',
  source: 'udp:192.0.2.7:5060',
  answer: 200,
};
const atPbx: NotifiedPhone = { ...desk, userAgent: null, source: null, answer: null };

function orders(parts: Partial<PhoneOrderTools> = {}) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const sent: PhoneNotice[] = [];
  const tools: PhoneOrderTools = {
    clock,
    logger,
    viaPbx: () => null,
    viaSubscriptions: async (_, notice) => {
      sent.push(notice);
      return [desk];
    },
    ...parts,
  };
  return { orders: new PhoneOrders(tools), clock, logger, sent };
}

describe('orders to phones', () => {
  it('go by the PBX where it can, and to nobody twice', async () => {
    const { orders: them, sent } = orders({ viaPbx: async () => granted([atPbx]) });
    const outcome = await them.send({ ...order, reboot: true });
    assert.deepEqual(outcome, granted({ via: 'pbx', event: 'check-sync;reboot=true', phones: [atPbx] }));
    assert.deepEqual(sent, []);
  });

  it('are not refused for longer because the clock was set back', async () => {
    const { orders: them, clock } = orders();
    assert.equal((await them.send(order)).ok, true);
    clock.advance(-7_200_000);
    assert.equal((await them.send(order)).ok, true);
    assert.equal((await them.send(order)).ok, false);
  });

  it('go to the phones that subscribe where the PBX cannot, or has certainly sent nothing', async () => {
    for (const code of [null, 'pbx-away', 'pbx-refused', 'not-writable', 'not-registered']) {
      const { orders: them, sent } = orders({
        viaPbx: () => (code === null ? null : Promise.resolve(refused(code, 'no'))),
      });
      const outcome = await them.send({ ...order, event: 'resync', reboot: false });
      assert.deepEqual(
        outcome,
        granted({ via: 'subscriptions', event: 'resync;reboot=false', phones: [desk] }),
        String(code),
      );
      assert.deepEqual(sent, [{ event: 'resync;reboot=false', contentType: null, body: '' }]);
    }
  });

  it('are not repeated where the PBX did not answer: a phone would start again twice', async () => {
    const { orders: them, sent } = orders({ viaPbx: async () => refused('pbx-timeout', 'late') });
    const outcome = await them.send(order);
    assert.equal(outcome.ok ? '' : outcome.refusal.code, 'pbx-timeout');
    assert.deepEqual(sent, []);
  });

  it('are refused where there is no phone, with what the PBX said', async () => {
    for (const [code, told] of [
      [null, 'no-phone'],
      ['not-registered', 'no-phone'],
      ['pbx-away', 'pbx-away'],
    ] as const) {
      const { orders: them } = orders({
        viaPbx: () => (code === null ? null : Promise.resolve(refused(code, 'no'))),
        viaSubscriptions: async () => [],
      });
      const outcome = await them.send(order);
      assert.equal(outcome.ok ? '' : outcome.refusal.code, told);
    }
  });

  it('by which a NOTIFY would do something else are none', async () => {
    const { orders: them, sent } = orders();
    for (const event of ['talk', 'hold', 'message-summary', 'check-sync;reboot=true', '', 'check-sync\r\n']) {
      const outcome = await them.send({ ...order, event });
      assert.equal(outcome.ok ? '' : outcome.refusal.code, 'unknown-event', event);
    }
    assert.deepEqual(sent, []);
  });

  it('come once in ten seconds for a user, and 120 times a minute for all', async () => {
    const { orders: them, clock } = orders();
    const codes = async (user: string) => {
      const outcome = await them.send({ ...order, aor: aorOf(user, 'lamplighter.test') });
      return outcome.ok ? 'ok' : outcome.refusal.code;
    };
    assert.deepEqual([await codes('1001'), await codes('1001'), await codes('1002')], ['ok', 'too-many', 'ok']);
    clock.advance(9_999);
    assert.equal(await codes('1001'), 'too-many', 'a refused one does not lengthen the wait');
    clock.advance(1);
    assert.equal(await codes('1001'), 'ok');
    for (let user = 2000; user < 2117; user++) assert.equal(await codes(String(user)), 'ok');
    assert.equal(await codes('3000'), 'too-many');
    clock.advance(60_000);
    assert.equal(await codes('3000'), 'ok');
  });

  it('leave a line that says who, what, from where, and what the phones answered; a failure is one, too', async () => {
    const good = orders();
    await good.orders.send(order);
    await good.orders.send(order);
    const lines = good.logger.lines.map(({ level, message, fields }) => ({ level, message, ...fields }));
    const who = { aor, kind: 'api', who: 'token', from: '192.0.2.9', event: 'check-sync' };
    assert.deepEqual(lines[0], {
      level: 'info',
      message: 'phones were given an order',
      ...who,
      via: 'subscriptions',
      phones: 1,
      answers: [200],
    });
    assert.deepEqual(
      { ...lines[1], reason: '' },
      { level: 'info', message: 'phones were given no order', ...who, code: 'too-many', reason: '' },
    );
    const bad = orders({ viaSubscriptions: () => Promise.reject(new Error('bug')) });
    const outcome = await bad.orders.send(order);
    assert.equal(outcome.ok ? '' : outcome.refusal.code, 'internal');
    assert.ok(bad.logger.lines.some(({ level }) => level === 'error'));
  });
});
