import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CallTable, endpointOf } from '../../../adapters/asterisk/calls.ts';
import type { ChannelFact, Fact } from '../../../adapters/asterisk/facts.ts';

const now = () => 1_700_000_000_000;

function channel(id: string, name: string, state: string, more: Partial<ChannelFact> = {}): ChannelFact {
  const nothing = { connectedNumber: null, connectedName: null, exten: null, app: null, since: null };
  return { fact: 'channel', id, name, state, ...nothing, callId: null, linkedid: null, ...more };
}

function table(...facts: readonly Fact[]): CallTable {
  const calls = new CallTable(now);
  for (const fact of facts) calls.apply(fact);
  return calls;
}

const caller = channel('a.1', 'PJSIP/1001-00000001', 'Ring', { exten: '1002' });
const callee = channel('b.2', 'PJSIP/1002-00000002', 'Ringing', { connectedNumber: '1001', connectedName: 'Anna' });
const dial = { fact: 'dial', caller: 'a.1', peer: 'b.2', status: 'RINGING' } as const;

describe('channels as legs', () => {
  test('a channel is the phone it is named after; Local, announcer and surrogate channels are nobody', () => {
    const names = [
      'PJSIP/1001-0000000e',
      'PJSIP/a-b-0000000e',
      'SIP/1001-000000001',
      'Local/1@x-00000000;1',
      'CBAnn/8000-00000001;2',
      'PJSIP/1001',
      'Surrogate/PJSIP/1001-00000001',
    ];
    assert.deepEqual(names.map(endpointOf), ['1001', 'a-b', '1001', null, null, null, null]);
  });

  test('a late fact neither revives a channel that has ended nor takes an answered call back', () => {
    const calls = table(caller, channel('a.1', caller.name, 'Up'), caller);
    assert.equal(calls.legs('1001')[0]?.phase, 'confirmed');
    calls.apply({ fact: 'gone', id: 'a.1' });
    calls.apply(caller);
    assert.deepEqual(calls.legs('1001'), []);
  });

  test('a caller who withholds himself is not presentable to whom he calls, through a Local channel neither', () => {
    const withheld = { fact: 'caller-withheld', id: 'a.1', withheld: true } as const;
    assert.equal(table(caller, callee, dial, withheld).legs('1002')[0]?.remote.presentable, false);
    const hop = table(
      caller,
      withheld,
      channel('l.1', 'Local/1002@x-00000000;1', 'Down'),
      channel('l.2', 'Local/1002@x-00000000;2', 'Ring'),
      { fact: 'dial', caller: 'a.1', peer: 'l.1', status: '' },
      callee,
      { fact: 'dial', caller: 'l.2', peer: 'b.2', status: '' },
    );
    assert.equal(hop.legs('1002')[0]?.remote.presentable, false);
    assert.equal(hop.legs('1002')[0]?.call, 'a.1');
    assert.equal(table(caller, callee, dial).legs('1002')[0]?.remote.presentable, true);
  });

  test('what the PBX says of the presentation counts more than what is seen of the caller', () => {
    const details = { fact: 'details', id: 'b.2', withheld: true } as const;
    assert.equal(table(caller, callee, dial, details).legs('1002')[0]?.remote.presentable, false);
  });

  test('a channel that ended before a reading began is not alive in it, though the PBX still lists it', () => {
    const before = table(caller, { fact: 'gone', id: 'a.1' });
    const after = table(caller);
    after.inherit(before, false);
    assert.deepEqual(after.legs('1001'), []);
    assert.equal(after.has('a.1'), false);
  });

  test('who placed a call that is talking: what the PBX says of the INVITE counts more than the application', () => {
    const talks = (app: string, placed?: boolean) =>
      table(channel('a.1', caller.name, 'Up', { app, ...(placed === undefined ? {} : { placed }) })).legs('1001')[0]
        ?.direction;
    assert.deepEqual(
      [talks('Dial'), talks('Dial', false), talks('AppDial'), talks('AppDial', true)],
      ['initiator', 'recipient', 'recipient', 'initiator'],
    );
  });

  test('the key of a call stays as it was told, whatever it is linked with later', () => {
    const calls = table(caller);
    assert.equal(calls.legs('1001')[0]?.call, 'a.1');
    calls.apply({ ...caller, linkedid: 'z.9' });
    assert.equal(calls.legs('1001')[0]?.call, 'a.1');
  });

  test('a linked id that overtakes the birth of its channel is kept for it', () => {
    const calls = table({ fact: 'linked', id: 'b.2', linkedid: 'q.7' }, callee);
    assert.equal(calls.legs('1002')[0]?.call, 'q.7');
  });

  test('two phones of one user that ring are branches of one call', () => {
    const other = channel('b.3', 'PJSIP/1002-00000003', 'Ringing', { connectedNumber: '1001' });
    const legs = table(caller, callee, dial, other, { ...dial, peer: 'b.3' }).legs('1002');
    assert.deepEqual(
      legs.map((it) => [it.id, it.call]),
      [
        ['b.2', 'a.1'],
        ['b.3', 'a.1'],
      ],
    );
  });

  test('a fresh picture inherits who holds, the key and how far the call was', () => {
    const before = table(caller, callee, dial, { fact: 'hold', id: 'a.1', on: true });
    assert.equal(before.legs('1001')[0]?.phase, 'early');
    const fresh = table({ ...caller, linkedid: 'z.9' });
    fresh.inherit(before, false);
    assert.deepEqual(
      fresh.legs('1001').map((it) => [it.phase, it.holding, it.call]),
      [['early', true, 'a.1']],
    );
    assert.deepEqual(fresh.legs('1002'), []);
  });

  test('a leg whose details are being asked for shows when they are there, or when nobody asks any more', () => {
    const down = { ...callee, state: 'Down' };
    const calls = table(caller, down, { fact: 'asking', id: 'b.2', on: true }, dial, callee);
    assert.deepEqual(calls.legs('1002'), []);
    calls.apply({ fact: 'asking', id: 'b.2', on: false });
    assert.equal(calls.legs('1002').length, 1);
  });

  test('a circle of dials ends', () => {
    const calls = table(caller, callee, dial, { fact: 'dial', caller: 'b.2', peer: 'a.1', status: '' });
    assert.equal(calls.legs('1001').length, 1);
  });
});
