import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseDialogInfo } from '../../../src/event-packages/dialog/parse.ts';
import { renderDialogs } from '../../../src/event-packages/dialog/render.ts';
import type { Published, PublishedDialog } from '../../../src/model/publication.ts';
import { anySign } from '../../support/any-sign.ts';
import { hostileText, renderRequest, resourceView } from '../arbitraries.ts';
import { call, requestWith, viewWith } from '../views.ts';

const type = 'application/dialog-info+xml';
const ns = 'urn:ietf:params:xml:ns:dialog-info';
const info = (dialogs: string, more = 'state="full"') =>
  `<?xml version="1.0"?>\n<dialog-info xmlns="${ns}" version="0" ${more} entity="sip:ceo@example.com">${dialogs}</dialog-info>`;
const one = (inner = '', attributes = 'direction="recipient"') =>
  `<dialog id="d1" ${attributes}><state>confirmed</state>${inner}</dialog>`;

function read(xml: string, before: Published | null = null): readonly PublishedDialog[] {
  const outcome = parseDialogInfo(Buffer.from(xml), `${type};charset=utf-8`, before);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  assert.deepEqual(outcome.value.wishes, []);
  assert.ok(outcome.value.said?.kind === 'dialogs');
  return outcome.value.said.dialogs;
}

function refusal(xml: string | Buffer, contentType = type): readonly [number | undefined, string] {
  const outcome = parseDialogInfo(Buffer.from(xml), contentType);
  assert.ok(!outcome.ok, 'refused');
  return [outcome.refusal.status, outcome.refusal.code];
}

