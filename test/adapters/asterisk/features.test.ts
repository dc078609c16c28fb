import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AstdbFeatures, isSafeTarget, isSafeUser } from '../../../adapters/asterisk/features/astdb.ts';
import { freepbx } from '../../../adapters/asterisk/features/freepbx.ts';
import { asteriskOptions } from '../../../adapters/asterisk/options.ts';
import { anySign } from '../../support/any-sign.ts';

const fresh = (writeRingTimer = false) => new AstdbFeatures(freepbx, 6, writeRingTimer);

describe('features in AstDB', () => {
  test('a forward is written and taken back with its device states, a busy forward without any', () => {
    const features = fresh();
    assert.deepEqual(features.steps('1001', 'cfa', '1003', ['1001']), [
      { do: 'put', family: 'CF', key: '1001', value: '1003' },
      { do: 'state', device: 'Custom:CF1001', state: 'BUSY' },
      { do: 'state', device: 'Custom:DEVCF1001', state: 'BUSY' },
    ]);
    assert.deepEqual(features.steps('1001', 'cfa', null, ['1001']), [
      { do: 'del', family: 'CF', key: '1001' },
      { do: 'state', device: 'Custom:CF1001', state: 'NOT_INUSE' },
      { do: 'state', device: 'Custom:DEVCF1001', state: 'NOT_INUSE' },
    ]);
    assert.deepEqual(features.steps('1001', 'cfb', '*97', ['1001']), [
      { do: 'put', family: 'CFB', key: '1001', value: '*97' },
    ]);
  });

  test('seconds become rings rounded up, between 1 and 20; the number a phone wished comes back', () => {
    const features = fresh(true);
    const rings = (seconds: number) => features.value('cfna', '1001', '1003', seconds).ringCount;
    assert.deepEqual([1, 6, 7, 25, 120, 500].map(rings), [1, 1, 2, 5, 20, 20]);
    for (let count = 1; count <= 20; count++) {
      const [step] = features.ringSteps('1001', count);
      assert.equal(rings(step?.do === 'put' ? Number(step.value) : 0), count);
    }
  });

  test('without a ring time of the PBX the last wish is shown, and nobody else is', () => {
    const features = fresh();
    assert.deepEqual(features.ringSteps('1001', 4), []);
    assert.equal(features.value('cfna', '1001', undefined, 0).ringCount, null);
    features.remember('1001', 4);
    assert.equal(features.value('cfna', '1001', undefined, 0).ringCount, 4);
    assert.equal(features.value('cfna', '1002', undefined, 0).ringCount, null);
    assert.equal(features.value('cfb', '1001', '1003', 0).ringCount, null);
  });

  test('states and dialplan of the features are hints, those of others are not', () => {
    const features = fresh();
    const states = ['Custom:DND1001', 'Custom:DEVCF1', 'PJSIP/1001', 'Custom:TC1', 'MWI:1001@default', 'xCustom:DND1'];
    assert.deepEqual(
      states.map((it) => features.isTrigger(it)),
      [true, true, false, false, false, false],
    );
    const lines = ['DB(CFU/1001)=1003', 'Deleting: DND/1001 YES', 'DB(AMPUSER/1001/x)=1', 'NoOp', 'XDB(CFX/1)'];
    assert.deepEqual(
      lines.map((it) => features.isWrite(it)),
      [true, true, false, false, false],
    );
  });

  test('no target or user that passes holds anything that a dialplan, a key or AMI could misread', () => {
    const dangerous = /[\s,/&;|$'"`\\(){}[\]<>@]|[^\x20-\x7e]/;
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: anySign })), (text) => {
        if (isSafeTarget(text) || isSafeUser(text)) assert.ok(!dangerous.test(text) && text.length > 0, text);
      }),
      { seed: 20231114, numRuns: 2000 },
    );
    for (const good of ['1003', '+49301234', '*97', '*981001', 'vm']) assert.ok(isSafeTarget(good), good);
  });

  test('options: both links may not be missing, templates need {ext}, a login is one line', () => {
    const ami = { username: 'a', password: 'b' };
    assert.equal(asteriskOptions.safeParse({}).success, false);
    assert.equal(asteriskOptions.safeParse({ ami }).success, true);
    assert.equal(asteriskOptions.safeParse({ ami: { ...ami, password: 'b\r\nAction: x' } }).success, false);
    assert.equal(asteriskOptions.safeParse({ ami, features: 'astdb' }).success, true, 'the places of the snippet');
    assert.equal(
      asteriskOptions.safeParse({ ami, features: 'astdb', astdb: { dnd: { family: 'DND' } } }).success,
      true,
    );
    const keyless = { ami, features: 'astdb', astdb: { dnd: { family: 'DND', key: 'all' } } };
    assert.equal(asteriskOptions.safeParse(keyless).success, false);
    const ari = { url: 'http://user:pass@127.0.0.1:8088', username: 'a', password: 'b' };
    assert.equal(asteriskOptions.safeParse({ ari }).success, false);
    assert.equal(asteriskOptions.parse({ ari: { ...ari, url: 'http://127.0.0.1:8088/' } }).ari?.app, 'lamplighter');
  });
});
