import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import type { SubscribeRequest } from '../../src/sip/front.ts';
import { carol, ListWorld } from './list-support.ts';
import { domain, FakeStore, settle } from './support.ts';

const listType = 'application/resource-lists+xml';

function body(...uris: readonly string[]): Buffer {
  const entries = uris.map((uri) => `<entry uri="${uri}"><display-name xml:lang="de">N ${uri}</display-name></entry>`);
  return Buffer.from(
    `<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list>${entries.join('')}</list></resource-lists>`,
  );
}

const desk = aorOf('desk', domain);

test('L53-01: a phone brings its own list, by its own addresses; it is kept, and not asked for in a refresh', async () => {
  const store = new FakeStore();
  const world = new ListWorld(store);
  const uris = ['sip:1001@pbx.test;a=b', 'sip:1003@pbx.test', 'sip:1003@pbx.test', 'sip:x@elsewhere', 'tel:1'];
  const own = { resource: desk, requestUri: 'sip:desk@pbx.test', contentType: listType, body: body(...uris) };
  world.state.missing.add(desk);
  const { dialog, answer, first } = await world.watching(own);
  assert.equal(answer.status, 200);
  assert.deepEqual(
    first[0]?.rows.map(({ uri, names, state }) => [uri, names, state]),
    [
      ['sip:1001@pbx.test;a=b', ['de: N sip:1001@pbx.test;a=b'], 'active'],
      ['sip:1003@pbx.test', ['de: N sip:1003@pbx.test'], 'active'],
      ['sip:x@elsewhere', ['de: N sip:x@elsewhere'], 'terminated;rejected'],
      ['tel:1', ['de: N tel:1'], 'terminated;rejected'],
    ],
  );
  assert.equal((await world.again(dialog)).status, 200);
  assert.deepEqual(
    world.read().map(({ fullState, rows }) => [fullState, rows.length]),
    [[true, 4]],
  );
  assert.equal((await world.again(dialog, { contentType: listType, body: body('sip:1@pbx.test') })).status, 415);
  await world.notifier.stop();

  const later = new ListWorld(store);
  later.notifier.restore([...store.rows.values()], 2);
  later.notifier.start();
  later.state.calls(carol, 'c1');
  await later.clock.run(5000);
  await settle();
  const [again, ...more] = later.read();
  assert.equal(more.length, 0);
  assert.equal(again?.fullState, true, 'all of it first');
  assert.ok((again?.version ?? 0) >= 1000, 'and no version goes back');
  assert.deepEqual(
    again?.rows.map(({ uri, state, instance }) => [uri, state, instance]),
    first[0]?.rows.map(({ uri, state, instance }) => [uri, state, instance]),
  );
  later.state.calls(carol);
  await later.clock.run(1000);
  await settle();
  assert.deepEqual(
    later.read().map(({ fullState, rows }) => [fullState, rows.map(({ uri }) => uri)]),
    [[false, ['sip:1003@pbx.test']]],
  );
});

test('a body that is no list is refused with the reason; it does not matter who else could have been meant', async () => {
  const world = new ListWorld();
  const ask = async (text: string, over: Partial<SubscribeRequest> = {}) => {
    const { status, reason } = await world.subscribe(
      world.asking({ resource: desk, contentType: listType, body: Buffer.from(text), ...over }),
    );
    return `${status} ${reason ?? ''}`.trim();
  };
  assert.equal(await ask('<list><list>'), '400 Malformed Resource List');
  assert.equal(await ask(' '.repeat(64_000)), '413 Resource List Too Long');
  const good = body('sip:1001@pbx.test').toString();
  assert.equal(await ask(good, { supported: [] }), '421');
  assert.equal(await ask(good, { accept: ['application/lamps+xml'] }), '406');
  assert.equal(await ask(good, { resource: aorOf('desk', 'other.test') }), '403');
  assert.deepEqual(world.notifier.list(), []);
});