describe('published dialogs are read', () => {
  it("as Kamailio's and OpenSIPS's pua_dialoginfo write them: an early call with both sides, Call-ID and tags", () => {
    const xml = `<?xml version="1.0"?>
<dialog-info xmlns="${ns}" version="00000000000" state="full" entity="sip:2001@remote.example">
  <dialog id="a84b4c76@pbx" call-id="a84b4c76@pbx" local-tag="lt-1" remote-tag="rt-1" direction="recipient">
    <state>early</state>
    <remote><identity display="Zo&#235; &lt;&amp;&gt;">sip:3001@remote.example</identity><target uri="sip:3001@192.0.2.9:5060"/></remote>
    <local><identity>sip:2001@remote.example</identity><target uri="sip:2001@remote.example"/></local>
  </dialog>
</dialog-info>
`;
    assert.deepEqual(read(xml), [
      {
        id: 'a84b4c76@pbx',
        phase: 'early',
        direction: 'recipient',
        holding: false,
        remote: { number: '3001', name: 'Zoë <&>', presentable: true },
        callId: 'a84b4c76@pbx',
        localTag: 'rt-1', // as of a leg: of the PBX, which is the phone's other side
        remoteTag: 'lt-1',
      },
    ]);
  });

  it('as Asterisk publishes extension states: the extension as id, no direction, hold by pvalue, remote before local', () => {
    const held = one(
      '<remote><identity>sip:anonymous@anonymous.invalid</identity></remote><local><target uri="sip:x@y"><param pname="+sip.rendering" pvalue="no"/></target></local>',
      '',
    );
    const [dialog] = read(info(held));
    assert.deepEqual(
      [dialog?.direction, dialog?.holding, dialog?.remote],
      ['recipient', true, { number: null, name: null, presentable: false }],
    );
  });

  it('as FreeSWITCH writes them: a name-addr where a URI belongs, sip.rendering yes', () => {
    const [dialog] = read(
      info(
        one(
          '<local><target uri="sip:1000@pbx"><param pname="+sip.rendering" pvalue="yes"/></target></local><remote><identity display-name="07700">&lt;sip:07700@pbx:5061;transport=tcp&gt;</identity><target uri="sip:**1000@pbx"/></remote>',
          'direction="initiator"',
        ),
      ),
    );
    assert.deepEqual(
      [dialog?.direction, dialog?.holding, dialog?.remote.number, dialog?.remote.name],
      ['initiator', false, '07700', '07700'],
    );
  });

  it('with a prefix for the namespace, or a prefix that nobody declared: peers forward such', () => {
    const inner = '<d:dialog id="x"><d:state> Early </d:state></d:dialog>';
    const [declared] = read(
      `<d:dialog-info xmlns:d="${ns}" version="0" state="full" entity="sip:a@b">${inner}</d:dialog-info>`,
    );
    const [bare] = read(
      `<dialog-info version="0" state="full" entity="sip:a@b">${inner.replaceAll('d:', '')}</dialog-info>`,
    );
    assert.deepEqual([declared?.phase, bare?.phase], ['early', 'early']);
    assert.deepEqual(
      read(info('<dialog xmlns="urn:other" id="x"><state>early</state></dialog><sa:x xmlns:sa="urn:x"/>')),
      [],
    );
  });

  it('with hold in every spelling, on the local target only: the held side is not the holder', () => {
    for (const param of [
      'pname="+sip.rendering" pval="no"',
      'pname="sip.rendering" pvalue="NO"',
      `pname="+sip.rendering" pval='"no"'`,
    ]) {
      const target = `<target uri="sip:a@b"><param ${param}/></target>`;
      assert.equal(read(info(one(`<local>${target}</local>`)))[0]?.holding, true, param);
      assert.equal(read(info(one(`<remote>${target}</remote>`)))[0]?.holding, false, param);
    }
    assert.equal(
      read(info(one('<local><target uri="sip:a@b"><param pname="+sip.rendering" pval="unknown"/></target></local>')))[0]
        ?.holding,
      false,
    );
  });

  it('with numbers of SIP and tel URIs, unescaped; no number where there is none', () => {
    const rows = [
      ['sips:+49%20171@b', '+49 171'],
      ['sip:user:secret@b', 'user'],
      ['tel:+4930123;phone-context=x', '+4930123'],
      ['sip:b', null],
      ['mailto:a@b', null],
      ['sip:%ff%zz@b', '%ff%zz'],
      ['sip:a%0d%0ab@c', 'a b'],
      [`sip:${'1'.repeat(65)}@b`, null],
      ['', null],
    ] as const;
    for (const [uri, number] of rows) {
      const [dialog] = read(info(one(`<remote><identity>${uri}</identity></remote>`)));
      assert.deepEqual(dialog?.remote, { number, name: null, presentable: true }, uri);
    }
  });

  it('of the target where nobody is named', () => {
    assert.equal(read(info(one('<remote><target uri="sip:77@b"/></remote>')))[0]?.remote.number, '77');
  });

  it('without the ones that ended; several at once, and the last word of an id', () => {
    const two =
      '<dialog id="1"><state>confirmed</state></dialog><dialog id="2"><state event="local-bye">terminated</state></dialog>';
    assert.deepEqual(
      read(info(two)).map(({ id }) => id),
      ['1'],
    );
    const again = '<dialog id="1"><state>early</state></dialog><dialog id="1"><state>confirmed</state></dialog>';
    assert.deepEqual(
      read(info(again)).map(({ phase }) => phase),
      ['confirmed'],
    );
    assert.deepEqual(read(info('')), []);
  });

  it('without a Call-ID or tag that could not stand in a message', () => {
    const [dialog] = read(info(one('', `call-id="a b" local-tag="" remote-tag="${'x'.repeat(257)}"`)));
    assert.deepEqual(Object.keys(dialog ?? {}).sort(), ['direction', 'holding', 'id', 'phase', 'remote']);
  });
});

describe('a partial document', () => {
  const before: Published = {
    kind: 'dialogs',
    dialogs: read(info('<dialog id="1"><state>early</state></dialog><dialog id="2"><state>confirmed</state></dialog>')),
  };
  const partial = (inner: string) => read(info(inner, 'state="partial"'), before);

  it('adds to what the same publication said before, renews it and ends it (RFC 4235 4.3)', () => {
    const ids = (dialogs: readonly PublishedDialog[]) => dialogs.map(({ id, phase }) => `${id} ${phase}`).sort();
    assert.deepEqual(ids(partial('<dialog id="3"><state>trying</state></dialog>')), [
      '1 early',
      '2 confirmed',
      '3 trying',
    ]);
    assert.deepEqual(ids(partial('<dialog id="1"><state>confirmed</state></dialog>')), ['1 confirmed', '2 confirmed']);
    assert.deepEqual(ids(partial('<dialog id="2"><state>terminated</state></dialog>')), ['1 early']);
    assert.deepEqual(ids(partial('<dialog id="9"><state>terminated</state></dialog>')), ['1 early', '2 confirmed']);
  });

  it('is all there is in a new publication, and a full one always is', () => {
    const inner = '<dialog id="3"><state>early</state></dialog>';
    assert.deepEqual(
      read(info(inner, 'state="partial"')).map(({ id }) => id),
      ['3'],
    );
    assert.deepEqual(
      read(info(inner), before).map(({ id }) => id),
      ['3'],
    );
  });
});

