import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listFormat } from '../../src/event-packages/list/list.ts';
import { aorOf } from '../../src/model/aor.ts';
import { defaultProfile } from '../../src/model/profile.ts';
import { ListTable } from '../support/list-view.ts';
import { brief, carol, documentOf, FakeLists, ListWorld, listed, office, ownKeys } from './list-support.ts';
import { alice, bob, domain, FakeStore, newDialog, settle, tcp, udp, World } from './support.ts';

test('L46-01, L46-05: one subscription, one row, one NOTIFY with all of it; Require in the 200 and in the NOTIFY', async () => {
  const world = new ListWorld();
  const answer = await world.subscribe(world.asking());
  assert.deepEqual([answer.status, answer.expires, answer.headers], [200, 600, [['Require', 'eventlist']]]);
  const [notify, ...others] = world.sender.take();
  assert.ok(notify !== undefined && others.length === 0);
  assert.deepEqual(notify.message.headers, [['Require', 'eventlist']]);
  const list = documentOf(notify);
  assert.deepEqual([list.uri, list.version, list.names], ['sip:office@pbx.test;x=1', 0, ['en: Office']]);
  assert.deepEqual(brief(list), [true, '1001 active', '1002 active', '1003 active']);
  assert.equal(JSON.parse(list.rows[0]?.part?.content ?? '').entity, 'sip:1001@pbx.test');
  assert.equal(world.store.rows.size, 1);
  assert.equal(world.notifier.list().length, 1);
});

test('L46-01: a phone that cannot read lists is answered 421, and a single resource is never told as a list', async () => {
  const world = new ListWorld();
  const refused = await world.subscribe(world.asking({ supported: ['path'] }));
  assert.deepEqual([refused.status, refused.headers], [421, [['Require', 'eventlist']]]);
  const single = await world.subscribe({ supported: ['eventlist'] });
  assert.deepEqual([single.status, single.headers], [200, undefined]);
  const [notify] = world.sender.take();
  assert.deepEqual(
    [notify?.message.contentType, notify?.message.headers?.[0]?.[0]],
    ['application/lamps+xml', 'SIP-ETag'],
  );
});

test('L46-02: Accept has to name the container, the list and a document of the package; a refresh without Accept keeps them', async () => {
  const world = new ListWorld();
  const [related, rlmi, document] = ['multipart/related', 'application/rlmi+xml', 'application/lamps+xml'];
  const asked = async (accept: readonly string[] | null) => (await world.subscribe(world.asking({ accept }))).status;
  assert.deepEqual(
    [
      await asked([rlmi, document]),
      await asked([related, document]),
      await asked([related, rlmi]),
      await asked(null),
      await asked([]),
    ],
    [406, 406, 406, 406, 406],
  );
  assert.deepEqual([await asked(['*/*']), await asked([document, 'multipart/*', 'application/*'])], [200, 200]);
  const { dialog } = await world.watching();
  assert.equal((await world.again(dialog)).status, 200);
  assert.equal((await world.again(dialog, { accept: [document] })).status, 406);
});

test('L46-07: later only who changed is told, in the rhythm of the profile, and versions grow, inner ones too', async () => {
  const world = new ListWorld();
  const { first } = await world.watching();
  const table = new ListTable().take(first[0]!);
  world.state.calls(bob, 'b1');
  await settle();
  const [second] = world.read();
  assert.deepEqual(brief(second!), [false, '1002 active']);
  table.take(second!);
  world.state.calls(alice, 'a1');
  await settle();
  world.state.calls(carol, 'c1');
  world.state.calls(alice, 'a1', 'a2');
  await settle();
  assert.deepEqual(world.read(), [], 'not before the interval is over');
  await world.clock.run(1000);
  await settle();
  const [third, ...more] = world.read();
  assert.equal(more.length, 0, 'both in one');
  assert.deepEqual(brief(third!), [false, '1001 active', '1003 active']);
  table.take(third!);
  const inner = [first[0]!, second!, third!].map(({ rows }) =>
    rows.map(({ part }) => JSON.parse(part!.content).version),
  );
  assert.deepEqual(inner, [[0, 0, 0], [1], [2, 2]]);
});

test('each member is told what ended for it, and nobody else’s', async () => {
  const world = new ListWorld();
  world.profile = { ...defaultProfile, notifyMinIntervalMs: 0 };
  world.state.calls(alice, 'same');
  world.state.calls(bob, 'same');
  await world.watching();
  world.state.calls(alice);
  await settle();
  const [ended] = world.read();
  assert.deepEqual(
    ended?.rows.map(({ part }) => [JSON.parse(part!.content).ids, JSON.parse(part!.content).ended]),
    [[[], ['same']]],
  );
  world.state.calls(bob, 'same', 'more');
  await settle();
  assert.deepEqual(JSON.parse(world.read()[0]!.rows[0]!.part!.content).ended, []);
});

