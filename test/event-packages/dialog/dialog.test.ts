import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dialog } from '../../../src/event-packages/dialog/dialog.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { callKinds, type PhoneProfile } from '../../../src/model/profile.ts';
import type { DialogView, ResourceView } from '../../../src/model/views.ts';
import { anySign } from '../../support/any-sign.ts';
import { fixture } from '../fixtures.ts';
import { call, party, viewWith } from '../views.ts';
import { sideOf, stateOf, statesOf } from './lamp-of-document.ts';
import { calls, type Request, render } from './rendered.ts';

const single = { dialogs: 'single' } as const;

describe('documents', () => {
  const rows: readonly (readonly [string, ResourceView, Request])[] = [
    ['ringing', viewWith({ displayName: 'Alice', dialogs: [call('c1', { phase: 'early' })] }), { version: 7 }],
    ['holding', calls(call('c1', { holding: true })), { version: 8, shown: ['c1'] }],
    ['ended', viewWith(), { version: 9, shown: ['c1'] }],
    ['do-not-disturb', viewWith({ features: { dnd: { enabled: true } } }), { version: 10 }],
    ['idle', viewWith(), { occasion: 'initial' }],
    ['idle-empty', viewWith(), { occasion: 'initial', profile: { idleAtSubscribe: 'empty' } }],
  ];
  for (const [name, view, request] of rows) {
    it(`${name.replaceAll('-', ' ')}: byte by byte`, () => {
      assert.equal(render(view, request).xml, fixture(`dialog/${name}.xml`).toString().trimEnd());
    });
  }

  it('D42-04 are full and carry the version of the subscription: Asterisk counts in its renderer', () => {
    for (const version of [0, 1, 2 ** 31 - 1]) {
      const { root } = render(calls(call('c1')), { version });
      assert.equal(root.attributes.get('version'), String(version));
      assert.equal(root.attributes.get('state'), 'full');
    }
  });

  it('name the entity byte by byte as subscribed', () => {
    const entity = 'sip:1001@Lamplighter.TEST:5060;user=phone;x="&<>"';
    assert.equal(render(viewWith(), { entity }).root.attributes.get('entity'), entity);
  });

  it("of one view are each its own watcher's, whoever came before: name, version and calls", () => {
    const view = calls(call('c1'));
    const requests = [
      { entity: 'sip:1001@a.test', version: 0 },
      { entity: 'sip:1001@b.test', version: 7 },
      { entity: 'sip:1001@a.test;x="urn:ietf:params:xml:ns:dialog-info" version="5"', version: 12 },
      { entity: 'sip:1001@a.test', version: 1, profile: { identities: 'none' } },
      { entity: 'sip:1001@a.test', version: 2 },
    ] as const;
    for (const request of [...requests, ...requests].map((each) => ({ ...each, shown: ['c1'] }))) {
      const { root, xml } = render(view, request);
      assert.equal(root.attributes.get('entity'), request.entity);
      assert.equal(root.attributes.get('version'), String(request.version));
      assert.equal(xml, render(calls(call('c1')), request).xml, 'as if nobody had come before');
    }
  });

  it('never tell a Call-ID or tag where nobody said so: FreeSWITCH lets whoever knows one take the call', () => {
    const secret = { callId: 'secret-1', localTag: 'secret-2', remoteTag: 'secret-3' };
    for (const phase of ['early', 'confirmed'] as const) {
      const view = calls(call('c1', { ...secret, phase }));
      for (const pickup of ['none', 'code', 'replaces'] as const) {
        assert.doesNotMatch(render(view, { profile: { pickup } }).xml, /secret|call-id|-tag/);
      }
      assert.doesNotMatch(render(view, { mayPickUp: true }).xml, /secret|call-id|-tag/);
    }
  });

  it('are the same for the user himself and for others', () => {
    const view = calls(call('c1'));
    assert.equal(render(view, { own: true }).xml, render(view, { own: false }).xml);
  });
});

