import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { asFeatureEvent } from '../../../src/event-packages/as-feature-event/as-feature-event.ts';
import { namespace } from '../../../src/event-packages/as-feature-event/words.ts';
import type {
  AgentPhoneWish,
  FeatureWish,
  PhoneRequest,
  PhoneWish,
  Scope,
} from '../../../src/event-packages/event-package.ts';
import { fixture } from '../fixtures.ts';

const xmlType = 'application/x-as-feature-event+xml';

function request(body: string | Buffer, contentType = xmlType) {
  return asFeatureEvent.request!(Buffer.from(body as string), contentType);
}

function understood(body: string | Buffer, contentType?: string): PhoneRequest {
  const outcome = request(body, contentType);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.value;
}

/** The first wish, which is for a feature. */
function firstOf({ wishes: [wish] }: PhoneRequest): FeatureWish {
  assert.ok(wish !== undefined && wish.feature !== 'agent');
  return wish;
}

function statusOf(body: string | Buffer, contentType?: string): number | undefined {
  const outcome = request(body, contentType);
  assert.ok(!outcome.ok, JSON.stringify(outcome));
  return outcome.refusal.status;
}

const wish = (...wishes: PhoneWish[]): PhoneRequest => ({ wishes, tell: [] });
const tell = (scope: Scope): PhoneRequest => ({ wishes: [], tell: scope });
const dndOn = wish({ feature: 'dnd', enabled: true });
const set = (root: string, children: string): string => `<${root} xmlns="${namespace}">${children}</${root}>`;
const dnd = (value: string): string => set('SetDoNotDisturb', `<doNotDisturbOn>${value}</doNotDisturbOn>`);
const forward = (type: string, on: string, rest: string): string =>
  set('SetForwarding', `<activateForward>${on}</activateForward><forwardingType>${type}</forwardingType>${rest}`);

describe('bodies as phones send them', () => {
  const rows: readonly (readonly [string, PhoneRequest | number])[] = [
    ['polycom-dnd-on.xml', dndOn],
    ['polycom-dnd-off.xml', wish({ feature: 'dnd', enabled: false })],
    ['polycom-forward-always-on.xml', wish({ feature: 'cfa', enabled: true, target: '1002' })],
    ['polycom-forward-always-off.xml', wish({ feature: 'cfa', enabled: false })],
    ['polycom-forward-no-answer-on.xml', wish({ feature: 'cfna', enabled: true, target: '0301234', ringCount: 3 })],
    ['gs5-order-forward-busy-on.xml', wish({ feature: 'cfb', enabled: true, target: '+4930123' })],
    ['prefixed-namespace.xml', wish({ feature: 'cfb', enabled: true, target: '1003' })],
    ['no-namespace.xml', dndOn],
    ['hyphenless-namespace.xml', dndOn],
    ['fourth-edition-namespace.xml', dndOn],
    ['foreign-namespace.xml', tell('full')],
    ['foreign-children.xml', wish({ feature: 'dnd', enabled: false })],
    ['latin-1-device.xml', dndOn],
    ['utf-8-device.xml', dndOn],
    ['latin-1-bytes-as-utf-8.xml', 400],
    ['utf-16.xml', 400],
    ['byte-order-mark.xml', dndOn],
    ['trailing-nuls.xml', dndOn],
    ['mixed-line-ends.xml', dndOn],
    ['no-declaration.xml', wish({ feature: 'dnd', enabled: false })],
    ['not-known-device.xml', dndOn],
    ['uri-device.xml', dndOn],
    ['agent-state.xml', wish({ feature: 'agent', phase: 'notReady', reason: '7' })],
    ['unknown-forwarding-type.xml', tell('full')],
    ['escaped-markup-in-target.xml', wish({ feature: 'cfa', enabled: true, target: '</forwardTo><evil/>' })],
    ['encoded-line-break-in-target.xml', wish({ feature: 'cfa', enabled: true, target: '1002\nAction: Originate' })],
    ['markup-in-target.xml', tell(['cfa'])],
    ['repeated-element.xml', 400],
    ['two-roots.xml', 400],
    ['truncated.xml', 400],
    ['doctype.xml', 400],
  ];
  for (const [file, expected] of rows) {
    const words = file.replace('.xml', '').replaceAll('-', ' ');
    it(`${words}: ${typeof expected === 'number' ? expected : JSON.stringify(expected)}`, () => {
      const body = fixture(`as-feature-event/${file}`);
      if (typeof expected === 'number') assert.equal(statusOf(body), expected);
      else assert.deepEqual(understood(body), expected);
    });
  }
});

