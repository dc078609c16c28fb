import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AmiParser, formatAction } from '../../../adapters/asterisk/ami-wire.ts';
import { Fault } from '../../../src/model/errors.ts';

const greeting = 'Asterisk Call Manager/11.0.0\r\n';

describe('AMI as bytes', () => {
  test('blocks come out the same however the stream is cut', () => {
    const stream = `${greeting}Response: Success\r\nActionID: l1\r\n\r\nEvent: Hold\r\nChannel: PJSIP/1001-00000001\r\nName: a: b\r\nEmpty: \r\nTight:x\r\n\r\n`;
    const whole = new AmiParser().push(stream).map((it) => ({ ...it }));
    assert.deepEqual(whole, [
      { Greeting: 'Asterisk Call Manager/11.0.0' },
      { Response: 'Success', ActionID: 'l1' },
      { Event: 'Hold', Channel: 'PJSIP/1001-00000001', Name: 'a: b', Empty: '', Tight: 'x' },
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
        const parser = new AmiParser();
        const edges = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const pieces = edges.slice(1).map((end, index) => stream.slice(edges[index], end));
        assert.deepEqual(
          pieces.flatMap((it) => parser.push(it)).map((it) => ({ ...it })),
          whole,
        );
      }),
      { seed: 20231114 },
    );
  });

  test('of a repeated key the first value counts, and a key of JavaScript is only a key', () => {
    const [, block] = new AmiParser().push(`${greeting}Val: one\r\nVal: two\r\n__proto__: x\r\nnonsense\r\n\r\n`);
    assert.equal(block?.['Val'], 'one');
    assert.ok(Object.hasOwn(block ?? {}, '__proto__'));
    assert.equal(block?.['toString'], undefined);
  });

  test('what is not AMI, and a message without an end, are Faults', () => {
    assert.throws(() => new AmiParser().push('SSH-2.0-OpenSSH_9.2\r\n'), Fault);
    assert.throws(() => new AmiParser().push('x'.repeat(300)), Fault);
    const parser = new AmiParser();
    parser.push(greeting);
    assert.throws(() => parser.push(`Event: ${'x'.repeat(1024 * 1024)}`), Fault);
  });

  test('no value can become a second header or a second action', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('\r', '\n', '\0', '\r\n'), fc.string(), (before, end, after) => {
        assert.throws(() => formatAction([['Val', before + end + after]]), Fault);
      }),
      { seed: 20231114 },
    );
    assert.equal(formatAction([['Action', 'Ping']]), 'Action: Ping\r\n\r\n');
  });
});