describe('several calls', () => {
  const three = calls(
    call('a', { since: 1 }),
    call('b', { since: 2, phase: 'early' }),
    call('c', { since: 3, holding: true }),
  );

  it('stand in the order of the view, all of them', () => {
    const { root, shown } = render(three);
    assert.deepEqual(statesOf(root), ['a confirmed', 'b early', 'c confirmed']);
    assert.deepEqual(shown, ['a', 'b', 'c']);
  });

  it('that ended stand there once as terminated, before the live ones', () => {
    const { root, shown } = render(calls(call('b')), { shown: ['a', 'b'] });
    assert.deepEqual(statesOf(root), ['a terminated', 'b confirmed']);
    assert.deepEqual(shown, ['b']);
    assert.deepEqual(statesOf(render(calls(call('b')), { shown }).root), ['b confirmed']);
  });

  it('that ended are left out where the profile wants nothing at the end', () => {
    const profile = { idleAtEnd: 'empty' } as const;
    assert.deepEqual(statesOf(render(calls(call('b')), { shown: ['a', 'b'], profile }).root), ['b confirmed']);
    assert.deepEqual(statesOf(render(viewWith(), { shown: ['a'], profile }).root), []);
  });

  it('that this phone never saw are never called terminated: Yealink takes offence', () => {
    assert.doesNotMatch(render(calls(call('b')), { shown: [] }).xml, /terminated/);
  });
});

describe('an idle extension', () => {
  it('shows the constant dummy at subscription, and nothing to a profile that wants nothing', () => {
    const { root, shown } = render(viewWith(), { occasion: 'initial' });
    assert.deepEqual(statesOf(root), ['idle terminated']);
    assert.deepEqual(shown, []);
    const empty = render(viewWith(), { occasion: 'initial', profile: { idleAtSubscribe: 'empty' } });
    assert.deepEqual(statesOf(empty.root), []);
  });

  it('shows the call that ended since, at a refresh as at a change', () => {
    for (const occasion of ['initial', 'change', 'final'] as const) {
      assert.deepEqual(statesOf(render(viewWith(), { occasion, shown: ['a', 'b'] }).root), [
        'a terminated',
        'b terminated',
      ]);
    }
  });

  it('shows the dummy at a refresh to a profile that wants nothing at the end', () => {
    const profile = { idleAtEnd: 'empty' } as const;
    const { root } = render(viewWith(), { occasion: 'initial', shown: ['a'], profile });
    assert.deepEqual(statesOf(root), ['idle terminated']);
  });
});

describe('the end of the last call', () => {
  const profile = { idleAtEnd: 'dummy' } as const;

  it('is the constant dummy where the profile wants that, as Kamailio with force_dummy_dialog', () => {
    for (const idleAtSubscribe of ['dummy', 'empty'] as const) {
      const { root, shown } = render(viewWith(), { shown: ['a', 'b'], profile: { ...profile, idleAtSubscribe } });
      assert.deepEqual(statesOf(root), ['idle terminated']);
      assert.deepEqual(shown, []);
    }
  });

  it('leaves an ended call out of a document with live ones', () => {
    assert.deepEqual(statesOf(render(calls(call('b')), { shown: ['a', 'b'], profile }).root), ['b confirmed']);
  });
});

