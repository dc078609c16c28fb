import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Broadsoft } from '../support/lamps/broadsoft.ts';
import { CiscoSpa } from '../support/lamps/cisco-spa.ts';
import { Grandstream } from '../support/lamps/grandstream.ts';
import type { LampPhone } from '../support/lamps/lamp-phone.ts';
import { Polycom } from '../support/lamps/polycom.ts';
import { Snom } from '../support/lamps/snom.ts';
import { Yealink } from '../support/lamps/yealink.ts';

const entity = 'sip:1001@pbx.test';
const local = '<local><identity>sip:1001@pbx.test</identity><target uri="sip:1001@pbx.test"/></local>';
const held = local.replace('/></local>', '><param pname="+sip.rendering" pval="no"/></target></local>');

function dialog(id: string, state: string, direction = 'recipient', side = local): string {
  return `<dialog id="${id}" direction="${direction}"><state>${state}</state>${state === 'terminated' ? '' : side}</dialog>`;
}

/** A phone with a subscription, and the way to send it documents. */
function desk(Phone: new (entity: string) => LampPhone) {
  const phone = new Phone(entity);
  phone.begin('call-1');
  let [cseq, version] = [0, -1];
  const send = (dialogs: string, how: { cseq?: number; version?: number; entity?: string; state?: string } = {}) => {
    cseq = how.cseq ?? cseq + 1;
    version = how.version ?? version + 1;
    const body = `<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="${version}" state="${how.state ?? 'full'}" entity="${how.entity ?? entity}">${dialogs}</dialog-info>`;
    return phone.take({ callId: 'call-1', cseq, state: 'active', contentType: 'application/dialog-info+xml', body });
  };
  return { phone, send };
}

const makes = [Polycom, Yealink, Snom, CiscoSpa, Grandstream, Broadsoft] as const;

for (const Phone of makes) {
  describe(`the lamp of a ${Phone.name}`, () => {
    it('follows a call: dark, off, ringing, busy, held or still busy, off', () => {
      const { phone, send } = desk(Phone);
      assert.equal(phone.lamp, 'dark');
      const lamps = [
        dialog('idle', 'terminated'),
        dialog('a', 'early'),
        dialog('a', 'confirmed'),
        dialog('a', 'confirmed', 'recipient', held),
        dialog('a', 'terminated'),
      ].map((document) => {
        assert.equal(send(document), 200);
        return phone.lamp;
      });
      assert.deepEqual(lamps, ['off', 'ringing', 'busy', Phone === Broadsoft ? 'busy' : 'held', 'off']);
      assert.deepEqual(phone.violations, []);
    });

    it('keeps what it shows where a version does not grow, a CSeq goes back or the document is of another kind', () => {
      const { phone, send } = desk(Phone);
      send(dialog('a', 'confirmed'), { version: 5 });
      send(dialog('a', 'terminated'), { version: 5 });
      assert.equal(send(dialog('a', 'terminated'), { version: 9, cseq: 1 }), 500);
      const pidf = {
        callId: 'call-1',
        cseq: 9,
        state: 'active',
        contentType: 'application/pidf+xml',
        body: '<presence/>',
      };
      assert.equal(phone.take(pidf), 415);
      assert.equal(phone.lamp, 'busy');
      assert.equal(phone.violations.length, 3);
    });

    it('knows only its own subscription, and none after the end or a reboot', () => {
      const { phone, send } = desk(Phone);
      send(dialog('a', 'confirmed'));
      const other = { callId: 'other', cseq: 9, state: 'active', contentType: null, body: '' };
      assert.equal(phone.take(other), 481);
      assert.equal(phone.take({ ...other, callId: 'call-1', state: 'terminated' }), 200);
      assert.equal(phone.lamp, 'dark');
      phone.begin('call-1');
      send(dialog('a', 'confirmed'), { version: 20, cseq: 20 });
      phone.reboot();
      assert.equal(phone.lamp, 'dark');
      assert.equal(send(dialog('a', 'confirmed')), 481);
    });

    it('finds fault with a dialog that goes back or comes back, and with what is not full', () => {
      const { phone, send } = desk(Phone);
      send(dialog('a', 'confirmed'));
      send(dialog('a', 'early'));
      assert.equal(phone.violations.length, 1);
      send(dialog('a', 'terminated'));
      send(dialog('a', 'confirmed'));
      assert.equal(phone.violations.length, 2);
      send(dialog('b', 'early'), { state: 'partial' });
      assert.equal(phone.violations.length, 3);
    });
  });
}

