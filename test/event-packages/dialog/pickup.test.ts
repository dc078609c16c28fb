import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dialog } from '../../../src/event-packages/dialog/dialog.ts';
import { call, party, requestWith, viewWith } from '../views.ts';
import { sideOf } from './lamp-of-document.ts';
import { calls, render } from './rendered.ts';

describe('pickup', () => {
  const keys = { callId: 'call<1>@pbx', localTag: 'tag-of-pbx', remoteTag: 'tag-of-phone' };
  const ringing = calls(call('c', { phase: 'early', ...keys }));
  const code = { pickup: 'code', pickupCode: '*8' } as const;
  const replaces = { pickup: 'replaces' } as const;
  const bob = 'sip:1002@lamplighter.test';

  it('by code is a remote target to dial, beside who is calling', () => {
    const { root } = render(ringing, { profile: code, mayPickUp: true });
    assert.equal(sideOf(root, 'remote'), `Bob <${bob}> sip:*81001@lamplighter.test`);
    assert.equal(sideOf(root, 'local'), '- <sip:1001@lamplighter.test> sip:1001@lamplighter.test');
  });

  it('by code stays possible where the caller is not to be known', () => {
    const xml = render(ringing, { profile: { ...code, identities: 'none' }, mayPickUp: true }).xml;
    assert.match(xml, /<remote><target uri="sip:\*81001@lamplighter\.test"\/><\/remote>/);
    assert.doesNotMatch(xml, /1002|Bob/);
    const anonymous = calls(call('c', { phase: 'early', remote: party('0171555', 'Secret', false) }));
    const hidden = render(anonymous, { profile: code, mayPickUp: true }).xml;
    assert.match(hidden, /<target uri="sip:\*81001@lamplighter\.test"\/><\/remote>/);
    assert.doesNotMatch(hidden, /0171555|Secret/);
  });

  it("by Replaces names the dialog as the phone sees it: our local tag is the phone's remote one (RFC 3891, Snom)", () => {
    const { root } = render(ringing, { profile: replaces, mayPickUp: true });
    const [dialog] = root.children;
    assert.deepEqual(
      ['call-id', 'local-tag', 'remote-tag'].map((name) => dialog?.attributes.get(name)),
      ['call<1>@pbx', 'tag-of-phone', 'tag-of-pbx'],
    );
    // an INVITE to the caller himself would never reach the PBX
    assert.equal(sideOf(root, 'remote'), `Bob <${bob}> sip:1001@lamplighter.test`);
  });

  it('by Replaces is offered with all three or not at all', () => {
    for (const missing of ['callId', 'localTag', 'remoteTag'] as const) {
      const partly = calls(call('c', { phase: 'early', ...keys, [missing]: undefined }));
      const { xml } = render(partly, { profile: replaces, mayPickUp: true });
      assert.doesNotMatch(xml, /call-id|-tag/, missing);
    }
  });

  it('is for whoever may, and for him alone, though one document is kept for all watchers', () => {
    for (const profile of [code, replaces]) {
      const plain = render(ringing, { profile: { ...profile, pickup: 'none' } }).xml;
      const request = requestWith({ profile }); // one profile, as of one kind of phone
      const [yes, no, again] = [true, false, true].map(
        (mayPickUp) => dialog.render(ringing, { ...request, mayPickUp }).bodies[0]?.content,
      );
      assert.equal(no, plain);
      assert.notEqual(yes, plain);
      assert.equal(again, yes);
    }
  });

  it('is of calls that ring: not of what the extension itself calls, nor of answered ones', () => {
    const others = [
      call('c', keys),
      call('c', { ...keys, holding: true }),
      call('c', { ...keys, phase: 'early', direction: 'initiator' }),
      call('c', { ...keys, phase: 'trying' }),
    ];
    for (const profile of [code, replaces]) {
      for (const one of others) {
        const { root, xml } = render(calls(one), { profile: { ...profile, trying: 'show' }, mayPickUp: true });
        assert.doesNotMatch(xml, /call-id|-tag/);
        assert.equal(sideOf(root, 'remote'), `Bob <${bob}> ${bob}`);
      }
    }
    assert.notEqual(render(calls(call('c', { phase: 'proceeding' })), { profile: code, mayPickUp: true }).xml, '');
  });

  it('of do not disturb there is none, and ended calls take their keys with them', () => {
    const quiet = viewWith({ features: { dnd: { enabled: true } } });
    for (const profile of [code, replaces]) {
      assert.equal(sideOf(render(quiet, { profile, mayPickUp: true }).root, 'remote'), undefined);
      assert.doesNotMatch(render(viewWith(), { profile, mayPickUp: true, shown: ['c'] }).xml, /target|-id|-tag/);
    }
  });
});