describe('a single dialog', () => {
  const ringing = call('ringing', { phase: 'early' });
  const proceeding = call('proceeding', { phase: 'proceeding' });
  const talking = call('talking');
  const holding = call('holding', { holding: true });
  const calling = call('calling', { phase: 'early', direction: 'initiator' });
  const trying = call('trying', { phase: 'trying', direction: 'initiator' });
  const ranked = [ringing, talking, holding, calling, trying];

  for (const [at, better] of ranked.entries()) {
    for (const worse of ranked.slice(at + 1)) {
      it(`${better.id} wins over ${worse.id}, whichever began first`, () => {
        for (const order of [
          [better, worse],
          [worse, better],
        ]) {
          const { root, shown } = render(calls(...order), { profile: { ...single, trying: 'show' } });
          assert.equal(root.children.length, 1);
          assert.deepEqual(shown, [better.id]);
        }
      });
    }
  }

  describe("in Kamailio's order", () => {
    const profile = { ...single, trying: 'show', rank: ['early', 'confirmed', 'proceeding', 'trying'] } as const;
    const early = call('early', { phase: 'early', direction: 'initiator' });
    const order = [early, talking, proceeding, trying];
    for (const [at, better] of order.entries()) {
      for (const worse of order.slice(at + 1)) {
        it(`${better.phase} wins over ${worse.phase}`, () => {
          assert.deepEqual(render(calls(better, worse), { profile }).shown, [better.id]);
          assert.deepEqual(render(calls(worse, better), { profile }).shown, [better.id]);
        });
      }
    }

    it('a caller is as good as a callee, and a held call as a talking one: the newest', () => {
      assert.deepEqual(render(calls(ringing, early), { profile }).shown, ['early']);
      assert.deepEqual(render(calls(early, ringing), { profile }).shown, ['ringing']);
      assert.deepEqual(render(calls(talking, holding), { profile }).shown, ['holding']);
    });

    it('terminated comes last: told when nothing else is left', () => {
      assert.deepEqual(statesOf(render(calls(trying), { profile, shown: ['a'] }).root), ['trying trying']);
      assert.deepEqual(statesOf(render(viewWith(), { profile, shown: ['a'] }).root), ['a terminated']);
    });
  });

  it('in the order of RFC 4235 3.7.2 is the answered one', () => {
    const rank = ['confirmed', 'early', 'proceeding', 'trying'] as const;
    assert.deepEqual(render(calls(talking, ringing), { profile: { ...single, rank } }).shown, ['talking']);
  });

  it('of a kind that the rank does not name comes last', () => {
    const profile = { ...single, rank: ['ringing'] } as const;
    assert.deepEqual(render(calls(ringing, talking), { profile }).shown, ['ringing']);
    assert.deepEqual(render(calls(holding, talking), { profile }).shown, ['talking']);
  });

  it('of two equal ones is the newest', () => {
    assert.deepEqual(render(calls(ringing, proceeding), { profile: single }).shown, ['proceeding']);
    assert.deepEqual(render(calls(proceeding, ringing), { profile: single }).shown, ['ringing']);
  });

  it('is the only one in the document, even when another winner was shown: SPA962 stops on several', () => {
    for (const shown of [['holding'], ['gone'], ['gone', 'ringing']]) {
      const { root } = render(calls(holding, ringing), { profile: single, shown });
      assert.deepEqual(statesOf(root), ['ringing early']);
    }
  });

  it('may win again after another did: it was never called terminated', () => {
    const first = render(calls(talking), { profile: single });
    const second = render(calls(talking, ringing), { profile: single, shown: first.shown });
    assert.doesNotMatch(second.xml, /terminated/);
    const third = render(calls(talking), { profile: single, shown: second.shown });
    assert.deepEqual(statesOf(third.root), ['talking confirmed']);
  });

  it('is the last one shown, terminated once, when all have ended', () => {
    const { root, shown } = render(viewWith(), { profile: single, shown: ['a', 'b'] });
    assert.deepEqual(statesOf(root), ['b terminated']);
    assert.deepEqual(shown, []);
  });
});

describe('profiles', () => {
  const outgoing = (phase: DialogView['phase']): ResourceView => calls(call('c', { phase, direction: 'initiator' }));

  it('hide trying, or show it', () => {
    assert.deepEqual(statesOf(render(outgoing('trying')).root), ['idle terminated']);
    assert.deepEqual(render(outgoing('trying')).shown, []);
    assert.deepEqual(statesOf(render(outgoing('trying'), { profile: { trying: 'show' } }).root), ['c trying']);
  });

  it('do not call a hidden dialog terminated', () => {
    assert.doesNotMatch(
      render(outgoing('trying'), { shown: ['c'], profile: { idleAtSubscribe: 'empty' } }).xml,
      /termi/,
    );
  });

  it('show the caller as busy at once, the callee as ringing: Cisco SPA flashes for callers', () => {
    const profile = { callerConfirmed: true, trying: 'show' } as const;
    for (const phase of ['trying', 'proceeding', 'early', 'confirmed'] as const) {
      assert.deepEqual(statesOf(render(outgoing(phase), { profile }).root), ['c confirmed']);
    }
    assert.deepEqual(statesOf(render(calls(call('c', { phase: 'early' })), { profile }).root), ['c early']);
  });
});

