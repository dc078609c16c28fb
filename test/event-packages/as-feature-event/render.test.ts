import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { asFeatureEvent } from '../../../src/event-packages/as-feature-event/as-feature-event.ts';
import { namespace } from '../../../src/event-packages/as-feature-event/words.ts';
import type { RenderRequest } from '../../../src/event-packages/event-package.ts';
import type { AgentPhase } from '../../../src/model/agent.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { featureNames } from '../../../src/model/feature.ts';
import { defaultProfile } from '../../../src/model/profile.ts';
import type { ResourceView } from '../../../src/model/views.ts';
import { anySign } from '../../support/any-sign.ts';
import { textOf, wellFormed } from '../read-xml.ts';
import { requestWith, viewWith } from '../views.ts';
import { documentsOf } from './split-body.ts';

const xmlType = 'application/x-as-feature-event+xml';
const declaration = '<?xml version="1.0" encoding="ISO-8859-1"?>\n';

function render(view: ResourceView, request: Parameters<typeof requestWith>[0] = {}) {
  return asFeatureEvent.render(view, requestWith({ contentType: xmlType, ...request })).bodies;
}

function only(view: ResourceView, request?: Parameters<typeof requestWith>[0]) {
  const bodies = render(view, request);
  assert.equal(bodies.length, 1);
  return bodies[0]!;
}

const busy = viewWith({
  features: {
    dnd: { enabled: true },
    cfa: { enabled: true, target: '1002' },
    cfb: { enabled: false, target: '1003' },
    cfna: { enabled: true, target: '*97', ringCount: 4 },
  },
});

function kindOf(document: ReturnType<typeof wellFormed>): string {
  return document.name === 'DoNotDisturbEvent' ? 'dnd' : textOf(document, 'forwardingType');
}

describe('one feature', () => {
  it('do not disturb is one plain document', () => {
    const body = only(busy, { scope: ['dnd'] });
    assert.equal(body.contentType, xmlType);
    assert.deepEqual(body.covers, ['dnd']);
    assert.equal(
      body.content,
      `${declaration}<DoNotDisturbEvent xmlns="${namespace}"><device>1001</device>` +
        '<doNotDisturbOn>true</doNotDisturbOn></DoNotDisturbEvent>',
    );
  });
  it('a forward on no answer has its ring count', () => {
    assert.equal(
      only(busy, { scope: ['cfna'] }).content,
      `${declaration}<ForwardingEvent xmlns="${namespace}"><device>1001</device>` +
        '<forwardingType>forwardNoAns</forwardingType><forwardStatus>true</forwardStatus>' +
        '<forwardTo>*97</forwardTo><ringCount>4</ringCount></ForwardingEvent>',
    );
  });
  it('a forward that is off shows the remembered target', () => {
    const document = wellFormed(only(busy, { scope: ['cfb'] }).content);
    assert.equal(textOf(document, 'forwardStatus'), 'false');
    assert.equal(textOf(document, 'forwardTo'), '1003');
  });
  it('a forward without target has an empty element: FusionPBX says 0, and phones show it', () => {
    assert.match(only(viewWith(), { scope: ['cfa'] }).content, /<forwardTo><\/forwardTo>/);
  });
  it('the ring count stands only on no answer, and only when known', () => {
    const counts = { enabled: true, target: '1', ringCount: 3 };
    const view = viewWith({ features: { cfa: counts, cfb: counts, cfna: { ...counts, ringCount: null } } });
    for (const scope of [['cfa'], ['cfb'], ['cfna']]) {
      assert.doesNotMatch(only(view, { scope }).content, /ringCount/);
    }
  });
  it('the device is the user of the AOR, whatever a phone calls itself', () => {
    const view = { ...busy, aor: aorOf('a&b', 'lamplighter.test') };
    assert.equal(textOf(wellFormed(only(view, { scope: ['dnd'] }).content), 'device'), 'a&b');
  });
  it('a feature the user does not have is told as off when a phone asked for it by name', () => {
    const view = viewWith({ features: { cfa: { assigned: false, enabled: true, target: '1002' } } });
    assert.equal(textOf(wellFormed(only(view, { scope: ['cfa'] }).content), 'forwardStatus'), 'false');
    const dnd = viewWith({ features: { dnd: { assigned: false, enabled: true } } });
    assert.equal(textOf(wellFormed(only(dnd, { scope: ['dnd'] }).content), 'doNotDisturbOn'), 'false');
  });
});

