import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { validRegInfo } from '../event-packages/reg/schema.ts';
import { validWatcherInfo } from '../event-packages/winfo/schema.ts';
import type { Notify, Subscription } from '../support/phone.ts';
import { FreeswitchRig, first, second } from './freeswitch-rig.ts';
import { domain } from './hand.ts';
import { Stage } from './stage.ts';

/* message-summary, reg, dialog.winfo and presence.winfo, at the wire. */

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.tidy());
after(() => stage.close());

const messages = 'message-summary';
const packages: readonly (readonly [event: string, type: string, mostSeconds: number])[] = [
  [messages, 'application/simple-message-summary', 86_400],
  ['reg', 'application/reginfo+xml', 3761],
  ['dialog.winfo', 'application/watcherinfo+xml', 3600],
  ['presence.winfo', 'application/watcherinfo+xml', 3600],
];

async function simulate(what: string, body: object): Promise<void> {
  const { status } = await stage.daemon.api(`/api/v1/simulator/${what}`, { method: 'POST', body });
  assert.ok(status < 300, `${what} was answered ${status}`);
}

/** The next NOTIFY with this body. */
const says = (subscription: Subscription, wanted: RegExp) => subscription.next(({ body }) => wanted.test(body));

/** Who is in a list of watchers, with the ids; `status`: as what. */
function listOf(
  notify: Notify,
  status = 'active',
): { readonly uris: readonly string[]; readonly ids: readonly string[] } {
  const [list] = validWatcherInfo(notify.body).children;
  const watchers = list?.children.filter(({ attributes }) => attributes.get('status') === status) ?? [];
  return { uris: watchers.map(({ text }) => text), ids: watchers.map(({ attributes }) => attributes.get('id') ?? '') };
}

const sip = (user: string) => `sip:${user}@${domain}`;

for (const [event, type, mostSeconds] of packages) {
  test(`${event}: Accept, expiry, who may watch, refresh, fetch and end are as RFC 6665 asks`, async () => {
    const [user, other] = [stage.ext(), stage.ext()];
    const hand = await stage.hand('tcp');
    const ask = { user, event };
    for (const Accept of ['text/plain', `${type};q=0`, '']) {
      assert.equal((await hand.ask({ ...ask, lines: { Accept } })).status, 406, `Accept: ${Accept}`);
    }
    const brief = await hand.ask({ ...ask, expires: 59 });
    assert.deepEqual([brief.status, brief.header('Min-Expires')], [423, '60']);
    for (const resource of [other, 'alice']) {
      assert.equal((await hand.ask({ ...ask, uri: sip(resource) })).status, 403, `a stranger asks for ${resource}`);
    }
    assert.deepEqual(await stage.subscriptions(user), []);

    const long = await hand.ask({
      ...ask,
      expires: 4_294_967_295,
      lines: { Accept: `text/plain, ${type.toUpperCase()}` },
    });
    assert.deepEqual([long.status, long.header('Expires')], [200, String(mostSeconds)]);
    const told = await hand.next(long.talk);
    assert.deepEqual([told.event, told.contentType, told.subscriptionState.state], [event, type, 'active']);
    const again = await hand.ask({ ...ask, talk: long.talk, lines: { Accept: '*/*' } });
    assert.equal(again.status, 200);
    assert.equal((await hand.next(long.talk)).contentType, type);
    assert.equal((await hand.ask({ ...ask, talk: long.talk, expires: 0 })).status, 200);
    const last = await hand.next(long.talk);
    assert.equal(last.subscriptionState.params.get('reason'), 'timeout');
    assert.notEqual(last.body, '');
    const fetched = await hand.ask({ ...ask, expires: 0, lines: { Accept: null } });
    const state = await hand.next(fetched.talk);
    assert.deepEqual([fetched.status, state.subscriptionState.state, state.contentType], [200, 'terminated', type]);
    assert.deepEqual(await stage.subscriptions(user), []);
    // A body is a filter, which all of these RFCs let a server pass over.
    const filter = { 'Content-Type': 'application/simple-filter+xml' };
    assert.equal((await hand.ask({ ...ask, lines: filter, body: '<filter/>'.repeat(5000) })).status, 200);
  });
}