describe('hold', () => {
  const alice = 'sip:1001@lamplighter.test';
  const held = calls(call('c', { holding: true }));

  it('D42-11 stands on the local target of the holder: Asterisk has it on the wrong side', () => {
    const { root } = render(held);
    assert.equal(sideOf(root, 'local'), `- <${alice}> ${alice} +sip.rendering=no`);
    assert.doesNotMatch(sideOf(root, 'remote') ?? '', /rendering/);
  });

  it('D42-09a is taken back by the target without it', () => {
    assert.equal(sideOf(render(calls(call('c'))).root, 'local'), `- <${alice}> ${alice}`);
  });

  it('has the attribute name the phone knows', () => {
    assert.match(render(held).xml, /<param pname="\+sip\.rendering" pval="no"\/>/);
    assert.match(
      render(held, { profile: { paramAttr: 'pvalue' } }).xml,
      /<param pname="\+sip\.rendering" pvalue="no"\/>/,
    );
  });
});

describe('do not disturb', () => {
  const on = { features: { dnd: { enabled: true } } };
  const quiet = viewWith(on);
  const busy = viewWith({ ...on, dialogs: [call('c')] });

  it('looks like a call from nobody', () => {
    const { root, shown } = render(quiet, { occasion: 'initial' });
    assert.deepEqual(statesOf(root), ['dnd-0 confirmed']);
    assert.equal(root.children[0]?.attributes.get('direction'), 'recipient');
    assert.equal(sideOf(root, 'remote'), undefined);
    assert.deepEqual(shown, ['dnd-0']);
  });

  it('does not show where the profile says off, nor for a user without the feature', () => {
    assert.deepEqual(statesOf(render(quiet, { profile: { dndOnBlf: 'off' } }).root), ['idle terminated']);
    const without = viewWith({ features: { dnd: { enabled: true, assigned: false } } });
    assert.deepEqual(statesOf(render(without).root), ['idle terminated']);
  });

  it('gives way to a real call and comes back after it, never terminated while it is on', () => {
    for (const profile of [{}, single]) {
      const first = render(quiet, { profile });
      const second = render(busy, { profile, shown: first.shown });
      assert.deepEqual(statesOf(second.root), ['c confirmed']);
      const third = render(quiet, { profile, shown: second.shown });
      assert.deepEqual(statesOf(third.root).at(-1), 'dnd-0 confirmed');
      assert.doesNotMatch(second.xml + third.xml, /dnd[^/]*terminated/);
    }
  });

  it('D42-07: is another dialog each time it goes on: what ended never comes back', () => {
    const [first, second] = [3, 5].map((rev) => viewWith({ features: { dnd: { enabled: true, rev } } }));
    const { shown } = render(first!);
    assert.deepEqual(statesOf(render(second!, { shown }).root), ['dnd-3 terminated', 'dnd-5 confirmed']);
    const inCall = viewWith({ features: { dnd: { enabled: true, rev: 5 } }, dialogs: [call('c')] });
    assert.deepEqual(statesOf(render(inCall, { shown }).root), ['dnd-3 terminated', 'c confirmed']);
  });

  it('is told as terminated once when it goes off, during a call too', () => {
    assert.deepEqual(statesOf(render(viewWith(), { shown: ['dnd-0'] }).root), ['dnd-0 terminated']);
    const covered = render(busy, { shown: ['dnd-0'] });
    const off = render(calls(call('c')), { shown: covered.shown });
    assert.deepEqual(statesOf(off.root), ['dnd-0 terminated', 'c confirmed']);
    assert.deepEqual(off.shown, ['c']);
  });
});

