import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import type { ListDefinition } from '../../src/model/resource-list.ts';
import { Groups } from '../../src/state/groups.ts';
import { Hub } from '../../src/state/hub.ts';
import { Lists } from '../../src/state/lists.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

const domain = 'pbx.test';
const aor = (user: string, at = domain): Aor => aorOf(user, at);

function list(name: string, parts: Partial<ListDefinition> = {}): ListDefinition {
  return { name, domain, names: [], members: [], group: null, extensions: null, ...parts };
}

/** A hub that tests write. */
class Truths {
  extensions: readonly Aor[] = [];
  readonly groups = new Groups();
  synced = true;
  #listener: () => void = () => undefined;

  list(): readonly Aor[] {
    return this.extensions;
  }

  isKnown(one: Aor): boolean {
    return this.extensions.includes(one);
  }

  groupMembers(group: Aor): readonly Aor[] {
    return this.groups.members(group);
  }

  onPicture(listener: () => void): () => void {
    this.#listener = listener;
    return () => undefined;
  }

  picture(): void {
    this.#listener();
  }
}

function rig(lists: readonly ListDefinition[], groups: readonly ListDefinition[] = []) {
  const truths = new Truths();
  const logger = new RecordingLogger();
  const all = new Lists({ truths, logger, lists, groups });
  const members = (name: string, at = domain) => all.find(aor(name, at))?.members.map((member) => member.aor) ?? null;
  return { truths, logger, all, members };
}

test('a list is what the configuration says, in its order, each once; nobody has to exist', () => {
  const { members, truths } = rig([list('office', { members: ['1002', 'dnd+1001', '1001', '1002'] })]);
  truths.extensions = [aor('1001')];
  assert.deepEqual(members('office'), [aor('1002'), aor('dnd+1001'), aor('1001')]);
  assert.equal(members('elsewhere'), null);
  assert.equal(members('office', 'other.test'), null, 'in its domain only');
});

test('lists within lists, groups and patterns are written out; a list wins over a group and a group yields to an extension', () => {
  const { members, truths } = rig(
    [
      list('all', { members: ['1009', 'office', 'sales', 'hunt'] }),
      list('office', { members: ['1001'], extensions: /^(?:20\d\d)$/ }),
      list('sales', { group: 'sales' }),
    ],
    [list('sales', { extensions: /^(?:3\d)$/ }), list('2000', { extensions: /^(?:3\d)$/ })],
  );
  truths.extensions = ['2000', '2001', '31', '32', '20011'].map((user) => aor(user));
  truths.groups.replace('one', [{ name: 'hunt', members: [aor('1002'), aor('1001')] }]);
  assert.deepEqual(
    members('all')?.map((it) => it?.split('@')[0]),
    ['1009', '1001', '2000', '2001', '31', '32', '1002'],
  );
  assert.equal(members('2000'), null, 'an extension is no list');
  assert.deepEqual(members('hunt'), [aor('1002'), aor('1001')]);
});

test('lists in a loop end, and so do very long ones', () => {
  const { members, truths, logger } = rig([
    list('a', { members: ['1', 'b'] }),
    list('b', { members: ['2', 'a'] }),
    list('long', { extensions: /^(?:5\d{3})$/ }),
  ]);
  truths.extensions = Array.from({ length: 400 }, (_, index) => aor(String(5000 + index)));
  assert.deepEqual(members('a'), [aor('1'), aor('2')]);
  assert.equal(members('long')?.length, 300);
  assert.equal(logger.lines.filter(({ message }) => message.includes('too long')).length, 1);
});

test('a picture of a PBX brings who came and who went; who stays the same stays the same object', () => {
  const { all, members, truths } = rig([
    list('night', { extensions: /^(?:20\d\d)$/ }),
    list('fix', { members: ['1'] }),
  ]);
  truths.extensions = [aor('2000')];
  let told = 0;
  all.onChange(() => {
    told += 1;
  });
  const [night, fix] = [all.find(aor('night')), all.find(aor('fix'))];
  truths.picture();
  assert.equal(all.find(aor('night')), night);
  truths.extensions = [aor('2000'), aor('2001')];
  assert.equal(all.find(aor('night')), night, 'not before the picture is there');
  truths.picture();
  assert.deepEqual(members('night'), [aor('2000'), aor('2001')]);
  assert.equal(all.find(aor('fix')), fix);
  assert.equal(told, 2);
});

test('a group of a PBX that has gone is no list any more', () => {
  const { members, truths } = rig([]);
  truths.groups.replace('one', [{ name: 'hunt', members: [aor('1')] }]);
  assert.deepEqual(members('hunt'), [aor('1')]);
  truths.groups.replace('one', []);
  truths.picture();
  assert.equal(members('hunt'), null);
});

test('groups of one name at two PBXs are one; those of two tenants are two, whatever a PBX says', () => {
  const groups = new Groups();
  groups.replace('one', [{ name: 'hunt', members: [aor('1'), aor('1', 'south.test')] }]);
  groups.replace('two', [{ name: 'hunt', domain, members: [aor('2'), aor('1'), aor('9', 'south.test')] }]);
  assert.deepEqual(groups.members(aor('hunt')), [aor('1'), aor('2')]);
  assert.deepEqual(groups.members(aor('hunt', 'south.test')), [aor('1', 'south.test')]);
  groups.replace('one', []);
  assert.deepEqual(groups.members(aor('hunt')), [aor('2'), aor('1')]);
});

test('the hub tells of groups with each picture of a PBX, and of everybody who came', () => {
  const hub = new Hub({
    clock: new FakeClock(),
    logger: new RecordingLogger(),
    store: { commitFeature: () => undefined, putLegs: () => undefined },
    secret: Buffer.alloc(32, 7),
    sources: ['main'],
  });
  const logger = new RecordingLogger();
  const lists = new Lists({ truths: hub, logger, lists: [list('night', { extensions: /^(?:20\d\d)$/ })], groups: [] });
  const seen: string[] = [];
  lists.onChange(() => {
    const names = ['night', 'hunt', '2000'].map((name) => lists.find(aor(name))?.members.length ?? '-');
    seen.push(`${lists.complete} ${names.join(' ')}`);
  });
  const picture = (groups: readonly string[], ...users: readonly string[]) => {
    const extensions = users.map((user) => ({ aor: aor(user), displayName: null }));
    const snapshot = {
      extensions,
      dialogs: [],
      features: [],
      registrations: [],
      mailboxes: [],
      groups: groups.map((name) => ({ name, members: [aor('2000')] })),
    };
    hub.apply({ source: 'main', type: 'snapshot', epoch: '1', snapshot });
  };
  assert.deepEqual([lists.complete, lists.find(aor('hunt'))], [false, null]);
  picture([], '2000');
  picture(['hunt', '2000'], '2000', '2001', '31');
  picture([], '2001');
  assert.deepEqual(seen, ['true 1 - -', 'true 2 1 -', 'true 1 - -']);
});
