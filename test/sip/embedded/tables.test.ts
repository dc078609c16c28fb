import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ClientState, clientTable, nextTimerE } from '../../../src/sip/embedded/client-tx.ts';
import { serverTables } from '../../../src/sip/embedded/server-tables.ts';

describe('RFC 3261 17.1.2, the non-INVITE client', () => {
  test('Timer E doubles from T1 to T2 while trying and is T2 in Proceeding', () => {
    const intervals = [500];
    for (let i = 0; i < 5; i++) intervals.push(nextTimerE('trying', intervals.at(-1) ?? 0));
    assert.deepEqual(intervals, [500, 1000, 2000, 4000, 4000, 4000]);
    assert.equal(nextTimerE('proceeding', 500), 4000);
  });

  test('a final response, Timer F and a broken path end it from every state, exactly once', () => {
    for (const state of ['trying', 'proceeding'] satisfies ClientState[]) {
      assert.deepEqual(clientTable[state].final, { state: 'terminated', act: 'deliver' });
      assert.deepEqual(clientTable[state].timerF, { state: 'terminated', act: 'timeout' });
      assert.deepEqual(clientTable[state].broken, { state: 'terminated', act: 'unsent' });
      assert.deepEqual(clientTable[state].provisional, { state: 'proceeding', act: 'none' });
    }
    for (const step of Object.values(clientTable.terminated))
      assert.deepEqual(step, { state: 'terminated', act: 'none' });
  });
});

describe('RFC 3261 17.2.2, the non-INVITE server', () => {
  test('absorbs retransmissions before its answer and repeats the answer after it', () => {
    const { plain } = serverTables;
    assert.equal(plain.trying.retransmission.act, 'none');
    assert.deepEqual(plain.trying.success, { state: 'completed', act: 'send' });
    assert.deepEqual(plain.trying.failure, { state: 'completed', act: 'send' });
    assert.deepEqual(plain.completed.retransmission, { state: 'completed', act: 'resend' });
    assert.equal(plain.completed.failure.act, 'none');
    assert.equal(plain.completed.timer.state, 'terminated');
  });
});
