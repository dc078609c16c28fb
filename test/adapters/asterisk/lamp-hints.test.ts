import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lampOfHint } from '../../../adapters/asterisk/lamp-events.ts';

const hints: readonly [string, string | null][] = [
  ['park:701@parkedcalls', 'park+701'],
  ['confbridge:8000', 'conf+8000'],
  ['Queue:sales', 'queue+sales'],
  ['Custom:DAYNIGHT1', 'custom+DAYNIGHT1'],
  ['Custom:Open,CustomPresence:1', 'custom+Open'],
  ['custom:Open', 'custom+Open'],
  // Another queue, room and state than the one without what comes after the sign.
  ['Queue:sales@tenant', null],
  ['confbridge:8000@tenant', null],
  ['Custom:Open@night', null],
  // They say whether somebody could answer, or is paused: nobody waits there.
  ['Queue:sales_avail', null],
  ['Queue:sales_pause_PJSIP/1003', null],
  ['PJSIP/1001&Custom:DND1001,CustomPresence:1001', null],
  ['Custom:A&Custom:B', null],
  ['MWI:1001@default', null],
  ['Custom:a b', null],
  ['', null],
];
for (const [hint, name] of hints) {
  test(`'${hint}' shows ${name}`, () => assert.equal(lampOfHint(hint), name));
}
