import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { aorOf } from '../../../src/model/aor.ts';
import { ReceivedRequest } from '../../../src/sip/embedded/received-request.ts';
import type { Flow, SipRequest } from '../../../src/sip/engine.ts';
import { decide, type Facts, type WhoseSource } from '../../../src/sip/inline/decide.ts';
import { DialogTokens } from '../../../src/sip/inline/tokens.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { tcpFlow, udpFlow } from '../front/fake-engine.ts';

const pbxFlow: Flow = { ...udpFlow, remote: { address: '192.0.2.5', port: 5060 } };
const phoneFlow = tcpFlow;
const phone = {
  id: 'k2ORPDwqm_A5sn8q',
  aor: aorOf('1001', 'pbx.test'),
  contact: 'sip:1001@10.0.0.7:5062;transport=tcp',
  flow: phoneFlow,
};
const tokens = new DialogTokens(Buffer.alloc(32, 3));
const token = tokens.seal({ flow: phoneFlow, phone: null, upstream: 1 }, 'c');
const ours = `<sip:${token}@192.0.2.1:5070;lr>`;

function facts(
  whose: (flow: Flow) => WhoseSource = (flow) => (flow === pbxFlow ? { index: 0, certain: true } : null),
): Facts {
  return {
    own: { has: ({ host, port }) => host === '192.0.2.1' && port === 5070 },
    upstreams: { whose, isNamed: ({ host }) => host === '192.0.2.5' },
    places: {
      aorFor: ({ user, host }) => (user && ['pbx.test', '192.0.2.1'].includes(host) ? aorOf(user, 'pbx.test') : null),
      isThisMachine: (host) => host === '192.0.2.1',
    },
    registrations: { forToken: (id) => (id === phone.id ? phone : null) },
    tokens,
    subscribes: new Set(['dialog', 'presence']),
    publishes: new Set(['presence']),
    unsolicited: 'pbx',
    ownsDialog: ({ callId, localTag }) => callId === 'c' && localTag === 'mine',
  };
}

interface Words {
  readonly uri?: string;
  readonly to?: string;
  readonly flow?: Flow;
  readonly lines?: readonly string[];
}