describe('identities', () => {
  const remoteOf = (remote: DialogView['remote'], identities: PhoneProfile['identities'] = 'number-if-allowed') =>
    sideOf(render(calls(call('c', { remote })), { profile: { identities } }).root, 'remote');
  const bob = 'sip:1002@lamplighter.test';
  const anonymous = 'Anonymous <sip:anonymous@anonymous.invalid> sip:anonymous@anonymous.invalid';

  const rows = [
    [party('1002', 'Bob'), `Bob <${bob}> ${bob}`, `Bob <${bob}> ${bob}`],
    [party('1002'), `- <${bob}> ${bob}`, `- <${bob}> ${bob}`],
    [party('1002', 'Bob', false), anonymous, `Bob <${bob}> ${bob}`],
    [party(null, null, false), anonymous, undefined],
    [party(null, 'Bob'), anonymous.replace('Anonymous', 'Bob'), anonymous.replace('Anonymous', 'Bob')],
    [party(null), undefined, undefined],
    [party('', ' '), undefined, undefined],
  ] as const;
  for (const [remote, allowed, full] of rows) {
    it(`of ${JSON.stringify(remote)} are told by level`, () => {
      assert.equal(remoteOf(remote), allowed);
      assert.equal(remoteOf(remote, 'full'), full);
      assert.equal(remoteOf(remote, 'none'), undefined);
    });
  }

  it('that are withheld appear nowhere in the document', () => {
    const { xml } = render(calls(call('c', { remote: party('0171555', 'Secret', false) })));
    assert.doesNotMatch(xml, /0171555|Secret/);
  });

  it('of the extension are its AOR and display name', () => {
    const view = viewWith({ aor: aorOf('a b#1', 'lamplighter.test'), displayName: 'Älice', dialogs: [call('c')] });
    const uri = 'sip:a%20b%231@lamplighter.test';
    assert.equal(sideOf(render(view).root, 'local'), `Älice <${uri}> ${uri}`);
  });

  it('with & and quotes in a name stay well-formed: FreeSWITCH prints them raw and the lamp stays dark', () => {
    const name = `A & "B" <c> 'd'`;
    assert.equal(remoteOf(party('1002', name)), `${name} <${bob}> ${bob}`);
  });

  it('cannot leave the user part of the URI', () => {
    assert.match(remoteOf(party('x@evil.example')) ?? '', /<sip:x%40evil\.example@lamplighter\.test>/);
    assert.match(remoteOf(party('1>2"<3\r\n4')) ?? '', /<sip:1%3E2%22%3C34@lamplighter\.test>/);
    assert.match(remoteOf(party('+49;ext=1')) ?? '', /<sip:\+49;ext=1@lamplighter\.test>/);
  });

  it('are cut where no lamp has room for them', () => {
    const long = remoteOf(party('1'.repeat(9000), '😀'.repeat(9000))) ?? '';
    assert.ok(long.length < 500);
  });
});

