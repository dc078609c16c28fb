import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { mediaType } from '../../src/event-packages/dialog/words.ts';
import { validDialogInfo } from '../event-packages/dialog/schema.ts';
import { type DialogInfo, dialogInfo, lamp } from '../support/phone.ts';
import { domain, type Hand, type Talk } from './hand.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open(`phones:
  profiles:
    - { name: private, match: '^private', notifyMinIntervalMs: 0, identities: none }
    - { name: trying, match: '^trying', notifyMinIntervalMs: 0, trying: show }
    - { name: quick, match: '^quick', notifyMinIntervalMs: 0 }
`);
});
afterEach(() => stage.tidy());
after(() => stage.close());

async function act(action: string, body: object): Promise<string> {
  const answer = await stage.daemon.api<{ id: string }>(`/api/v1/simulator/${action}`, { method: 'POST', body });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body?.id;
}

/** Somebody who watches `ext`: his hand and his dialog, the first document read. */
async function watch(ext: string, userAgent = 'quick', event = 'dialog'): Promise<{ hand: Hand; talk: Talk }> {
  const hand = await stage.hand('tcp');
  const lines = { 'User-Agent': userAgent };
  const { talk, status, text } = await hand.ask({ user: stage.ext(), uri: `sip:${ext}@${domain}`, event, lines });
  assert.equal(status, 200, text);
  await hand.next(talk);
  return { hand, talk };
}

async function until(hand: Hand, talk: Talk, right: (info: DialogInfo) => boolean): Promise<string> {
  return (await hand.next(talk, (notify) => right(dialogInfo(notify)))).body;
}

test('D42-01: a SUBSCRIBE that names one dialog is served with all of them, whatever stands in call-id and the tags', async () => {
  const [ext, other] = [stage.ext(), stage.ext()];
  const id = await act('call', { from: other, to: ext });
  const names = [
    'call-id="x\\"y;z";to-tag=a;from-tag=b',
    'call-id=x;to-tag=a',
    'include-session-description',
    'call-id=""',
  ];
  for (const name of names) {
    const hand = await stage.hand('tcp');
    const { talk, status } = await hand.ask({
      user: stage.ext(),
      uri: `sip:${ext}@${domain}`,
      event: `dialog;${name}`,
    });
    assert.equal(status, 200, name);
    const { body } = await hand.next(talk);
    const { state, dialogs } = dialogInfo({ contentType: mediaType, body });
    assert.deepEqual([state, dialogs.map((dialog) => dialog.state)], ['full', ['early']], name);
    assert.doesNotMatch(body, /session-description|v=0/);
  }
  await act('hangup', { id });
});

test('D42-02: all dialogs of an extension are granted 3600 s where nothing is asked, one dialog alone too', async () => {
  const hand = await stage.hand();
  for (const event of ['dialog', 'dialog;call-id=a;to-tag=b;from-tag=c']) {
    const answer = await hand.ask({ user: stage.ext(), event, lines: { Expires: null } });
    assert.equal(answer.header('Expires'), '3600');
  }
});

test('D42-03: an Accept that does not hold application/dialog-info+xml is answered 406, one that does 200', async () => {
  const hand = await stage.hand();
  const status = async (Accept: string) => (await hand.ask({ user: stage.ext(), lines: { Accept } })).status;
  assert.equal(await status('application/pidf+xml, multipart/related'), 406);
  assert.equal(await status('application/x-as-feature-event+xml'), 406);
  assert.equal(await status(`application/pidf+xml, ${mediaType}`), 200);
});

test('D42-06, D42-07, D42-08: an id is one call from its birth to its end, its state only goes forward, ringing is recipient and early', async () => {
  const [ext, caller, second] = [stage.ext(), stage.ext(), stage.ext()];
  const { hand, talk } = await watch(ext, 'trying');
  const { hand: other, talk: otherTalk } = await watch(caller, 'trying');
  const first = await act('call', { from: caller, to: ext });
  const ringing = dialogInfo({
    contentType: mediaType,
    body: await until(hand, talk, (info) => lamp(info) === 'ringing'),
  });
  assert.deepEqual(
    ringing.dialogs.map(({ direction, state }) => [direction, state]),
    [['recipient', 'early']],
  );
  await act('answer', { id: first });
  await until(hand, talk, (info) => lamp(info) === 'busy');
  const waiting = await act('call', { from: second, to: ext });
  await until(hand, talk, ({ dialogs }) => dialogs.length === 2);
  await act('hangup', { id: first });
  await until(hand, talk, ({ dialogs }) => dialogs.some(({ state }) => state === 'terminated'));
  await act('hangup', { id: waiting });
  await until(hand, talk, (info) => lamp(info) === 'off');
  await until(other, otherTalk, (info) => lamp(info) === 'off');

  const order = ['trying', 'proceeding', 'early', 'confirmed', 'terminated'];
  for (const [phone, dialog, calls] of [
    [hand, talk, 2],
    [other, otherTalk, 1],
  ] as const) {
    const seen = new Map<string, number[]>();
    for (const notify of phone.heard(dialog).slice(1)) {
      const { dialogs } = dialogInfo(notify);
      assert.equal(new Set(dialogs.map(({ id }) => id)).size, dialogs.length, 'an id twice in a document');
      for (const { id, state } of dialogs) seen.set(id, [...(seen.get(id) ?? []), order.indexOf(state)]);
    }
    assert.equal(seen.size, calls);
    for (const states of seen.values()) {
      assert.ok(
        states.every((state, at) => state >= 0 && state >= (states[at - 1] ?? 0)),
        `${states}`,
      );
      assert.equal(states.at(-1), order.indexOf('terminated'));
      assert.equal(states.filter((state) => state === order.indexOf('terminated')).length, 1, 'the end is told once');
    }
  }
  const callerSide = dialogInfo(other.heard(otherTalk)[1]!);
  assert.equal(callerSide.dialogs[0]?.direction, 'initiator');
});

test('D42-09, D42-15: one identity and one target a side, in the order of the schema, well-formed whatever the caller is called', async () => {
  const [ext, caller] = [stage.ext(), stage.ext()];
  const { hand, talk } = await watch(ext);
  const fromName = 'Zoë "&<]]>\u0007 Müller';
  const id = await act('call', { from: caller, to: ext, fromName });
  const body = await until(hand, talk, (info) => lamp(info) === 'ringing');
  validDialogInfo(body); // element order, attributes and how often each may stand, of RFC 4235 4.4
  assert.equal([...body.matchAll(/<identity/g)].length, 2);
  assert.equal([...body.matchAll(/<target/g)].length, 2);
  const [only] = dialogInfo({ contentType: mediaType, body }).dialogs;
  assert.equal(only?.remote.display, 'Zoë "&<]]> Müller');
  assert.equal(only?.remote.identity, `sip:${caller}@${domain}`);
  await act('hangup', { id });
});

test('D42-09a, D42-11: hold is sip.rendering no on the local target of the holder, resume is the target without it', async () => {
  const [ext, caller] = [stage.ext(), stage.ext()];
  const [holder, held] = [await watch(ext), await watch(caller)];
  const id = await act('call', { from: caller, to: ext });
  await act('answer', { id });
  await act('hold', { id, by: ext });
  const on = await until(holder.hand, holder.talk, (info) => lamp(info) === 'held');
  assert.match(on, /<local>.*<target uri="[^"]+"><param pname="\+sip\.rendering" pval="no"\/><\/target><\/local>/);
  assert.doesNotMatch(on.replace(/<local>.*?<\/local>/, ''), /sip\.rendering/);
  await act('resume', { id, by: ext });
  const off = await until(holder.hand, holder.talk, (info) => lamp(info) === 'busy');
  assert.match(off, /<local>.*<target uri="[^"]+"\/><\/local>/);
  await act('hangup', { id });
  await until(held.hand, held.talk, (info) => info.dialogs.some(({ state }) => state === 'terminated'));
  for (const notify of held.hand.heard(held.talk)) assert.doesNotMatch(notify.body, /sip\.rendering/);
});

test('D42-12: what belongs to shared lines is asked for in vain: dialog;shared is dialog, and no element of RFC 7463 is sent', async () => {
  const [ext, caller] = [stage.ext(), stage.ext()];
  const { hand, talk } = await watch(ext, 'quick', 'dialog;shared');
  const id = await act('call', { from: caller, to: ext });
  const body = await until(hand, talk, (info) => lamp(info) === 'ringing');
  assert.doesNotMatch(body, /sa:|exclusive|appearance|joined-dialog|replaced-dialog/);
  await act('hangup', { id });
});

test('D42-13: where a profile keeps identities back a watcher sees states only; nobody is told a Call-ID or a tag', async () => {
  const [ext, caller] = [stage.ext(), stage.ext()];
  const [closed, open] = [await watch(ext, 'private'), await watch(ext)];
  const id = await act('call', { from: caller, to: ext });
  await act('answer', { id });
  const hidden = await until(closed.hand, closed.talk, (info) => lamp(info) === 'busy');
  assert.doesNotMatch(hidden, /<remote>/);
  assert.ok(!hidden.includes(caller));
  const shown = await until(open.hand, open.talk, (info) => lamp(info) === 'busy');
  assert.match(shown, new RegExp(`<remote>.*sip:${caller}@`));
  for (const body of [hidden, shown]) assert.doesNotMatch(body, /call-id|-tag|referred-by|route-set/);
  await act('hangup', { id });
});
