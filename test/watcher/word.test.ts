import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventPackages } from '../../src/event-packages/index.ts';
import type { PublishedDialog } from '../../src/model/publication.ts';
import { OwnCalls } from '../../src/watcher/own-calls.ts';
import { Versions } from '../../src/watcher/versions.ts';
import { type Audible, Word } from '../../src/watcher/word.ts';
import { FakeClock } from '../support/fake-clock.ts';

function word(event: string): (body: string, contentType: string) => ReturnType<Word['take']> {
  const made = new Word(eventPackages.find((pkg) => pkg.event === event) as Audible, new FakeClock());
  return (body, contentType) => made.take({ body: Buffer.from(body), contentType });
}

const featureType = 'application/x-as-feature-event+xml';
const ns = 'xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed3"';
const dnd = (on: boolean) =>
  `<DoNotDisturbEvent ${ns}><device/><doNotDisturbOn>${on}</doNotDisturbOn></DoNotDisturbEvent>`;
const forward = (on: boolean, to: string) =>
  `<ForwardingEvent ${ns}><device/><forwardingType>forwardImmediate</forwardingType><forwardStatus>${on}</forwardStatus><forwardTo>${to}</forwardTo></ForwardingEvent>`;

describe('what a phone says', () => {
  test('on is news, off is news after on, and nothing is news twice', () => {
    const say = word('as-feature-event');
    const wished = (body: string) =>
      say(body, featureType).wishes.map((wish) => ('enabled' in wish ? wish.enabled : null));
    assert.deepEqual(wished(dnd(false)), []);
    assert.deepEqual(wished(dnd(true)), [true]);
    assert.deepEqual(wished(dnd(true)), []);
    assert.deepEqual(wished(dnd(false)), [false]);
    assert.deepEqual(wished(forward(true, '1002')), [true]);
    assert.deepEqual(wished(forward(true, '1002')), []);
    assert.deepEqual(wished(forward(true, '1003')), [true], 'another target is another wish');
  });

  test('a new dialog makes no old word new, and what the phone changed meanwhile is news', () => {
    const made = new Word(eventPackages.find((pkg) => pkg.event === 'presence') as Audible, new FakeClock());
    const wished = (note: string) => {
      const xml = `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:x@y"><tuple id="t"><status><basic>open</basic></status><note>${note}</note></tuple></presence>`;
      const { wishes } = made.take({ body: Buffer.from(xml), contentType: 'application/pidf+xml' });
      return wishes.map((wish) => ('enabled' in wish ? wish.enabled : null));
    };
    assert.deepEqual(wished('DND'), [true]);
    made.forget();
    assert.equal(made.said, null);
    assert.deepEqual(wished('DND'), []);
    made.forget();
    assert.deepEqual(wished('Online'), [false]);
    made.forget();
    assert.deepEqual(wished('Online'), []);
  });

  test('a NOTIFY without a body says nothing, and is 200', () => {
    assert.deepEqual(word('presence')('', 'application/pidf+xml'), { reply: { status: 200 }, wishes: [], gap: false });
  });

  test('an unknown type is 415 with those that are known, whatever case and parameters a known one has', () => {
    const say = word('dialog');
    const { reply } = say('x', 'text/plain');
    assert.deepEqual(reply, { status: 415, headers: [['Accept', 'application/dialog-info+xml']] });
    const empty = '<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full" entity="sip:x@y"/>';
    assert.equal(say(empty, 'Application/Dialog-Info+XML ; charset=utf-8').reply.status, 200);
  });
});

describe('versions of dialog-info', () => {
  const judge = (versions: Versions, version: string, state = 'full') =>
    versions.judge(Buffer.from(`<dialog-info version="${version}" state="${state}"/>`));

  test('D42: a lower one is old, the next partial one is taken, a gap asks for everything', () => {
    const versions = new Versions();
    assert.equal(judge(versions, '7', 'partial'), 'gap', 'nothing to add to');
    assert.equal(judge(versions, '3'), 'take');
    assert.equal(judge(versions, '2'), 'old');
    assert.equal(judge(versions, '4', 'partial'), 'take');
    assert.equal(judge(versions, '4', 'partial'), 'old');
    assert.equal(judge(versions, '6', 'partial'), 'gap');
    assert.equal(judge(versions, '5', 'partial'), 'take');
    assert.equal(judge(versions, '5'), 'take', 'phones that do not count');
    assert.equal(judge(versions, 'x', 'partial'), 'gap');
    assert.equal(judge(versions, '4294967295'), 'take');
  });

  test('what is no dialog-info is left to the package', () => {
    assert.equal(new Versions().judge(Buffer.from('<a')), 'take');
    assert.equal(new Versions().judge(Buffer.from('<presence version="1"/>')), 'take');
  });
});

describe('whose call it is', () => {
  const remote = { number: null, name: null, presentable: true };
  const call = (id: string): PublishedDialog => ({
    id,
    phase: 'confirmed',
    direction: 'recipient',
    holding: false,
    remote,
  });
  const ids = (own: OwnCalls, atPbx: boolean, ...calls: readonly string[]) => {
    const said = own.filter({ kind: 'dialogs', dialogs: calls.map(call) }, atPbx);
    return said?.kind === 'dialogs' ? said.dialogs.map(({ id }) => id) : [];
  };

  test('while the PBX has a call nothing of the phone counts; what it had then is the PBX’s for good', () => {
    const own = new OwnCalls();
    assert.deepEqual(ids(own, false, 'a'), ['a']);
    assert.deepEqual(ids(own, true, 'a', 'b'), []);
    assert.deepEqual(ids(own, false, 'a', 'b', 'c'), ['c'], 'the PBX told the end first');
    assert.deepEqual(ids(own, false), []);
    assert.deepEqual(ids(own, false, 'a'), ['a'], 'the phone told an end too: this is another call');
  });

  test('presence passes as it is', () => {
    const said = { kind: 'presence', basic: 'open', activities: [], notes: [] } as const;
    assert.equal(new OwnCalls().filter(said, true), said);
    assert.equal(new OwnCalls().filter(null, false), null);
  });
});