test('M38-01: the message lamp follows the mailbox: nothing, two new, heard, nothing', async () => {
  const user = stage.ext();
  const phone = await stage.phone(user);
  const lamp = await phone.subscribe({ event: messages });
  assert.equal(lamp.response.status, 200);
  const account = `Message-Account: ${sip(user)}\r\n`;
  assert.equal((await lamp.next()).body, `Messages-Waiting: no\r\n${account}Voice-Message: 0/0 (0/0)\r\n`);
  await simulate('mailbox', { ext: user, new: 2, old: 8 });
  assert.equal((await lamp.next()).body, `Messages-Waiting: yes\r\n${account}Voice-Message: 2/8 (0/0)\r\n`);
  await simulate('mailbox', { ext: user, new: 0, old: 10 });
  await says(lamp, /^Messages-Waiting: no\r\n.*\r\nVoice-Message: 0\/10 /);
  await lamp.refresh();
  await says(lamp, /Voice-Message: 0\/10 \(0\/0\)\r\n$/);
  assert.deepEqual(phone.violations, []);
});

test('M38-01: every summary that leaves has three lines with CRLF, and an account without angle brackets', async () => {
  const user = stage.ext();
  const phone = await stage.phone(user);
  const lamp = await phone.subscribe({ event: messages });
  for (const count of [1, 99, 100]) {
    await simulate('mailbox', { ext: user, new: count, old: count });
    await lamp.refresh();
    await says(lamp, new RegExp(`Voice-Message: ${count}/${count} `));
  }
  for (const { body } of lamp.notifies) {
    assert.match(body, /^(?:[A-Z][a-z]+-[A-Z][a-z]+: [^\r\n<>]+\r\n){3}$/);
    assert.match(body, /^Message-Account: sip:/m);
  }
});

test('R36-01: a registration that ends is told as terminated, and as active when it comes back', async () => {
  const user = stage.ext();
  const phone = await stage.phone(user);
  const subscription = await phone.subscribe({ event: 'reg' });
  const stateOf = ({ body }: Notify) => validRegInfo(body).children[0]?.attributes.get('state');
  const there = await subscription.next();
  assert.equal(stateOf(there), 'active');
  assert.equal(validRegInfo(there.body).children[0]?.attributes.get('aor'), sip(user));
  await simulate('register', { ext: user, registered: false });
  assert.equal(stateOf(await subscription.next()), 'terminated');
  await subscription.refresh();
  assert.equal(stateOf(await subscription.next()), 'init');
  await simulate('register', { ext: user, registered: true });
  await subscription.next((notify) => stateOf(notify) === 'active', 30_000);
  assert.deepEqual(phone.violations, [], 'versions grow, among others');
});

test('W38-01: who watches the lamp of a user is told to him: those there are, those who come, those who go', async () => {
  const [user, colleague, boss] = [stage.ext(), stage.ext(), stage.ext()];
  const own = await stage.phone(user);
  const [one, two] = [await stage.phone(colleague), await stage.phone(boss)];
  await one.subscribe({ event: 'dialog', resource: user });
  const winfo = await own.subscribe({ event: 'dialog.winfo' });
  const begun = await winfo.next();
  assert.deepEqual(listOf(begun).uris, [sip(colleague)]);
  assert.match(begun.body, new RegExp(`<watcher-list resource="${sip(user)}" package="dialog">`));
  const lamp = await two.subscribe({ event: 'dialog', resource: user });
  const both = await winfo.next((notify) => listOf(notify).uris.length === 2, 30_000);
  assert.deepEqual(listOf(both).uris, [sip(colleague), sip(boss)]);
  await own.subscribe({ event: 'as-feature-event' });
  await lamp.unsubscribe();
  const left = await winfo.next((notify) => listOf(notify).uris.length === 1, 30_000);
  assert.deepEqual(listOf(left), listOf(begun), 'the same subscription has the same id');
  assert.deepEqual(listOf(left, 'terminated').uris, [sip(boss)]);
  assert.match(left.body, /status="terminated" event="timeout"/);
  await winfo.refresh();
  assert.deepEqual(listOf(await winfo.next(), 'terminated').uris, [], 'told once');
  assert.deepEqual([...own.violations, ...one.violations, ...two.violations], [], 'versions grow, among others');
});

test('W38-01: presence and dialog have lists of their own, and there is none of the watchers of watchers', async () => {
  const [user, colleague] = [stage.ext(), stage.ext()];
  const [phone, other] = [await stage.phone(user), await stage.phone(colleague)];
  await phone.subscribe({ event: 'dialog' });
  const ofDialog = await phone.subscribe({ event: 'dialog.winfo' });
  const ofPresence = await phone.subscribe({ event: 'presence.winfo' });
  assert.deepEqual(listOf(await ofDialog.next()).uris, [sip(user)]);
  const nobody = await ofPresence.next();
  assert.match(nobody.body, /package="presence"/);
  assert.deepEqual(listOf(nobody).uris, []);
  const watching = await other.subscribe({ event: 'presence', resource: user });
  assert.equal(watching.response.status, 200);
  assert.deepEqual(listOf(await ofPresence.next()).uris, [sip(colleague)]);
  assert.equal(ofDialog.notifies.length, 1);
  for (const event of ['dialog.winfo.winfo', 'presence.winfo.winfo', 'as-feature-event.winfo', '.winfo']) {
    const { response } = await phone.subscribe({ event, accept: '*/*' });
    assert.equal(response.status, 489, event);
  }
});