test('L46-09, L46-06: whom this watcher may not see is over with a reason and without a name; so is who does not exist', async () => {
  const world = new ListWorld();
  const stranger = aorOf('1008', 'other.test');
  const nobody = aorOf('9999', domain);
  world.state.missing.add(nobody);
  world.state.views.set(stranger, { ...world.state.view(stranger), displayName: 'Secret' });
  world.state.views.set(alice, { ...world.state.view(alice), displayName: 'Alice & Co' });
  world.lists.set(office, alice, stranger, nobody);
  const { first } = await world.watching();
  assert.deepEqual(
    first[0]?.rows.map(({ uri, names, state }) => [uri, names, state]),
    [
      ['sip:1001@pbx.test', ['Alice & Co'], 'active'],
      ['sip:1008@pbx.test', [], 'terminated;rejected'],
      ['sip:9999@pbx.test', [], 'terminated;noresource'],
    ],
  );
  world.state.calls(stranger, 'x');
  await settle();
  assert.deepEqual(world.read(), [], 'and of him nobody hears');
  world.state.missing.delete(nobody);
  world.state.emit({ topic: 'extension', aor: nobody, aspects: ['known'] });
  await settle();
  assert.deepEqual(brief(world.read()[0]!), [false, '9999 active']);
});

test('private packages show a watcher himself and refuse the others', async () => {
  const world = new ListWorld();
  const accept = ['multipart/related', 'application/rlmi+xml', 'application/keys'];
  const { answer, first } = await world.watching({ event: 'keys', accept });
  assert.equal(answer.status, 200);
  assert.deepEqual(brief(first[0]!), [true, '1001 terminated;rejected', '1002 active', '1003 terminated;rejected']);
  world.state.feature(alice, 'dnd', true);
  await settle();
  assert.deepEqual(world.read(), []);
  world.state.feature(bob, 'dnd', true);
  await settle();
  assert.deepEqual(brief(world.read()[0]!), [false, '1002 active']);
});

test('L46-03: who is in the list is told with all of the list when somebody comes or goes; a list that is gone sends its phones back', async () => {
  const world = new ListWorld();
  await world.watching();
  world.lists.set(office, alice, carol);
  world.lists.picture();
  await settle();
  assert.deepEqual(brief(world.read()[0]!), [true, '1001 active', '1003 active']);
  world.state.calls(bob, 'x');
  await settle();
  assert.deepEqual(world.read(), []);
  world.lists.picture();
  await settle();
  assert.deepEqual(world.read(), [], 'the same list again is no news');
  world.lists.lists.clear();
  world.lists.picture();
  await settle();
  const [last] = world.sender.take();
  assert.deepEqual(last?.message.subscription, { state: 'terminated', reason: 'deactivated' });
  assert.equal(world.notifier.list().length, 0);
});

test('who asked for a group before its PBX had told of it is sent back once, and then gets the list', async () => {
  const world = new ListWorld();
  world.lists.lists.clear();
  world.lists.complete = false;
  await world.lamp({ resource: office, requestUri: 'sip:office@pbx.test' });
  const other = await world.lamp();
  world.lists.picture();
  await settle();
  assert.equal(world.notifier.list().length, 2);
  world.lists.set(office, alice);
  world.lists.complete = true;
  world.lists.picture();
  await settle();
  assert.deepEqual(
    world.sender.take().map(({ message }) => message.subscription.reason),
    ['deactivated'],
  );
  assert.equal(world.notifier.list().length, 1);
  world.lists.picture();
  await settle();
  assert.deepEqual([world.sender.take(), other.localCseq > 0], [[], true]);
});

test('a user has so many lists and no more; what he gives back counts no longer', async () => {
  const world = new ListWorld();
  const dialogs = [];
  for (let count = 0; count < 20; count += 1) dialogs.push((await world.watching()).dialog);
  assert.equal((await world.subscribe(world.asking())).status, 403);
  assert.equal((await world.subscribe(world.asking({ watcher: { aor: alice, how: 'digest' } }))).status, 200);
  await world.again(dialogs[0]!, { expires: 0 });
  assert.equal((await world.subscribe(world.asking())).status, 200);
});