describe('truth values', () => {
  for (const on of ['true', 'TRUE', 'True', '1', ' true ', '\r\n\ttrue\n', 'tr<!-- -->ue', '&#116;rue']) {
    it(`${JSON.stringify(on)} is on`, () => assert.deepEqual(understood(dnd(on)), dndOn));
  }
  for (const off of ['false', 'FALSE', '0', ' 0 ']) {
    it(`${JSON.stringify(off)} is off`, () => {
      assert.deepEqual(understood(dnd(off)), wish({ feature: 'dnd', enabled: false }));
    });
  }
  for (const bad of ['', ' ', 'yes', 'on', '2', '-1', 'truefalse', '<x/>', 'true<x/>', 'wahr', '01']) {
    it(`${JSON.stringify(bad)} is neither: no wish, and the phone is told its feature`, () => {
      assert.deepEqual(understood(dnd(bad)), tell(['dnd']));
      assert.deepEqual(understood(forward('forwardBusy', bad, '<forwardDN>1002</forwardDN>')), tell(['cfb']));
    });
  }
  it('a missing one is neither: Kamailio answers 500, OpenSIPS leaves the lamp wrong', () => {
    assert.deepEqual(understood(set('SetDoNotDisturb', '<device/>')), tell(['dnd']));
    const missing = set('SetForwarding', '<forwardingType>forwardNoAns</forwardingType><forwardDN>1</forwardDN>');
    assert.deepEqual(understood(missing), tell(['cfna']));
  });
});

describe('forwarding', () => {
  const types = { forwardImmediate: 'cfa', forwardBusy: 'cfb', forwardNoAns: 'cfna' } as const;
  for (const [type, feature] of Object.entries(types)) {
    it(`${type} is ${feature}`, () => {
      const asked = understood(forward(type, 'true', '<forwardDN>1002</forwardDN>'));
      assert.deepEqual(asked, wish({ feature, enabled: true, target: '1002' }));
    });
    it(`${type} goes off without a number: Kamailio and FreeSWITCH want one`, () => {
      assert.deepEqual(understood(forward(type, 'false', '')), wish({ feature, enabled: false }));
      assert.deepEqual(understood(forward(type, 'false', '<forwardDN/>')), wish({ feature, enabled: false }));
    });
    it(`${type} goes off and keeps the stored number, whatever the phone says`, () => {
      const off = wish({ feature, enabled: false });
      assert.deepEqual(understood(forward(type, 'false', '<forwardDN>666</forwardDN>')), off);
      assert.deepEqual(understood(forward(type, 'false', '<forwardDN>6<x/></forwardDN>')), off);
    });
    it(`${type} without a number goes on to the stored one: the gate decides`, () => {
      assert.deepEqual(understood(forward(type, 'true', '')), wish({ feature, enabled: true }));
      assert.deepEqual(understood(forward(type, 'true', '<forwardDN> </forwardDN>')), wish({ feature, enabled: true }));
    });
  }
  for (const type of ['bogus', 'forwardDND', 'forwardBusyExt', 'forwardNoAnsInt', 'forwardimmediate', '', '<x/>']) {
    it(`the type ${JSON.stringify(type)} is unknown: no wish, everything is told`, () => {
      assert.deepEqual(understood(forward(type, 'true', '<forwardDN>1002</forwardDN>')), tell('full'));
    });
  }
  it('a missing type is unknown', () => {
    assert.deepEqual(understood(set('SetForwarding', '<activateForward>true</activateForward>')), tell('full'));
  });
  it('the children may stand in any order, among unknown ones', () => {
    const children = [
      '<device>x</device>',
      '<activateForward>true</activateForward>',
      '<forwardingType>forwardNoAns</forwardingType>',
      '<forwardDN>1002</forwardDN>',
      '<ringCount>5</ringCount>',
      '<extensions><privateData/></extensions>',
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(children, { minLength: children.length }), (order) => {
        const expected = wish({ feature: 'cfna', enabled: true, target: '1002', ringCount: 5 });
        assert.deepEqual(understood(set('SetForwarding', order.join(''))), expected);
      }),
    );
  });
  it('a number stays the text it is', () => {
    for (const target of ['0045123', '+4512', '1e3', '0x1F', '007', 'alice', 'tel:+49-30-1234', '*97', 'vm']) {
      const asked = understood(forward('forwardBusy', 'true', `<forwardDN> ${target} </forwardDN>`));
      assert.deepEqual(asked, wish({ feature: 'cfb', enabled: true, target }));
    }
  });
  it('a forward from a CDATA section or with references is judged decoded', () => {
    const asked = understood(forward('forwardBusy', 'true', '<forwardDN><![CDATA[a@ctx&SIP/trunk]]></forwardDN>'));
    assert.equal(firstOf(asked).target, 'a@ctx&SIP/trunk');
    const plus = understood(forward('forwardBusy', 'true', '<forwardDN>&#43;49&#x24;{X}</forwardDN>'));
    assert.match(firstOf(plus).target ?? '', /^\+49\$\{X\}$/);
  });
});