function request(
  method: string,
  { uri = 'sip:1002@pbx.test', to = '', flow = udpFlow, lines = [] }: Words = {},
): SipRequest {
  const text = [
    `${method} ${uri} SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK1',
    'From: <sip:1001@pbx.test>;tag=f',
    `To: <sip:1002@pbx.test>${to === '' ? '' : `;tag=${to}`}`,
    'Call-ID: c',
    `CSeq: 1 ${method}`,
    ...lines,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
  const parsed = parseMessage(Buffer.from(text, 'latin1'), 'datagram');
  assert.equal(parsed.kind, 'request', text);
  return new ReceivedRequest(parsed as Extract<typeof parsed, { kind: 'request' }>, flow);
}

/** In one word: `serve`, a status, or where it goes and as what. */
function said(one: SipRequest, known = facts()): string {
  const decision = decide(one, known);
  if (decision.kind === 'serve') return 'serve';
  if (decision.kind === 'answer') return String(decision.answer.status);
  const routes = decision.routes.length === 0 ? '' : ` by ${decision.routes.join(', ')}`;
  const where = decision.kind === 'to-pbx' ? `pbx ${decision.upstream}` : `phone ${decision.flows.length}`;
  return `${where}: ${decision.uri}${routes}`;
}

const subscribe = (event: string, words: Words = {}) =>
  request('SUBSCRIBE', { ...words, lines: [`Event: ${event}`, ...(words.lines ?? [])] });

describe('of a phone', () => {
  const onward = 'pbx null: sip:1002@pbx.test';
  const inDialog = { to: 'theirs', uri: 'sip:pbx@192.0.2.5', lines: [`Route: ${ours}`] };
  const cases: readonly (readonly [what: string, request: SipRequest, said: string])[] = [
    ['a package of ours', subscribe('dialog'), 'serve'],
    ['a package that stays', subscribe('message-summary'), onward],
    ['no package at all', request('SUBSCRIBE'), onward],
    [
      'a package of ours in a foreign domain',
      subscribe('dialog', { uri: 'sip:x@else.test' }),
      'pbx null: sip:x@else.test',
    ],
    [
      'a package of ours by a proxy of the phone',
      subscribe('dialog', { lines: ['Route: <sip:us.example;lr>, <sip:e.example;lr>'] }),
      `${onward} by <sip:e.example;lr>`,
    ],
    ['a package of ours by way of the PBX', subscribe('dialog', { lines: ['Route: <sip:192.0.2.5;lr>'] }), 'serve'],
    ['a publication of ours', request('PUBLISH', { lines: ['Event: presence'] }), 'serve'],
    ['a publication that is none of ours', request('PUBLISH', { lines: ['Event: dialog'] }), onward],
    ['a dialog of ours', subscribe('dialog', { to: 'mine', uri: 'sip:1002@pbx.test' }), 'serve'],
    ['our Contact', request('NOTIFY', { to: 'x', uri: 'sip:lamplighter@192.0.2.1:5070' }), 'serve'],
    ['a dialog of the PBX', subscribe('dialog', inDialog), 'pbx 1: sip:pbx@192.0.2.5'],
    ['a NOTIFY in a dialog of the PBX', request('NOTIFY', inDialog), 'pbx 1: sip:pbx@192.0.2.5'],
    ['a NOTIFY with our Route and without a tag', request('NOTIFY', { ...inDialog, to: '' }), '481'],
    ['a NOTIFY of a dialog that did not pass', request('NOTIFY', { to: 'theirs', uri: 'sip:pbx@192.0.2.5' }), '481'],
    ['a NOTIFY out of the blue', request('NOTIFY'), '481'],
    ['OPTIONS to ourselves', request('OPTIONS', { uri: 'sip:192.0.2.1:5070' }), 'serve'],
    ['OPTIONS to the PBX beside us', request('OPTIONS', { uri: 'sip:192.0.2.1:5060' }), 'pbx null: sip:192.0.2.1:5060'],
    ['a REGISTER to our address', request('REGISTER', { uri: 'sip:192.0.2.1:5070' }), 'pbx null: sip:192.0.2.1:5070'],
    ['a call', request('INVITE'), onward],
    [
      'a call to the Contact of another',
      request('INVITE', { uri: `sip:1001@192.0.2.1:5070;lamp=${phone.id}` }),
      `pbx null: sip:1001@192.0.2.1:5070;lamp=${phone.id}`,
    ],
    [
      'a call by the Path of another',
      request('INVITE', { lines: [`Route: <sip:${phone.id}@192.0.2.1:5070;lr>`] }),
      onward,
    ],
    ['an ACK', request('ACK', inDialog), 'pbx 1: sip:pbx@192.0.2.5'],
    ['a CANCEL of nothing', request('CANCEL'), 'serve'],
    ['a lower-case method', request('invite'), '501'],
    ['no hop left', request('MESSAGE', { lines: ['Max-Forwards: 0'] }), '483'],
    ['an OPTIONS with no hop left', request('OPTIONS', { lines: ['Max-Forwards: 0'] }), 'serve'],
    ['a proxy extension', request('MESSAGE', { lines: ['Proxy-Require: x'] }), '420'],
    ['a proxy extension in an ACK', request('ACK', { lines: ['Proxy-Require: x'] }), onward],
    ['a proxy extension asked of what we serve', subscribe('dialog', { lines: ['Proxy-Require: x'] }), 'serve'],
    [
      'a strict router',
      request('BYE', {
        to: 't',
        uri: `sip:${token}@192.0.2.1:5070`,
        lines: ['Route: <sip:a@b;lr>, <sip:pbx@192.0.2.5>'],
      }),
      'pbx 1: sip:pbx@192.0.2.5 by <sip:a@b;lr>',
    ],
    [
      'our Route twice',
      request('BYE', { to: 't', lines: [`Route: ${ours}, <sip:${token}@192.0.2.1:5070;transport=tcp;lr>`] }),
      'pbx 1: sip:1002@pbx.test',
    ],
    [
      'our Route under an address that we had before',
      request('BYE', { to: 't', lines: [`Route: <sip:${token}@203.0.113.1;lr>`] }),
      'pbx 1: sip:1002@pbx.test',
    ],
    [
      'a Route in a dialog that is not ours',
      request('BYE', { to: 't', lines: ['Route: <sip:x.example;lr>'] }),
      `${onward} by <sip:x.example;lr>`,
    ],
    ['maddr to a stranger', request('MESSAGE', { uri: 'sip:1002@pbx.test;maddr=203.0.113.1' }), '403'],
    [
      'maddr to the PBX',
      request('MESSAGE', { uri: 'sip:1002@pbx.test;maddr=192.0.2.5' }),
      'pbx null: sip:1002@pbx.test;maddr=192.0.2.5',
    ],
  ];
  for (const [what, one, wanted] of cases) test(`${what}: ${wanted}`, () => assert.equal(said(one), wanted));
});

describe('of the PBX', () => {
  const flow = pbxFlow;
  const contact = `sip:1001@192.0.2.1:5070;lamp=${phone.id};x-ast-orig-host=192.0.2.1:0`;
  const path = `<sip:${phone.id}@192.0.2.1:5070;lr>`;
  const inDialog = { flow, to: 't', uri: 'sip:1001@10.0.0.7', lines: [`Route: ${ours}`] };
  const cases: readonly (readonly [what: string, request: SipRequest, said: string])[] = [
    ['our Contact of a phone', request('INVITE', { flow, uri: contact }), `phone 1: ${phone.contact}`],
    [
      'our Path of a phone',
      request('INVITE', { flow, uri: 'sip:1001@10.0.0.7', lines: [`Route: ${path}`] }),
      'phone 1: sip:1001@10.0.0.7',
    ],
    ['a dialog that passed', request('BYE', inDialog), 'phone 1: sip:1001@10.0.0.7'],
    ['a NOTIFY in it', request('NOTIFY', inDialog), 'phone 1: sip:1001@10.0.0.7'],
    ['a NOTIFY to a phone', request('NOTIFY', { flow, uri: contact }), `phone 1: ${phone.contact}`],
    ['a NOTIFY by a dialog’s Route without its tag', request('NOTIFY', { ...inDialog, to: '' }), '481'],
    ['a NOTIFY to nobody', request('NOTIFY', { flow, uri: 'sip:1001@192.0.2.1:5070' }), '481'],
    ['a name alone', request('INVITE', { flow, uri: 'sip:1001@192.0.2.1:5070' }), '404'],
    [
      'a Contact of somebody who has left',
      request('INVITE', { flow, uri: 'sip:1001@192.0.2.1:5070;lamp=AAAAAAAAAAAAAAAA' }),
      '404',
    ],
    ['an address elsewhere', request('INVITE', { flow, uri: 'sip:1001@198.51.100.9' }), '404'],
    ['a dialog that did not pass', request('BYE', { flow, to: 't' }), '481'],
    ['what is ours to serve', subscribe('dialog', { flow }), 'serve'],
    ['a SUBSCRIBE to a phone', subscribe('dialog', { flow, uri: contact }), `phone 1: ${phone.contact}`],
    ['no hop left', request('MESSAGE', { flow, uri: contact, lines: ['Max-Forwards: 0'] }), '483'],
  ];
  for (const [what, one, wanted] of cases) test(`${what}: ${wanted}`, () => assert.equal(said(one), wanted));

  test('unsolicited: never keeps its NOTIFYs outside of dialogs from phones, and those inside not', () => {
    const never: Facts = { ...facts(), unsolicited: 'never' };
    assert.equal(said(request('NOTIFY', { flow, uri: contact }), never), '481');
    assert.equal(said(request('NOTIFY', inDialog), never), 'phone 1: sip:1001@10.0.0.7');
  });

  test('a phone that has registered anew is asked there, and where it was after that', () => {
    const sealed = tokens.seal({ flow: udpFlow, phone: phone.id, upstream: 0 }, 'c');
    const decision = decide(
      request('BYE', { ...inDialog, lines: [`Route: <sip:${sealed}@192.0.2.1:5070;lr>`] }),
      facts(),
    );
    assert.ok(decision.kind === 'to-phone');
    assert.deepEqual(decision.flows, [phoneFlow, udpFlow]);
  });
});

describe('of a stream from the PBX’s host, where phones may live as well', () => {
  const known = facts(() => ({ index: 0, certain: false }));
  const pbxToo: Flow = { ...tcpFlow, remote: { address: '192.0.2.5', port: 40_000 }, connection: 'c9' };

  test('a token whose phone is elsewhere shows that it is the PBX', () => {
    const bye = request('BYE', { flow: pbxToo, to: 't', uri: 'sip:1001@10.0.0.7', lines: [`Route: ${ours}`] });
    assert.equal(said(bye, known), 'phone 1: sip:1001@10.0.0.7');
  });

  test('a phone that shows the token of its own dialog is a phone', () => {
    const bye = request('BYE', { flow: phoneFlow, to: 't', uri: 'sip:pbx@192.0.2.5', lines: [`Route: ${ours}`] });
    assert.equal(said(bye, known), 'pbx 1: sip:pbx@192.0.2.5');
  });

  test('who shows a token that is nobody’s any more is not sent to the PBX, which he may be', () => {
    const flow = pbxToo;
    const uri = 'sip:1001@192.0.2.1:5070;lamp=AAAAAAAAAAAAAAAA';
    assert.equal(said(request('OPTIONS', { flow, uri }), known), '404');
    const lines = ['Route: <sip:BBBBBBBBBBBBBBBB@192.0.2.1:5070;lr>'];
    assert.equal(said(request('INVITE', { flow, uri: 'sip:1001@10.0.0.7', lines }), known), '404');
    assert.equal(said(request('BYE', { flow, to: 't', uri: 'sip:1001@10.0.0.7', lines }), known), '481');
    assert.equal(
      said(request('INVITE', { flow, lines: ['Route: <sip:192.0.2.1:5070;lr>'] }), known),
      'pbx null: sip:1002@pbx.test',
    );
  });

  test('who shows nothing is a phone', () => {
    assert.equal(said(request('INVITE', { flow: pbxToo }), known), 'pbx null: sip:1002@pbx.test');
  });
});