test('over UDP the list comes in NOTIFYs that fit, one behind the other; changes wait their turn and nothing is lost', async () => {
  const world = new ListWorld();
  world.room = 900;
  world.sender.hold = true;
  await world.subscribe(world.asking());
  const table = new ListTable();
  const seen: unknown[] = [];
  for (let count = 0; world.sender.sent.length > 0 && count < 20; count += 1) {
    const [notify, ...others] = world.sender.take();
    assert.equal(others.length, 0, 'one at a time');
    const document = documentOf(notify!);
    seen.push(brief(document));
    table.take(document);
    if (count === 0) world.state.calls(carol, 'c1');
    await notify!.answer(200);
  }
  assert.equal((seen[0] as unknown[])[0], true);
  assert.ok(seen.length > 1 && seen.slice(1).every((each) => (each as unknown[])[0] === false));
  assert.deepEqual(
    [...table.rows.values()].map(({ state }) => state),
    ['active', 'active', 'active'],
  );
  const last = table.rows.get('sip:1003@pbx.test')?.part?.content ?? '';
  assert.deepEqual(JSON.parse(last).ids, ['c1']);
});

test('a NOTIFY that got lost is followed by all of the list, for a phone must not read a partial one behind a gap', async () => {
  const world = new ListWorld();
  const { first } = await world.watching();
  const table = new ListTable().take(first[0]!);
  world.sender.script = () => 408;
  world.state.calls(bob, 'b1');
  await settle();
  world.sender.take();
  world.sender.script = () => 200;
  world.state.calls(carol, 'c1');
  await world.clock.run(1000);
  await settle();
  const [next] = world.read();
  assert.deepEqual(brief(next!), [true, '1001 active', '1002 active', '1003 active']);
  table.take(next!);
});

test('a fetch is one NOTIFY with all of it, however little room; an end that does not fit goes without', async () => {
  const world = new ListWorld();
  world.room = 100;
  const { first } = await world.watching({ expires: 0 });
  assert.deepEqual(brief(first[0]!), [true, '1001 active', '1002 active', '1003 active']);
  world.room = Number.POSITIVE_INFINITY;
  const { dialog } = await world.watching();
  world.room = 100;
  await world.again(dialog, { expires: 0 });
  const [end] = world.sender.take();
  assert.deepEqual([end?.message.contentType, end?.message.subscription.state], [null, 'terminated']);
  assert.deepEqual(end?.message.headers, [['Require', 'eventlist']]);
});

test('the watchers of a member are those of lists with it, too', async () => {
  const store = new FakeStore();
  const lists = new FakeLists();
  lists.set(office, alice, bob);
  const winfo = {
    ...ownKeys,
    event: 'lamps.winfo',
    contentTypes: ['application/keys'] as const,
    about: 'lamps',
    eventlist: false,
    render: (_: unknown, { watchers }: { watchers: readonly unknown[] }) => ({
      bodies: [{ contentType: 'application/keys', content: JSON.stringify(watchers), covers: 'full' as const }],
      shown: [],
    }),
  };
  const world = new World(store, {
    packages: [listed, winfo],
    lists: { reader: lists, format: listFormat, aorFor: () => null },
  });
  await world.subscribe({ event: 'lamps.winfo', watcher: { aor: alice, how: 'digest' }, resource: alice });
  assert.deepEqual(JSON.parse(world.sender.take()[0]!.message.content), []);
  const accept = ['*/*'];
  const dialog = newDialog(tcp('c1'));
  await world.subscribe({ resource: office, supported: ['eventlist'], accept, dialog, device: 'd' });
  await settle();
  const told = world.sender.take().filter(({ message }) => message.event === 'lamps.winfo');
  assert.equal(JSON.parse(told[0]!.message.content).length, 1);
  assert.equal(JSON.parse(told[0]!.message.content)[0].watcher, bob);
  lists.set(office, bob);
  lists.picture();
  await world.clock.run(1000);
  const left = world.sender.take().filter(({ message }) => message.event === 'lamps.winfo');
  assert.deepEqual(JSON.parse(left[0]!.message.content), [], 'who is taken from the list is watched no more');
});

test('L46-08: a phone that comes back takes its list over, and is told once', async () => {
  const world = new ListWorld();
  await world.watching({ device: 'desk', dialog: newDialog(udp(5060)) });
  await world.watching({ device: 'desk', dialog: newDialog(udp(5070)) });
  assert.equal(world.notifier.list().length, 1);
  world.state.calls(bob, 'b1');
  await settle();
  assert.equal(world.read().length, 1);
});