describe('a dialog-info that cannot be taken', () => {
  it('is 415 for another type, 413 for what is too large, 400 for what is none', () => {
    assert.deepEqual(refusal('hello', 'text/plain'), [415, 'body-type']);
    assert.deepEqual(refusal(info(' '.repeat(32_768))), [413, 'xml-too-large']);
    for (const xml of [
      '',
      'hello',
      '<dialog-info',
      '<presence/>',
      `<x xmlns="${ns}"/>`,
      '<dialog-info xmlns="urn:x"/>',
    ]) {
      assert.equal(refusal(xml)[0], 400, xml);
    }
    assert.deepEqual(refusal('<!DOCTYPE dialog-info SYSTEM "x"><dialog-info/>'), [400, 'xml-doctype']);
  });

  it('is 400 for a dialog without id or state: Kamailio crashed', () => {
    for (const dialog of [
      '<dialog><state>early</state></dialog>',
      '<dialog id=""><state>early</state></dialog>',
      `<dialog id="${'x'.repeat(257)}"><state>early</state></dialog>`,
    ]) {
      assert.deepEqual(refusal(info(dialog)), [400, 'dialog-without-id']);
    }
    for (const dialog of [
      '<dialog id="1"/>',
      '<dialog id="1"><state/></dialog>',
      '<dialog id="1"><state>ringing</state></dialog>',
    ]) {
      assert.deepEqual(refusal(info(dialog)), [400, 'dialog-state']);
    }
  });

  it('is 413 for more than 50 living dialogs, ended ones not counted', () => {
    const many = (count: number, state: string) =>
      Array.from({ length: count }, (_, at) => `<dialog id="${state}${at}"><state>${state}</state></dialog>`).join('');
    assert.equal(read(info(many(50, 'early') + many(100, 'terminated'))).length, 50);
    assert.deepEqual(refusal(info(many(51, 'early'))), [413, 'too-many-dialogs']);
  });

  it('never throws, whatever the bytes are, and is never more than limits allow', () => {
    const inner = fc
      .oneof(hostileText, fc.string({ unit: anySign, maxLength: 40 }))
      .map((text) => info(one(`<remote>${text}</remote>`)));
    fc.assert(
      fc.property(fc.oneof(hostileText, inner), (text) => {
        const outcome = parseDialogInfo(Buffer.from(text), type);
        if (!outcome.ok) assert.ok(outcome.refusal.status === 400 || outcome.refusal.status === 413);
      }),
      { numRuns: 500 },
    );
  });
});

describe('our own documents', () => {
  it('are read back as the calls they were written from, whatever their names are', () => {
    fc.assert(
      fc.property(resourceView, renderRequest([type], []), (view, request) => {
        const profile = {
          ...request.profile,
          dndOnBlf: 'off',
          callerConfirmed: false,
          trying: 'show',
          dialogs: 'multi',
        } as const;
        const [body] = renderDialogs(view, { ...request, profile }).bodies;
        const dialogs = read(body?.content ?? '');
        assert.deepEqual(
          dialogs.map(({ id, phase, direction, holding }) => ({ id, phase, direction, holding })),
          view.dialogs.map(({ id, phase, direction, holding }) => ({ id, phase, direction, holding })),
        );
      }),
    );
  });

  it('keep number and name of the other side', () => {
    const view = viewWith({
      dialogs: [call('c', { remote: { number: '+49 1', name: 'A & "B" <c>', presentable: true } })],
    });
    const [body] = renderDialogs(view, requestWith({ profile: { paramAttr: 'pvalue' } })).bodies;
    assert.deepEqual(read(body?.content ?? '')[0]?.remote, { number: '+49 1', name: 'A & "B" <c>', presentable: true });
  });
});