describe('everything', () => {
  it('stands in one multipart body where there is room, in the order DND, CFA, CFB, CFNA', () => {
    const body = only(busy);
    assert.deepEqual(documentsOf(body).map(kindOf), ['dnd', 'forwardImmediate', 'forwardBusy', 'forwardNoAns']);
    assert.equal(body.covers, 'full');
  });
  it('has the boundary it is given, quoted: OpenSIPS and FreeSWITCH have a fixed one', () => {
    const boundary = 'ab'.repeat(16);
    const body = only(busy, { boundary });
    assert.equal(body.contentType, `multipart/mixed;boundary="${boundary}"`);
    assert.equal(body.content.split(`--${boundary}`).length, 6);
  });
  it('is about 1,900 bytes of which no UDP datagram within RFC 3261 18.1.1 takes all: auto makes it a run', () => {
    const bodies = render(busy, { roomBytes: 800 });
    assert.equal(bodies.length, 4);
    assert.deepEqual(
      bodies.map(({ covers }) => covers),
      [['dnd'], ['cfa'], ['cfb'], ['cfna']],
    );
    for (const body of bodies) {
      assert.equal(body.contentType, xmlType); // E65-07
      assert.ok(body.content.length <= 800);
    }
  });
  it('changes form exactly where the multipart no longer fits', () => {
    const size = only(busy).content.length;
    assert.equal(render(busy, { roomBytes: size }).length, 1);
    assert.equal(render(busy, { roomBytes: size - 1 }).length, 4);
  });
  it('follows the profile: sequential and multipart, whatever the room', () => {
    assert.equal(render(busy, { profile: { initialNotify: 'sequential' } }).length, 4);
    assert.equal(render(busy, { profile: { initialNotify: 'multipart' }, roomBytes: 10 }).length, 1);
  });
  it('is one body when it is the last: nothing can follow a terminated NOTIFY', () => {
    for (const initialNotify of ['auto', 'sequential', 'multipart'] as const) {
      assert.equal(render(busy, { profile: { initialNotify }, roomBytes: 10, occasion: 'final' }).length, 1);
    }
  });
  it('leaves out what the user does not have', () => {
    const view = viewWith({ features: { cfa: { assigned: false }, cfna: { assigned: false } } });
    assert.deepEqual(documentsOf(only(view)).map(kindOf), ['dnd', 'forwardBusy']);
  });
  it('of one feature is no multipart', () => {
    const none = { assigned: false };
    const body = only(viewWith({ features: { dnd: none, cfa: none, cfb: none } }), {
      profile: { initialNotify: 'sequential' },
    });
    assert.equal(body.contentType, xmlType);
    assert.equal(body.covers, 'full');
  });
  it('of nothing is no body', () => {
    const none = { assigned: false };
    const view = viewWith({ features: { dnd: none, cfa: none, cfb: none, cfna: none } });
    assert.deepEqual(render(view), [{ contentType: null, content: '', covers: 'full' }]);
    assert.deepEqual(render(view, { profile: { initialNotify: 'sequential' }, roomBytes: 1 }).length, 1);
  });
  it('is what a scope without any feature means', () => {
    for (const scope of [[], ['bogus']]) assert.equal(documentsOf(only(busy, { scope })).length, 4);
  });
});

describe('some features', () => {
  it('come in the fixed order, whatever the order of the scope', () => {
    const body = only(busy, { scope: ['cfna', 'dnd'] });
    assert.deepEqual(documentsOf(body).map(kindOf), ['dnd', 'forwardNoAns']);
    assert.deepEqual(body.covers, ['dnd', 'cfna']);
  });
  it('become a run without room', () => {
    const bodies = render(busy, { scope: ['cfna', 'dnd'], roomBytes: 10 });
    assert.deepEqual(
      bodies.map(({ covers }) => covers),
      [['dnd'], ['cfna']],
    );
  });
});