describe('ring counts', () => {
  const counted = (type: string, count: string): number | undefined =>
    firstOf(understood(forward(type, 'true', `<forwardDN>1002</forwardDN>${count}`))).ringCount;
  for (const [text, count] of [
    ['1', 1],
    ['3', 3],
    [' 20 ', 20],
    ['007', 7],
    ['100', 100],
    ['9'.repeat(400), 100],
  ] as const) {
    it(`${text.slice(0, 20)} is ${count}: Kamailio drops it`, () => {
      assert.equal(counted('forwardNoAns', `<ringCount>${text}</ringCount>`), count);
    });
  }
  for (const text of ['', ' ', '0', '00', '-3', '+3', '3.5', '1e1', '0x3', 'three', '3<x/>']) {
    it(`${JSON.stringify(text)} is none: the stored one is kept`, () => {
      assert.equal(counted('forwardNoAns', `<ringCount>${text}</ringCount>`), undefined);
    });
  }
  it('a missing one is none, and only no-answer forwards have one', () => {
    assert.equal(counted('forwardNoAns', ''), undefined);
    assert.equal(counted('forwardBusy', '<ringCount>3</ringCount>'), undefined);
    assert.equal(counted('forwardImmediate', '<ringCount>3</ringCount>'), undefined);
  });
});

describe('what an agent wishes to be', () => {
  const state = (words: string, rest = '') =>
    set('SetAgentState', `<device/><requestedAgentState>${words}</requestedAgentState>${rest}`);
  const reason = (inner: string, name = 'pri:AgentNotReadyReasonValue') =>
    `<extensions><privateData><private xmlns:pri="http://schema.broadsoft.com/CSTAPrivateData"><${name}>${inner}</${name}></private></privateData></extensions>`;
  const agent = (phase: AgentPhoneWish['phase'], why: string | null = null) =>
    wish({ feature: 'agent', phase, reason: why });

  for (const phase of ['ready', 'notReady', 'loggedOff', 'loggedOn', 'workingAfterCall'] as const) {
    it(`${phase}, in any case and with blanks around it`, () => {
      for (const words of [phase, phase.toUpperCase(), ` \r\n${phase} `]) {
        assert.deepEqual(understood(state(words)), agent(phase));
      }
    });
  }
  it('the reason of a break comes from the private data, whatever its prefix', () => {
    for (const name of ['pri:AgentNotReadyReasonValue', 'AgentNotReadyReasonValue']) {
      assert.deepEqual(understood(state('notReady', reason(' 7 ', name))), agent('notReady', '7'));
    }
    assert.deepEqual(understood(state('notReady', reason('Mittag &amp; Käse'))), agent('notReady', 'Mittag & Käse'));
  });
  it('no reason, an empty one, 0 and markup are no reason', () => {
    for (const why of ['', reason(''), reason('0'), reason('<b>7</b>'), '<extensions>7</extensions>']) {
      assert.deepEqual(understood(state('notReady', why)), agent('notReady'), why);
    }
  });
  it('only a break has a reason, and no reason is a novel', () => {
    assert.deepEqual(understood(state('ready', reason('7'))), agent('ready'));
    const [long] = understood(state('notReady', reason('x'.repeat(4000)))).wishes;
    assert.ok(long?.feature === 'agent' && long.reason?.length === 256);
  });
  it('a state nobody knows, none, and markup for one change nothing: everything is told', () => {
    for (const words of ['busy', '', '<ready/>', 'ready notReady', 'toString']) {
      assert.deepEqual(understood(state(words)), tell('full'), words);
    }
    assert.deepEqual(understood(set('SetAgentState', '')), tell('full'));
  });
  it('agentID and password are taken for nothing', () => {
    const body = state('ready', '<agentID>1002</agentID><password>secret</password>');
    assert.deepEqual(understood(body), agent('ready'));
  });
  it('stands beside the Sets of features in one body', () => {
    const parts = [dnd('true'), state('notReady')].map((xml) => `--b\r\nContent-Type: ${xmlType}\r\n\r\n${xml}\r\n`);
    const both = understood(`${parts.join('')}--b--`, 'multipart/mixed');
    assert.deepEqual(both.wishes, [...dndOn.wishes, ...agent('notReady').wishes]);
  });
});

