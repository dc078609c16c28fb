import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemRandom } from '../../../src/model/random.ts';
import { type DialogState, DialogTable, moveDialog, newDialog, newTag, takeCseq } from '../../../src/sip/dialog.ts';
import type { Flow } from '../../../src/sip/engine.ts';
import { tcpFlow, udpFlow } from './fake-engine.ts';

function dialog(localTag = newTag(systemRandom)): DialogState {
  return newDialog({
    callId: 'c',
    from: '<sip:a@b>;tag=f',
    remoteTag: 'f',
    to: 'sip:x@y;z=1',
    localTag,
    cseq: 5,
    remoteTarget: 'sip:a@192.0.2.1',
    recordRoute: ['<sip:p1;lr>', '<sip:p2;lr>'],
    flow: udpFlow,
    user: 'a',
  });
}

test('E65-33: a new dialog keeps the parties byte by byte and the routes in order', () => {
  const made = dialog('t');
  assert.equal(made.localParty, 'sip:x@y;z=1;tag=t');
  assert.equal(made.remoteParty, '<sip:a@b>;tag=f');
  assert.deepEqual(made.routeSet, ['<sip:p1;lr>', '<sip:p2;lr>']);
  assert.deepEqual(JSON.parse(JSON.stringify(made)), made, 'plain data');
});

test('security 3.9: tags hold 96 random bits', () => {
  const tags = new Set(Array.from({ length: 100 }, () => newTag(systemRandom)));
  assert.equal(tags.size, 100);
  for (const tag of tags) assert.match(tag, /^[0-9a-f]{24}$/);
});

test('E65-32: whatever order refreshes come in, the dialog follows the highest CSeq and never goes back', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 40 }), (cseqs) => {
      const state = dialog();
      let highest = 5;
      for (const cseq of cseqs) {
        const before = structuredClone(state);
        const taken = takeCseq(state, cseq);
        if (cseq < highest) {
          assert.ok(!taken.ok && taken.refusal.status === 500);
          assert.deepEqual(state, before);
        } else {
          highest = cseq;
          assert.ok(taken.ok && taken.value === state);
          assert.deepEqual(state, { ...before, remoteCseq: cseq }, 'the number alone');
          moveDialog(state, { remoteTarget: `sip:${cseq}`, flow: tcpFlow });
          assert.deepEqual([state.remoteTarget, state.flow], [`sip:${cseq}`, tcpFlow]);
        }
      }
    }),
  );
});

test('a dialog that another address takes over by UDP has moved; another port there, or a connection, proves itself', () => {
  const at = (address: string, port: number): Flow => ({ ...udpFlow, remote: { address, port } });
  const { address } = udpFlow.remote;
  const state = dialog();
  const movedBy = (flow: Flow): boolean => {
    moveDialog(state, { remoteTarget: 'sip:x', flow });
    return state.moved;
  };
  assert.deepEqual([state.moved, movedBy(at(address, 1))], [false, false], 'its NAT has a new port for it');
  assert.deepEqual([movedBy(at('192.0.2.99', 1)), movedBy(at('192.0.2.99', 2))], [true, true]);
  assert.deepEqual([movedBy(tcpFlow), movedBy(at(address, 1))], [false, false]);
});

test('a dialog is found by Call-ID and both tags, all of them, byte by byte', () => {
  const table = new DialogTable();
  const state = dialog('t');
  table.add(state);
  const id = { callId: 'c', localTag: 't', remoteTag: 'f' };
  assert.equal(table.find(id), state);
  for (const other of [{ callId: 'C' }, { localTag: 'T' }, { remoteTag: '' }, { localTag: '__proto__' }]) {
    assert.equal(table.find({ ...id, ...other }), null);
  }
});

test('removing a dialog twice, or one that another has replaced, removes nothing else', () => {
  const table = new DialogTable();
  const [old, restored] = [dialog('t'), dialog('t')];
  table.add(old);
  table.add(restored);
  table.remove(old);
  assert.ok(table.has(restored) && !table.has(old));
  table.remove(restored);
  table.remove(restored);
  assert.equal(table.size, 0);
});