test('after kill -9 all of them go on in their dialogs, with higher versions and the same watchers', async () => {
  const own = await Stage.open();
  try {
    const user = own.ext();
    const phone = await own.phone(user);
    await phone.subscribe({ event: 'dialog' });
    const all = await Promise.all(packages.map(([event]) => phone.subscribe({ event })));
    const before = await Promise.all(all.map((subscription) => subscription.next()));
    await own.killAndStart();
    const later = await Promise.all(all.map((subscription) => subscription.next(undefined, 30_000)));
    for (const [at, [event]] of packages.entries()) {
      const [old, fresh] = [before[at]!, later[at]!];
      assert.equal(fresh.event, event);
      assert.ok(fresh.cseq > old.cseq);
      if (event === 'dialog.winfo') assert.deepEqual(listOf(fresh), listOf(old));
      if (event !== messages) assert.ok((fresh.version ?? 0) > (old.version ?? 0));
      else assert.equal(fresh.body, old.body);
      assert.equal((await all[at]!.refresh()).status, 200);
    }
    assert.deepEqual(phone.violations, []);
  } finally {
    await own.close();
  }
});

test('beside FreeSWITCH: urgent messages light the lamp and are counted, in one tenant and not in the other', () =>
  FreeswitchRig.run({}, async (rig) => {
    const [desk, stranger] = [await rig.phone('1001'), await rig.phone('1001', second)];
    const lamp = await desk.subscribe({ event: messages });
    const dark = await stranger.subscribe({ event: messages });
    await lamp.next();
    assert.match(
      (await dark.next()).body,
      new RegExp(`^Messages-Waiting: no\r\nMessage-Account: sip:1001@${second}\r\n`),
    );
    rig.pbx.mailbox(`1001@${first}`, { new: 3, old: 1, newUrgent: 1, oldUrgent: 1 });
    const account = `Message-Account: sip:1001@${first}`;
    await says(lamp, new RegExp(`^Messages-Waiting: yes\r\n${account}\r\nVoice-Message: 3/1 \\(1/1\\)\r\n$`));
    rig.pbx.mailbox(`1001@${first}`, { new: 0, old: 4, newUrgent: 1 });
    await says(lamp, /^Messages-Waiting: yes\r\n.*\r\nVoice-Message: 1\/4 \(1\/0\)\r\n$/);
    rig.pbx.mailbox(`1001@${first}`, { new: 0, old: 4 });
    await says(lamp, /^Messages-Waiting: no\r\n.*\r\nVoice-Message: 0\/4 \(0\/0\)\r\n$/);
    assert.equal(dark.notifies.length, 1);
    assert.deepEqual([...desk.violations, ...stranger.violations], []);
  }));

test('beside FreeSWITCH: each phone of a user is a contact with its own URI, and the same id while it is there', () =>
  FreeswitchRig.run({}, async (rig) => {
    const phone = await rig.phone('1001');
    const subscription = await phone.subscribe({ event: 'reg' });
    const contacts = ({ body }: Notify) =>
      new Map(
        validRegInfo(body)
          .children[0]?.children.filter(({ attributes }) => attributes.get('state') === 'active')
          .map(({ attributes, children }) => [attributes.get('id'), children[0]?.text]),
      );
    assert.equal(contacts(await subscription.next()).size, 0);
    const desk = rig.pbx.register(`1001@${first}`, 5301);
    const alone = contacts(await subscription.next((notify) => contacts(notify).size === 1, 30_000));
    rig.pbx.register(`1001@${first}`, 5302);
    const both = contacts(await subscription.next((notify) => contacts(notify).size === 2, 30_000));
    for (const [id, uri] of alone) assert.equal(both.get(id), uri);
    assert.deepEqual([...both.values()].map((uri) => /:(530\d)\b/.exec(uri ?? '')?.[1]).sort(), ['5301', '5302']);
    for (const uri of both.values()) assert.match(uri ?? '', /^sip:1001@[^;]+(?:;(?!fs_)[^;]+)*$/);
    rig.pbx.phones.unregister(desk);
    const rest = await subscription.next((notify) => contacts(notify).size === 1, 30_000);
    assert.match(rest.body, /state="terminated" event="expired"><uri>sip:1001@[^<]+5301/);
    assert.deepEqual(phone.violations, []);
  }));