describe('what is peculiar to', () => {
  it('Polycom: what rings after it was answered, or comes back, stays as it was; a lower CSeq begins a storm', () => {
    const { phone, send } = desk(Polycom);
    send(dialog('a', 'confirmed'));
    send(dialog('a', 'early'));
    assert.equal(phone.lamp, 'busy');
    send(dialog('a', 'terminated'));
    send(dialog('a', 'early'));
    assert.equal(phone.lamp, 'off');
    send(dialog('b', 'early'), { cseq: 1 });
    assert.ok(phone instanceof Polycom && phone.storms);
  });

  it('Yealink: a document without a dialog changes nothing; an end among others must have been seen', () => {
    const { phone, send } = desk(Yealink);
    send('');
    assert.equal(phone.lamp, 'dark');
    send(dialog('a', 'confirmed'));
    send('');
    assert.equal(phone.lamp, 'busy');
    send(dialog('x', 'terminated') + dialog('a', 'confirmed'));
    assert.deepEqual(phone.violations, ['the end of x, which was never shown']);
    phone.missed = true;
    send(dialog('y', 'terminated') + dialog('a', 'confirmed'));
    assert.equal(phone.violations.length, 1);
  });

  it('Snom: another entity is not for it, trying is off-hook, and URIs have hosts', () => {
    const { phone, send } = desk(Snom);
    send(dialog('a', 'confirmed'), { entity: `${entity};user=phone` });
    assert.equal(phone.lamp, 'dark');
    send(dialog('b', 'trying', 'initiator'));
    assert.equal(phone.lamp, 'busy');
    send(dialog('c', 'early', 'recipient', '<remote><identity>sip:1002</identity></remote>'));
    assert.equal(phone.violations.length, 2);
  });

  it('Cisco SPA: two dialogs are one too many, and a caller who rings flashes', () => {
    const { phone, send } = desk(CiscoSpa);
    send(dialog('a', 'early', 'initiator'));
    assert.equal(phone.lamp, 'ringing');
    assert.equal(
      phone.wants({ calls: [{ phase: 'early', direction: 'initiator', holding: false }], dnd: false }),
      'busy',
    );
    send(dialog('a', 'confirmed') + dialog('b', 'terminated'));
    assert.deepEqual(phone.violations, ['2 dialogs: it stops']);
    assert.equal(phone.lamp, 'ringing');
  });

  it('Grandstream: each call names the watched side and has a direction', () => {
    const { phone, send } = desk(Grandstream);
    send(dialog('a', 'early', 'recipient', '<remote><identity>sip:1002@pbx.test</identity></remote>'));
    send('<dialog id="b"><state>early</state></dialog>');
    assert.equal(phone.violations.length, 3);
  });

  it('phones of the BroadSoft kind: proceeding blinks too, a caller is on at once, an empty document is off', () => {
    const { phone, send } = desk(Broadsoft);
    send(dialog('a', 'proceeding'));
    assert.equal(phone.lamp, 'ringing');
    send(dialog('b', 'trying', 'initiator'));
    assert.equal(phone.lamp, 'busy');
    send('');
    assert.equal(phone.lamp, 'off');
  });

  it('all of them, of the truth: a ringing call before one that talks before a held one, do not disturb behind all', () => {
    const ringing = { phase: 'early', direction: 'recipient', holding: false } as const;
    const talking = { ...ringing, phase: 'confirmed' } as const;
    const holding = { ...talking, holding: true } as const;
    const trying = { ...ringing, phase: 'trying', direction: 'initiator' } as const;
    for (const Phone of makes) {
      const phone = new Phone(entity);
      const wants = (
        calls: readonly (typeof ringing | typeof talking | typeof holding | typeof trying)[],
        dnd = false,
      ) => phone.wants({ calls, dnd });
      assert.equal(wants([holding, talking, ringing], true), 'ringing');
      assert.equal(wants([holding, talking], true), 'busy');
      assert.equal(wants([holding], true), Phone === Broadsoft ? 'busy' : 'held');
      assert.deepEqual([wants([trying]), wants([], true), wants([])], ['off', 'busy', 'off']);
    }
  });
});