describe('hostile values', () => {
  it('markup in a target stays text: Kamailio and FreeSWITCH print it as elements', () => {
    const target = '</forwardTo><forwardStatus>true</forwardStatus><evil a="1"/>&amp;';
    const document = wellFormed(only(viewWith({ features: { cfa: { target } } }), { scope: ['cfa'] }).content);
    assert.equal(document.children.length, 4);
    assert.equal(textOf(document, 'forwardTo'), target);
    assert.equal(textOf(document, 'forwardStatus'), 'false');
  });
  it('other alphabets are right under either declaration: the bytes are ASCII', () => {
    const body = only(viewWith({ features: { cfa: { target: 'Büro 😀' } } }), { scope: ['cfa'] });
    assert.match(body.content, /^[ -~\n]*$/);
    assert.match(body.content, /<forwardTo>B&#252;ro &#128512;<\/forwardTo>/);
  });
  it('whatever they are, every document is read back as it was meant', () => {
    const hostile = fc.oneof(fc.string({ unit: anySign }), fc.stringMatching(/^[<>&"'\-\r\n0-9 ]{0,20}$/));
    const form = fc.constantFrom<RenderRequest['profile']['initialNotify']>('auto', 'multipart', 'sequential');
    const carried = (text: string): string =>
      [...text]
        .filter((char) => /^[\t\n\r -~\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]$/u.test(char))
        .join('')
        .replace(/^ +| +$/g, '');
    fc.assert(
      fc.property(hostile, hostile, fc.boolean(), form, (user, target, enabled, initialNotify) => {
        const state = { enabled, target, ringCount: 2 };
        const features = { dnd: { enabled }, cfa: state, cfb: state, cfna: state };
        const view = { ...viewWith({ features }), aor: aorOf(user, 'lamplighter.test') };
        const documents = render(view, { profile: { initialNotify } }).flatMap(documentsOf);
        assert.equal(documents.length, featureNames.length);
        for (const document of documents) {
          assert.equal(document.namespace, namespace);
          assert.equal(textOf(document, 'device'), carried(user));
          if (document.name === 'ForwardingEvent') assert.equal(textOf(document, 'forwardTo'), carried(target));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('an agent', () => {
  const agent = (phase: AgentPhase, reason: string | null = null): ResourceView => ({
    ...busy,
    agent: { phase, reason, since: 7 },
  });
  const device = '<agentDevice><deviceIdentifier>1001</deviceIdentifier></agentDevice>';

  for (const [phase, name] of [
    ['loggedOff', 'AgentLoggedOffEvent'],
    ['ready', 'AgentReadyEvent'],
    ['workingAfterCall', 'AgentWorkingAfterCallEvent'],
    ['notReady', 'AgentNotReadyEvent'],
  ] as const) {
    it(`${phase} is one plain document`, () => {
      const body = only(agent(phase), { scope: ['agent'] });
      assert.deepEqual([body.contentType, body.covers], [xmlType, ['agent']]);
      assert.equal(body.content, `${declaration}<${name} xmlns="${namespace}">${device}</${name}>`);
    });
  }
  it('the reason of a break stands in private data, with the prefix that clients look for', () => {
    assert.equal(
      only(agent('notReady', '7'), { scope: ['agent'] }).content,
      `${declaration}<AgentNotReadyEvent xmlns="${namespace}">${device}<extensions><privateData>` +
        '<private xmlns:pri="http://schema.broadsoft.com/CSTAPrivateData">' +
        '<pri:AgentNotReadyReasonValue>7</pri:AgentNotReadyReasonValue>' +
        '</private></privateData></extensions></AgentNotReadyEvent>',
    );
  });
  it('a full picture ends with what he is, once', () => {
    const names = render(agent('ready'), { scope: 'full' })
      .flatMap(documentsOf)
      .map(({ name }) => name);
    assert.deepEqual(names.slice(-2), ['ForwardingEvent', 'AgentReadyEvent']);
    assert.equal(names.length, 5);
  });
  it('who logged on is told so first, and what he is then', () => {
    const names = (view: ResourceView, scope: readonly string[]) =>
      render(view, { scope })
        .flatMap(documentsOf)
        .map(({ name }) => name);
    assert.deepEqual(names(agent('notReady'), ['agent', 'loggedOn']), ['AgentLoggedOnEvent', 'AgentNotReadyEvent']);
    assert.deepEqual(names(agent('loggedOff'), ['agent', 'loggedOn']), ['AgentLoggedOffEvent'], 'and off again');
  });
  it('in a run of NOTIFYs each document covers its own aspect, so that the rest is told after the first', () => {
    const run = render(agent('ready'), {
      scope: ['agent', 'loggedOn', 'dnd'],
      profile: { ...defaultProfile, initialNotify: 'sequential' },
    });
    assert.deepEqual(
      run.map(({ covers }) => covers),
      [['dnd'], ['loggedOn'], ['agent']],
    );
  });
  it('who is none is in no document: with every scope it is byte for byte what it was', () => {
    for (const scope of ['full', ['dnd'], ['cfa', 'cfna']] as const) {
      const more = scope === 'full' ? scope : [...scope, 'agent'];
      assert.deepEqual(
        render(busy, { scope: more }).map(({ content }) => content),
        render(busy, { scope }).map(({ content }) => content),
      );
    }
    assert.deepEqual(render(busy, { scope: ['agent'] }), render(busy, { scope: 'full' }), 'asked in vain');
  });
  it('who ceased to be one is logged off on his phones', () => {
    const documents = render(busy, { scope: ['agent', 'dismissed'] }).flatMap(documentsOf);
    assert.deepEqual(
      documents.map(({ name }) => name),
      ['AgentLoggedOffEvent'],
    );
  });
  it('a hostile reason stays text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (reason) => {
        const document = wellFormed(only(agent('notReady', `x${reason}`), { scope: ['agent'] }).content);
        assert.deepEqual(
          document.children.map(({ name }) => name),
          ['agentDevice', 'extensions'],
        );
        assert.equal(document.children[1]?.children[0]?.children[0]?.children.length, 1);
      }),
    );
  });
});