describe('hostile values', () => {
  it('give a valid document with the same dialogs, whatever they are', () => {
    const text = fc.oneof(fc.string({ unit: anySign }), fc.stringMatching(/^[<>&"'\r\n\ud800-\udfff0-9-]{0,20}$/));
    const user = text.filter((value) => /[!-~]/.test(value));
    const remote = fc.record({ number: fc.option(text), name: fc.option(text), presentable: fc.boolean() });
    fc.assert(
      fc.property(user, text, remote, text, (who, displayName, other, entity) => {
        const view = viewWith({
          aor: aorOf(who, 'lamplighter.test'),
          displayName,
          dialogs: [call('c', { remote: other })],
        });
        const { root } = render(view, { entity });
        assert.deepEqual(statesOf(root), ['c confirmed']);
        const carried = [...displayName].filter((char) => !/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(char)).join('');
        const local = sideOf(root, 'local')?.split(' <sip:')[0];
        assert.equal(local, carried.trim() === '' ? '-' : carried.trim());
      }),
      { numRuns: 500 },
    );
  });
});

describe('a phone that reads every document', () => {
  const phase = fc.constantFrom<DialogView['phase']>('trying', 'proceeding', 'early', 'confirmed');
  const anyCall = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    phase,
    direction: fc.constantFrom<DialogView['direction']>('initiator', 'recipient'),
    holding: fc.boolean(),
  });
  const step = fc.record({
    calls: fc.uniqueArray(anyCall, { selector: ({ id }) => id, maxLength: 4 }),
    dnd: fc.boolean(),
    occasion: fc.constantFrom<'initial' | 'change'>('initial', 'change'),
  });
  const profile = fc.record({
    idleAtSubscribe: fc.constantFrom('dummy' as const, 'empty' as const),
    idleAtEnd: fc.constantFrom('last' as const, 'dummy' as const, 'empty' as const),
    rank: fc.uniqueArray(fc.constantFrom(...callKinds), { minLength: 1 }),
    dialogs: fc.constantFrom('multi' as const, 'single' as const),
    callerConfirmed: fc.boolean(),
    trying: fc.constantFrom('hide' as const, 'show' as const),
    dndOnBlf: fc.constantFrom('busy' as const, 'off' as const),
  });

  it('knows after each what is alive, sees nothing end that it did not see alive, and nothing end twice', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), profile, (steps, wants) => {
        let shown: readonly string[] = [];
        for (const { calls: parts, dnd, occasion } of steps) {
          const view = viewWith({
            dialogs: parts.map((each) => call(each.id, each)),
            features: { dnd: { enabled: dnd } },
          });
          const before = shown;
          const { root, shown: after } = render(view, { shown, occasion, profile: wants });
          const visible = parts.filter((each) => wants.trying === 'show' || each.phase !== 'trying');
          const alive = root.children.filter((each) => stateOf(each) !== 'terminated');
          const ended = root.children.filter((each) => stateOf(each) === 'terminated');
          const quiet = wants.dndOnBlf === 'off' || !dnd;

          const expected = visible.length > 0 ? visible.map(({ id }) => id) : quiet ? [] : ['dnd-0'];
          const ids = alive.map((each) => each.attributes.get('id') ?? '');
          if (wants.dialogs === 'multi') assert.deepEqual(ids, expected);
          else {
            assert.ok(root.children.length <= 1);
            assert.equal(ids.length, Math.min(expected.length, 1));
            assert.ok(ids.every((id) => expected.includes(id)));
          }
          for (const each of ended) {
            const id = each.attributes.get('id') ?? '';
            assert.ok(id === 'idle' || before.includes(id), `${id} was seen`);
            assert.ok(!parts.some((part) => part.id === id), `${id} is over`);
            assert.ok(!after.includes(id), `${id} ends once`);
          }
          assert.ok(ids.every((id) => after.includes(id)));
          shown = after;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the package', () => {
  it('reads no body: filters are accepted and not served', () => {
    assert.equal(dialog.maxRequestBytes, 0);
    assert.equal(dialog.request, undefined);
  });

  it('is concerned by calls, names and do not disturb, not by forwards', () => {
    const { aor } = viewWith();
    assert.equal(dialog.concerns!({ topic: 'features', aor, aspects: ['cfa', 'cfna'] }), false);
    assert.equal(dialog.concerns!({ topic: 'features', aor, aspects: ['cfa', 'dnd'] }), true);
    assert.equal(dialog.concerns!({ topic: 'features', aor, aspects: [] }), true);
    assert.equal(dialog.concerns!({ topic: 'dialogs', aor, aspects: [] }), true);
    assert.equal(dialog.concerns!({ topic: 'extension', aor, aspects: ['displayName'] }), true);
    assert.equal(dialog.concerns!({ topic: 'extension', aor, aspects: ['known', 'stale'] }), false);
  });
});