describe('what is not understood', () => {
  for (const root of [
    'SetHoteling',
    'SetCallRecordingMode',
    'GetDoNotDisturb',
    'setDoNotDisturb',
    'DoNotDisturbEvent',
    'toString',
    'x',
  ]) {
    it(`<${root}>: no wish, everything is told`, () => {
      assert.deepEqual(understood(set(root, '<a/><a/>')), tell('full'));
      assert.deepEqual(understood(`<${root}/>`), tell('full'));
    });
  }
  for (const foreign of [
    'urn:evil',
    `${namespace}/x`,
    'http://evil.example/csta/ed3',
    'http://www.ecma-internationalXorg/standards/ecma-323/csta/ed3',
  ]) {
    it(`the namespace ${foreign} is another one: no wish, everything is told`, () => {
      const body = `<p:SetDoNotDisturb xmlns:p="${foreign}"><p:doNotDisturbOn>true</p:doNotDisturbOn></p:SetDoNotDisturb>`;
      assert.deepEqual(understood(body), tell('full'));
    });
  }
  for (const empty of ['', '\0', '\r\n', ' \0\0']) {
    it(`a body of ${JSON.stringify(empty)} is none, whatever its type`, () => {
      assert.deepEqual(understood(empty), tell('full'));
      assert.deepEqual(understood(empty, 'text/plain'), tell('full'));
    });
  }
});

describe('what is refused', () => {
  it('answers 400 where Kamailio answers 415 and OpenSIPS 200: not XML', () => {
    for (const body of ['hello', '{"dnd":true}', '<', `${dnd('true')}x`, dnd('true').slice(0, -3), dnd('&nope;')]) {
      assert.equal(statusOf(body), 400, body);
    }
  });
  it('answers 400 to an element said twice: nobody could say which is meant', () => {
    const twice = '<doNotDisturbOn>true</doNotDisturbOn><doNotDisturbOn>true</doNotDisturbOn>';
    assert.equal(statusOf(set('SetDoNotDisturb', twice)), 400);
    assert.equal(statusOf(forward('forwardBusy', 'true', '<forwardDN>1</forwardDN><forwardDN>2</forwardDN>')), 400);
  });
  it('answers 415 to another type', () => {
    for (const type of ['text/plain', 'application/xml', 'application/x-as-feature-event', '', 'multipart/related']) {
      assert.equal(statusOf(dnd('true'), type), 415);
    }
  });
  it('tolerates parameters and case of the type', () => {
    assert.deepEqual(understood(dnd('true'), 'Application/X-AS-Feature-Event+XML ; charset="utf-8"'), dndOn);
  });
  it('answers 413 above 8 kB', () => {
    assert.equal(statusOf(dnd(`true${' '.repeat(8192)}`)), 413);
    assert.equal(statusOf(`--b\r\n${'x'.repeat(8192)}`, 'multipart/mixed'), 413);
  });
  it('answers 400 above 32 levels', () => {
    assert.equal(statusOf(set('SetDoNotDisturb', '<a>'.repeat(40) + '</a>'.repeat(40))), 400);
  });
});

