import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ListedInstance, ListedResource, ListRenderRequest } from '../../../src/event-packages/event-package.ts';
import { listFormat } from '../../../src/event-packages/list/list.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { ListTable, listIn } from '../../support/list-view.ts';

const active = (content: string): ListedInstance => ({
  state: 'active',
  contentType: 'application/dialog-info+xml',
  content,
});

function resource(user: string, instance: ListedInstance = active(`<d>${user}</d>`), name = ''): ListedResource {
  const names = name === '' ? [] : [{ text: name, lang: null }];
  return { uri: `sip:${user}@pbx.test`, names, instance: () => instance };
}

function request(parts: Partial<ListRenderRequest> = {}): ListRenderRequest {
  return {
    uri: 'sip:office@pbx.test;x=1',
    names: [],
    version: 0,
    fullState: true,
    resources: [resource('1001'), resource('1002')],
    boundary: 'b0b1b2b3b4b5',
    roomBytes: 100_000,
    whole: false,
    ...parts,
  };
}

function read(parts: Partial<ListRenderRequest> = {}) {
  const { contentType, content, told } = listFormat.render(request(parts));
  return { ...listIn({ contentType, body: content }), told, bytes: Buffer.byteLength(content) };
}

test('L46-04, L46-05: a list is RLMI first, then a part for each resource, by its address as it was subscribed to', () => {
  const list = read({
    version: 7,
    names: [
      { text: 'Office', lang: 'en' },
      { text: 'Büro', lang: 'de' },
    ],
  });
  assert.deepEqual([list.uri, list.version, list.fullState, list.told], ['sip:office@pbx.test;x=1', 7, true, 2]);
  assert.deepEqual(list.names, ['en: Office', 'de: Büro']);
  assert.deepEqual(
    list.rows.map(({ uri, state, part }) => [uri, state, part?.contentType, part?.content]),
    [
      ['sip:1001@pbx.test', 'active', 'application/dialog-info+xml', '<d>1001</d>'],
      ['sip:1002@pbx.test', 'active', 'application/dialog-info+xml', '<d>1002</d>'],
    ],
  );
});

test('L46-06: an instance that is over says why and has no part; ids are unique and the same each time', () => {
  const resources = [
    resource('1001'),
    resource('1002', { state: 'terminated', reason: 'rejected' }),
    resource('1003', { state: 'terminated', reason: 'noresource' }),
  ];
  const first = read({ resources });
  assert.deepEqual(
    first.rows.map(({ state }) => state),
    ['active', 'terminated;rejected', 'terminated;noresource'],
  );
  const again = read({ resources, version: 8, boundary: 'other' });
  const ids = first.rows.map(({ instance }) => instance);
  assert.deepEqual(
    again.rows.map(({ instance }) => instance),
    ids,
  );
  assert.equal(new Set(ids).size, 3);
});

test('names and addresses from strangers are escaped, cut and never markup', () => {
  const nasty = `"/><instance state='active'>&\u0000\n${'x'.repeat(500)}`;
  const [row] = read({ resources: [{ ...resource('1001', undefined, nasty), uri: 'sip:"<&@pbx.test' }] }).rows;
  assert.equal(row?.uri, 'sip:"<&@pbx.test');
  assert.equal(row?.names[0]?.length, 127, '128 without what XML cannot carry');
  assert.ok(row?.names[0]?.startsWith('"/><instance'));
});

test('what does not fit waits for partial lists; the first names everybody, with or without a state', () => {
  const document = `<d>${'x'.repeat(300)}</d>`;
  const resources = ['1001', '1002', '1003', '1004'].map((user) => resource(user, active(document), `Name ${user}`));
  const first = read({ resources, roomBytes: 1500 });
  assert.ok(first.bytes <= 1500);
  assert.deepEqual([first.fullState, first.told], [true, 1]);
  assert.deepEqual(
    first.rows.map(({ uri, names, state }) => [uri, names, state]),
    [
      ['sip:1001@pbx.test', ['Name 1001'], 'active'],
      ['sip:1002@pbx.test', ['Name 1002'], null],
      ['sip:1003@pbx.test', ['Name 1003'], null],
      ['sip:1004@pbx.test', ['Name 1004'], null],
    ],
  );
  const next = read({ resources: resources.slice(1), roomBytes: 1500, fullState: false, version: 1 });
  assert.ok(next.told >= 1 && next.bytes <= 1500);
  assert.equal(next.rows.length, next.told, 'a partial list has only what it tells');
  assert.equal(read({ resources, roomBytes: 1500, whole: true }).told, 4, 'where nothing can follow, all of it');
});

test('where not even the names fit, the list comes bit by bit, and one resource goes however little room there is', () => {
  const resources = Array.from({ length: 100 }, (_, index) => resource(`${1000 + index}`, undefined, 'Somebody'));
  const first = read({ resources, roomBytes: 1200 });
  assert.deepEqual([first.fullState, first.rows.length], [true, first.told]);
  assert.ok(first.told > 0 && first.bytes <= 1200);
  assert.equal(read({ resources, roomBytes: 0 }).told, 1);
});

test('whatever the room, the NOTIFYs of a list end, each within it, and leave a phone with all of it', () => {
  const property = fc.property(
    fc.array(fc.record({ size: fc.nat(900), gone: fc.boolean(), name: fc.string({ maxLength: 40 }) }), {
      maxLength: 30,
    }),
    fc.integer({ min: 700, max: 5000 }),
    (members, roomBytes) => {
      const resources = members.map(({ size, gone, name }, index) =>
        resource(
          `${1000 + index}`,
          gone ? { state: 'terminated', reason: 'noresource' } : active(`<d>${'x'.repeat(size)}</d>`),
          name,
        ),
      );
      const table = new ListTable();
      let left: readonly ListedResource[] = resources;
      for (let version = 0; version === 0 || left.length > 0; version += 1) {
        const list = read({ resources: left, roomBytes, version, fullState: version === 0 });
        assert.ok(list.bytes <= roomBytes || list.rows.length <= 1, `${list.bytes} bytes`);
        assert.ok(list.told > 0 || version === 0, 'each brings the end nearer');
        table.take(list);
        left = left.slice(list.told);
      }
      assert.deepEqual([...table.rows.keys()].sort(), resources.map(({ uri }) => uri).sort());
      assert.ok([...table.rows.values()].every(({ state }) => state !== null));
    },
  );
  fc.assert(property, { numRuns: 200 });
});

test('a member is addressed by the host the phone wrote for the list, without its port', () => {
  const uri = (list: string, user: string) => listFormat.memberUri(list, aorOf(user, 'pbx.test'));
  assert.equal(uri('sip:office@192.0.2.1:5070;transport=tcp', '1001'), 'sip:1001@192.0.2.1');
  assert.equal(uri('SIPS:office@[2001:db8::1]:5061', '*81'), 'sip:*81@[2001:db8::1]');
  assert.equal(uri('sip:office@Pbx.Test', 'dnd+1001'), 'sip:dnd+1001@pbx.test');
  assert.equal(uri('sip:office@pbx.test', '10#1 x'), 'sip:10%231%20x@pbx.test');
});
