import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reachable } from '../../src/model/reachable.ts';
import { call, viewWith } from '../event-packages/views.ts';

test('phones that are registered can take a call, but for those in one, and none while calls are sent away', () => {
  const on = { enabled: true, target: '1002' };
  const rows = [
    [viewWith({ contacts: 0 }), 0],
    [viewWith({ contacts: 3 }), 3],
    [viewWith({ contacts: 3, dialogs: [call('a')] }), 2],
    [viewWith({ contacts: 1, dialogs: [call('a', { phase: 'early' }), call('b')] }), 0],
    [viewWith({ contacts: 2, features: { dnd: on } }), 0],
    [viewWith({ contacts: 2, features: { cfa: on } }), 0],
    [viewWith({ contacts: 2, features: { cfb: on, cfna: on } }), 2],
    [viewWith({ contacts: 2, features: { dnd: { ...on, assigned: false } } }), 2],
    [viewWith({ contacts: 2, known: false }), 0],
  ] as const;
  for (const [view, phones] of rows) assert.equal(reachable(view), phones, JSON.stringify(view));
});
