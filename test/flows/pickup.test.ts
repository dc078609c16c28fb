import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dialogInfo, type Subscription } from '../support/phone.ts';
import { FreeswitchRig, first, second, shows } from './freeswitch-rig.ts';

/** 1003 may take the calls of 1001, and nobody else any. */
const phones = (pickup: string) => `{
  pickup: [{ watchers: '1003', extensions: '1001' }],
  profiles: [{ name: Any, match: '.', notifyMinIntervalMs: 0, ${pickup} }] }`;

async function ringing(sub: Subscription) {
  const info = await shows(sub, 'ringing');
  return { dialog: info.dialogs[0]!, body: sub.notifies.at(-1)!.body };
}

describe('pickup', () => {
  test('by Replaces: who may is told the dialog between PBX and phone, until it is answered, and nobody else', () =>
    FreeswitchRig.run({ phones: phones('pickup: replaces') }, async (rig) => {
      const may = await rig.watching('1003', '1001');
      const others = [
        await rig.watching('1002', '1001'), // no right at all
        await rig.watching('1003', '1002'), // not to this extension
        await rig.watching('1003', '1001', second), // the same numbers, another tenant without a call
      ];
      const one = rig.pbx.call(`1002@${first}`, `1001@${first}`);
      const { dialog } = await ringing(may);
      assert.match(dialog.callId ?? '', /@pbx$/);
      assert.match(dialog.remoteTag ?? '', /^pbx-/); // for the phone that is rung, the PBX is the remote side
      assert.match(dialog.localTag ?? '', /^phone-/);
      assert.equal(dialog.remote.target, `sip:1001@${first}`);
      assert.equal(dialog.remote.identity, `sip:1002@${first}`);
      assert.doesNotMatch((await ringing(others[0]!)).body, /call-id|-tag/);
      one.answer();
      await shows(may, 'busy');
      assert.doesNotMatch(may.notifies.at(-1)!.body, /call-id|-tag/);
      one.hangup();
      await shows(may, 'off');
      rig.pbx.call(`1001@${first}`, `1002@${first}`);
      assert.doesNotMatch((await ringing(others[1]!)).body, /call-id|-tag/);
      for (const other of others) for (const { body } of other.notifies) assert.doesNotMatch(body, /call-id|-tag/);
    }));

  test('by code: the target of a ringing call is what a phone dials, and the caller again after the answer', () =>
    FreeswitchRig.run({ phones: phones("pickup: code, pickupCode: '**'") }, async (rig) => {
      const [may, mayNot] = [await rig.watching('1003', '1001'), await rig.watching('1002', '1001')];
      const call = rig.pbx.call(`1002@${first}`, `1001@${first}`);
      const { dialog, body } = await ringing(may);
      assert.deepEqual([dialog.remote.target, dialog.remote.identity], [`sip:**1001@${first}`, `sip:1002@${first}`]);
      assert.doesNotMatch(body, /call-id|-tag/);
      assert.equal((await ringing(mayNot)).dialog.remote.target, `sip:1002@${first}`);
      call.answer();
      assert.equal((await shows(may, 'busy')).dialogs[0]?.remote.target, `sip:1002@${first}`);
    }));

  test('is offered to nobody where no profile wants it, whoever may', () =>
    FreeswitchRig.run({ phones: phones("pickupCode: '**'") }, async (rig) => {
      const may = await rig.watching('1003', '1001');
      rig.pbx.call(`1002@${first}`, `1001@${first}`);
      assert.doesNotMatch((await ringing(may)).body, /call-id|-tag|\*\*/);
      assert.equal(dialogInfo(may.notifies.at(-1)!).dialogs[0]?.remote.target, `sip:1002@${first}`);
    }));
});
