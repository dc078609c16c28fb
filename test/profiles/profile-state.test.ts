import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Aor, aorOf, userOf } from '../../src/model/aor.ts';
import type { ProfileDocument } from '../../src/model/profile-document.ts';
import type { Change, ResourceView } from '../../src/model/views.ts';
import { documentOf } from '../../src/profiles/document.ts';
import { ProfileState } from '../../src/profiles/profile-state.ts';
import { Shelves } from '../../src/profiles/shelves.ts';
import { viewWith } from '../event-packages/views.ts';

const domain = 'lamplighter.test';
const alice = aorOf('1001', domain);
const device = aorOf('MAC:001565112233', domain);
const nothing = { url: null, prefer: 'document', effectiveBy: null } as const;

function doc(kind: ProfileDocument['kind'], name: string, content: string, of = domain): ProfileDocument {
  const writing = { contentType: 'text/plain', content, readers: 'everybody', effectiveBy: null } as const;
  return documentOf({ kind, domain: of, name }, writing, 0);
}

function rig(watched: readonly Aor[] = [], url: string | null = null) {
  const listeners = new Set<(change: Change) => void>();
  const views = new Map<Aor, ResourceView>([[alice, viewWith({ aor: alice })]]);
  const truths = {
    has: (aor: Aor) => views.has(aor),
    view: (aor: Aor) => views.get(aor) ?? viewWith({ aor, known: false }),
    onChange: (listener: (change: Change) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const shelves = new Shelves({ ...nothing, url });
  const state = new ProfileState(truths, shelves, () => watched);
  const changes: Change[] = [];
  const stop = state.onChange((change) => changes.push(change));
  return { state, shelves, views, listeners, changes, stop };
}

describe('the truth with profiles', () => {
  it('is the truth itself as long as there are none: the same views, and no devices', () => {
    const { state, views } = rig();
    assert.equal(state.view(alice), views.get(alice));
    assert.equal(state.has(device), false);
    assert.equal(state.has(alice), true);
  });

  it('knows devices and `anonymous` as soon as there is anything for them, but no other stranger', () => {
    const { state, shelves } = rig();
    shelves.set('file', doc('model', 'yealink', 'x'), doc('model', 'yealink', 'x'));
    for (const user of [
      'MAC:001565112233',
      '0004f2abcdef',
      'urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8',
      'anonymous',
    ]) {
      const aor = aorOf(user, domain);
      assert.equal(state.has(aor, ['profile']), true, user);
      assert.equal(state.has(aor, ['dialogs', 'extension']), false, `${user} has no lamp`);
      assert.equal(state.view(aor).known, true);
      assert.equal(state.view(aor).lamp, true);
    }
    assert.equal(state.has(aorOf('9999', domain), ['profile']), false);
    assert.equal(rig([], 'https://prov.test/{mac}').state.has(device, ['profile']), true);
  });

  it('gives one view of one truth, and another when documents change', () => {
    const { state, shelves } = rig();
    const mine = doc('user', '1001', 'a');
    shelves.set('api', mine, mine);
    const view = state.view(alice);
    assert.equal(state.view(alice), view);
    assert.equal(view.profiles?.user?.content, 'a');
    assert.equal(view.profiles?.deviceName, null);
    const other = doc('user', '1001', 'b');
    shelves.set('api', other, other);
    assert.equal(state.view(alice).profiles?.user?.content, 'b');
  });

  it('keeps the documents of one domain from the next', () => {
    const { state, shelves } = rig();
    for (const kind of [doc('user', '1001', 'x', 'other.test'), doc('model', 'snom', 'x', 'other.test')]) {
      shelves.set('api', kind, kind);
    }
    assert.equal(state.view(alice).profiles?.user, null);
    assert.equal(state.view(alice).profiles?.models.size, 0);
    assert.equal(state.view(aorOf('1001', 'other.test')).profiles?.models.size, 1);
  });

  it('tells a change to those it may be for, in whatever form they named the device, and passes the truth on', () => {
    const forms = ['MAC:001565112233', 'mac:00-15-65-11-22-33', '001565112233'].map((user) => aorOf(user, domain));
    const neighbour = aorOf('MAC:001565112244', domain);
    const { shelves, changes, listeners } = rig([alice, ...forms, neighbour, aorOf('MAC:001565112233', 'other.test')]);
    const told = () => changes.splice(0).map(({ topic, aor }) => `${topic} ${userOf(aor)}`);
    const own = doc('device', '001565112233', 'x');
    shelves.set('api', own, own);
    assert.deepEqual(
      told(),
      forms.map((aor) => `profile ${userOf(aor)}`),
    );
    shelves.set('api', own, doc('device', '001565112233', 'x'));
    assert.deepEqual(told(), [], 'the same is no change');
    shelves.set('file', own, doc('device', '001565112233', 'hidden'));
    assert.deepEqual(told(), [], 'what is hidden is no change');
    const mine = doc('user', '1001', 'x');
    shelves.set('api', mine, mine);
    assert.deepEqual(told(), ['profile 1001']);
    const model = doc('model', 'snom', 'x');
    shelves.set('api', model, model);
    assert.equal(told().length, 5, 'which model a phone is, only its subscription says');
    for (const listener of listeners) listener({ topic: 'dialogs', aor: alice, aspects: [] });
    assert.deepEqual(told(), ['dialogs 1001']);
  });

  it('is silent after its listener has gone', () => {
    const { shelves, changes, stop, listeners } = rig([alice]);
    stop();
    const mine = doc('user', '1001', 'x');
    shelves.set('api', mine, mine);
    assert.deepEqual([changes.length, listeners.size], [0, 0]);
  });
});
