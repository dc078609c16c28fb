import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extensionOf } from '../../../adapters/asterisk/agents.ts';

const interfaces: readonly [string, string, string | null][] = [
  ['PJSIP/1001', '', '1001'],
  ['PJSIP/1001/sip:1001@192.0.2.1', '', '1001'],
  ['SIP/1001', '', '1001'],
  ['Local/1001@from-queue/n', 'hint:1001@ext-local', '1001'],
  ['Local/FMPR-1001@from-internal', '', '1001'],
  ['Local/1001@from-queue', '', '1001'],
  ['Agent/1001', '', '1001'],
  ['hint:1001@ext-local', '', '1001'],
  ['Local/@x', 'hint:1001@ext-local', '1001'],
  ['Local/a b@from-queue/n', '', null],
  ['Message/x', '', null],
  ['', '', null],
];
for (const [iface, stateInterface, extension] of interfaces) {
  test(`the interface '${iface}' ${stateInterface && `of '${stateInterface}' `}is ${extension}`, () => {
    assert.equal(extensionOf({ interface: iface, stateInterface }), extension);
  });
}