describe('several Sets in one body', () => {
  const two = wish({ feature: 'dnd', enabled: true }, { feature: 'cfb', enabled: true, target: '1002' });
  const part = (xml: string, headers = `Content-Type: ${xmlType}\r\n`): string => `--b\r\n${headers}\r\n${xml}\r\n`;
  const multipart = (...parts: string[]) => request(`${parts.join('')}--b--\r\n`, 'multipart/mixed');

  it('are applied in order, with either line end and with or without the parameter', () => {
    for (const file of ['two-sets.multipart', 'two-sets-lf.multipart']) {
      assert.deepEqual(understood(fixture(`as-feature-event/${file}`), 'multipart/mixed'), two);
      assert.deepEqual(understood(fixture(`as-feature-event/${file}`), 'multipart/mixed;boundary="Part-7"'), two);
    }
  });
  it('may contradict each other: the wishes stay in their order', () => {
    const outcome = multipart(part(dnd('true')), part(dnd('false')));
    assert.ok(outcome.ok);
    assert.deepEqual(
      outcome.value.wishes,
      [true, false].map((enabled) => ({ feature: 'dnd', enabled })),
    );
  });
  it('that are not all understood are told what was not, beside the wishes', () => {
    const some = multipart(part(dnd('true')), part(forward('forwardBusy', 'x', '')), part(dnd('y')));
    assert.ok(some.ok);
    assert.deepEqual(some.value, { wishes: [{ feature: 'dnd', enabled: true }], tell: ['cfb', 'dnd'] });
    const all = multipart(part(set('SetAgentState', '')), part(dnd('y')), part(dnd('true')));
    assert.ok(all.ok);
    assert.deepEqual(all.value, { wishes: [{ feature: 'dnd', enabled: true }], tell: 'full' });
  });
  it('are all refused when one is no XML: nothing is half done', () => {
    const outcome = multipart(part(dnd('true')), part('<truncated'));
    assert.ok(!outcome.ok);
    assert.equal(outcome.refusal.status, 400);
  });
  it('are refused in one part: two roots', () => {
    const outcome = multipart(part(dnd('true') + dnd('false')));
    assert.ok(!outcome.ok);
    assert.equal(outcome.refusal.status, 400);
  });
  it('are refused with 415 where a part is of another type, of none, or encoded', () => {
    assert.equal(statusOf(fixture('as-feature-event/foreign-part.multipart'), 'multipart/mixed'), 415);
    const encoded = `Content-Type: ${xmlType}\r\nContent-Transfer-Encoding: base64\r\n`;
    for (const outcome of [multipart(part(dnd('true'), '')), multipart(part('PHg+', encoded))]) {
      assert.ok(!outcome.ok);
      assert.equal(outcome.refusal.status, 415);
    }
  });
  it('are refused with 400 when malformed', () => {
    assert.equal(statusOf(fixture('as-feature-event/unclosed.multipart'), 'multipart/mixed'), 400);
    const bodies = [
      'x',
      '--',
      '--b',
      '--b\r\n',
      '--b\r\n--b--',
      `--b\r\n${dnd('true')}\r\n--b--`,
      `--${'b'.repeat(71)}\r\n`,
    ];
    for (const body of [...bodies, '--b\r\n: x\r\n\r\n\r\n--b--', dnd('true')]) {
      assert.equal(statusOf(body, 'multipart/mixed'), 400, body);
    }
  });
  it('are at most eight', () => {
    const parts = (count: number): string[] => Array.from({ length: count }, () => part(dnd('true')));
    assert.ok(multipart(...parts(8)).ok);
    assert.ok(!multipart(...parts(9)).ok);
  });
  it('keep their own encodings', () => {
    const latin = fixture('as-feature-event/latin-1-device.xml');
    const head = Buffer.from(`--b\r\nContent-Type: ${xmlType}\r\n\r\n`);
    const utf = fixture('as-feature-event/utf-8-device.xml');
    const body = Buffer.concat([head, latin, Buffer.from('\r\n'), head, utf, Buffer.from('\r\n--b--')]);
    assert.equal(understood(body, 'multipart/mixed').wishes.length, 2);
  });
});

describe('bodies from an attacker', () => {
  it('mutated ones never throw, and end as an answer', () => {
    const files = [
      'polycom-forward-no-answer-on.xml',
      'prefixed-namespace.xml',
      'two-sets.multipart',
      'agent-state.xml',
    ];
    const edit = fc.record({
      file: fc.constantFrom(...files),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(12),
      put: fc.oneof(
        fc.uint8Array({ maxLength: 8 }),
        fc.constantFrom('<', '>', '&', '--', '\r\n', '<!DOCTYPE x>', ']]>'),
      ),
    });
    fc.assert(
      fc.property(edit, ({ file, at, cut, put }) => {
        const body = fixture(`as-feature-event/${file}`);
        const from = Math.floor(at * body.length);
        const mutant = Buffer.concat([body.subarray(0, from), Buffer.from(put as string), body.subarray(from + cut)]);
        for (const type of [xmlType, 'multipart/mixed']) {
          const outcome = request(mutant, type);
          if (!outcome.ok) assert.ok([400, 413, 415].includes(outcome.refusal.status ?? 0));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
