import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AgentView } from '../../src/model/agent.ts';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import type { Change, ResourceView } from '../../src/model/views.ts';
import { KeyLamps } from '../../src/state/key-lamps.ts';
import { viewWith } from '../event-packages/views.ts';

const aor = (user: string): Aor => aorOf(user, 'lamplighter.test');

/** A hub that knows what it is told, and nothing before `synced`. */
class Truths {
  readonly views = new Map<Aor, ResourceView>();
  synced = true;
  readonly #listeners = new Set<(change: Change) => void>();

  put(user: string, parts: Parameters<typeof viewWith>[0] = {}): void {
    this.views.set(aor(user), viewWith({ ...parts, aor: aor(user) }));
  }

  view = (of: Aor): ResourceView => this.views.get(of) ?? viewWith({ aor: of, known: !this.synced, contacts: 0 });
  has = (of: Aor): boolean => this.views.has(of) || !this.synced;
  isExtension = (of: Aor): boolean => this.views.has(of) && this.view(of).lamp !== true;

  onChange = (listener: (change: Change) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function stage() {
  const truths = new Truths();
  const lamps = new KeyLamps(truths);
  const told: string[] = [];
  const deaf = lamps.onChange(({ topic, aor: of, aspects }) =>
    told.push([topic, of.split('@')[0], ...aspects].join(' ')),
  );
  return { truths, lamps, told, deaf };
}

const on = { enabled: true, rev: 7, updatedAt: 1_700_000_000_000 };

describe('lamps of feature keys', () => {
  test('are there for each user of a PBX that has none itself, and for nobody else', () => {
    const { truths, lamps } = stage();
    truths.put('1001');
    truths.put('park+5901', { lamp: true });
    for (const known of ['1001', 'dnd+1001', 'forward+1001', 'agent+1001', 'park+5901'])
      assert.ok(lamps.has(aor(known)), known);
    for (const unknown of ['dnd+1002', 'cfb+1001', 'DND+1001', 'dnd+', 'dnd+dnd+1001', 'dnd+park+5901']) {
      assert.ok(!lamps.has(aor(unknown)), unknown);
    }
    assert.ok(!lamps.has(aorOf('dnd+1001', 'other.test')));
  });

  test('shine while the feature is on, with another id each time and with nobody in them', () => {
    const { truths, lamps } = stage();
    truths.put('1001', { features: { dnd: on, cfa: { ...on, target: '0171555' } } });
    const dnd = lamps.view(aor('dnd+1001'));
    assert.deepEqual(
      dnd.dialogs.map(({ id, phase, direction }) => [id, phase, direction]),
      [['dnd-7', 'confirmed', 'recipient']],
    );
    assert.ok(dnd.known && dnd.lamp);
    assert.doesNotMatch(JSON.stringify(lamps.view(aor('forward+1001'))), /0171555/);
    assert.equal(lamps.view(aor('forward+1001')).dialogs.length, 1);
    truths.put('1001', { features: { dnd: { ...on, rev: 9 }, cfb: on, cfna: on } });
    assert.equal(lamps.view(aor('dnd+1001')).dialogs[0]?.id, 'dnd-9');
    assert.deepEqual(lamps.view(aor('forward+1001')).dialogs, []);
  });

  test('are dark for a feature that the user does not have, and have none themselves', () => {
    const { truths, lamps } = stage();
    truths.put('1001', { features: { dnd: { ...on, assigned: false } } });
    const view = lamps.view(aor('dnd+1001'));
    assert.deepEqual(view.dialogs, []);
    for (const feature of Object.values(view.features)) assert.ok(!feature.assigned && !feature.enabled);
  });

  test('of the PBX itself go before ours, and so does a user who is called so', () => {
    const { truths, lamps } = stage();
    truths.put('1001', { features: { dnd: on, cfa: on } });
    truths.put('dnd+1001', { lamp: true });
    truths.put('forward+1001');
    for (const name of ['dnd+1001', 'forward+1001']) assert.equal(lamps.view(aor(name)), truths.view(aor(name)));
  });

  test('show the last truth before the PBX has told', () => {
    const { truths, lamps } = stage();
    truths.put('1001', { features: { dnd: on } });
    truths.synced = false;
    assert.equal(lamps.view(aor('dnd+1001')).dialogs.length, 1);
    assert.ok(lamps.has(aor('dnd+1002')));
  });

  test('change with their feature, after the user, and with nothing else', () => {
    const { truths, told, deaf } = stage();
    truths.put('1001');
    truths.put('1002');
    truths.put('dnd+1002', { lamp: true });
    const change = (user: string, topic: Change['topic'], ...aspects: string[]) =>
      truths.tell({ topic, aor: aor(user), aspects });
    change('1001', 'features', 'dnd', 'cfb');
    change('1001', 'features', 'cfa');
    change('1001', 'features', 'cfna');
    change('1001', 'dialogs');
    change('1002', 'features', 'dnd');
    change('1001', 'extension', 'displayName');
    change('1001', 'extension', 'known');
    deaf();
    change('1001', 'features', 'dnd');
    assert.deepEqual(told, [
      'features 1001 dnd cfb',
      'dialogs dnd+1001',
      'features 1001 cfa',
      'dialogs forward+1001',
      'features 1001 cfna',
      'dialogs 1001',
      'features 1002 dnd',
      'extension 1001 displayName',
      'extension 1001 known',
      'extension dnd+1001 known',
      'extension forward+1001 known',
      'extension agent+1001 known',
    ]);
  });

  test('of an agent: on while he takes calls or wraps one up, early on a break, dark when he is off; why is told to nobody', () => {
    const { truths, lamps, told } = stage();
    const shown = (agent?: AgentView) => {
      truths.put('1001', agent === undefined ? {} : { agent });
      return lamps.view(aor('agent+1001')).dialogs.map(({ id, phase }) => `${id} ${phase}`);
    };
    assert.deepEqual(shown(), []);
    assert.deepEqual(shown({ phase: 'loggedOff', reason: null, since: 1 }), []);
    assert.deepEqual(shown({ phase: 'ready', reason: null, since: 2 }), ['agent-2 confirmed']);
    assert.deepEqual(shown({ phase: 'notReady', reason: 'lunch', since: 3 }), ['agent-3 early']);
    assert.doesNotMatch(JSON.stringify(lamps.view(aor('agent+1001'))), /lunch/);
    assert.deepEqual(shown({ phase: 'workingAfterCall', reason: null, since: 4 }), ['agent-4 confirmed']);
    truths.tell({ topic: 'agent', aor: aor('1001'), aspects: ['agent', 'loggedOn'] });
    assert.deepEqual(told, ['agent 1001 agent loggedOn', 'dialogs agent+1001']);
  });
});
