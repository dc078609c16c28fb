import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { longestStunAnswer, readStunRequest, writeStunAnswer } from '../../../src/sip/embedded/stun.ts';

const transaction = Buffer.from('b7e7a701bc34d686fa87dfae', 'hex'); // of RFC 5769
const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

function request(attributes = '', type = '0001', cookie = '2112a442'): Buffer {
  const body = hex(attributes);
  return Buffer.concat([hex(`${type}${body.length.toString(16).padStart(4, '0')}${cookie}`), transaction, body]);
}

function answerTo(bytes: Buffer, address = '192.0.2.1', port = 32_853): string | null {
  const read = readStunRequest(bytes);
  return read === null ? null : writeStunAnswer(read, { address, port }).toString('hex');
}

describe('STUN', () => {
  test('RFC 5769 2.2: the XOR-MAPPED-ADDRESS of 192.0.2.1:32853', () => {
    assert.equal(answerTo(request()), `0101000c2112a442${transaction.toString('hex')}002000080001a147e112a643`);
  });

  test('RFC 5769 2.3: the XOR-MAPPED-ADDRESS of an IPv6 address, its zone left out', () => {
    const address = '2001:db8:1234:5678:11:2233:4455:6677';
    const expected = `010100182112a442${transaction.toString('hex')}002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9`;
    assert.equal(answerTo(request(), address), expected);
    const zoned = answerTo(request(), 'fe80::1%eth0');
    assert.equal(zoned, answerTo(request(), 'fe80::1'));
    assert.equal(answerTo(request(), '::ffff:192.0.2.1'), answerTo(request(), '::ffff:c000:201'));
    assert.equal(zoned?.length, 2 * longestStunAnswer);
  });

  test('FINGERPRINT, SOFTWARE and the credentials of the base protocol are passed over', () => {
    const rows = ['80280004c8fb0b4c', '8022000474657374', '000600066576746a3a680000', '8028000400000000'];
    for (const row of [...rows, rows.join('')]) assert.equal(answerTo(request(row)), answerTo(request()));
  });

  test('RFC 8489 6.3.1: an attribute that must be understood and is not is a 420 that names it, four at most', () => {
    const error = '000900040000' + '0414';
    assert.equal(
      answerTo(request('0003000400000006')),
      `011100102112a442${transaction.toString('hex')}${error}000a000200030000`,
    );
    const many = Array.from({ length: 20 }, (_one, index) => `00${(0x40 + index).toString(16)}0000`).join('');
    const answer = answerTo(request(many)) ?? '';
    assert.ok(answer.endsWith('000a00080040004100420043'));
    assert.ok(answer.length <= 2 * longestStunAnswer);
  });

  test('everything else is no request', () => {
    const rows: readonly (readonly [what: string, bytes: Buffer])[] = [
      ['empty', Buffer.alloc(0)],
      ['short', request().subarray(0, 19)],
      ['RFC 3489, no cookie', request('', '0001', '2112a443')],
      ['a response', request('', '0101')],
      ['an indication', request('', '0011')],
      ['another method', request('', '0003')],
      ['longer than it says', Buffer.concat([request(), Buffer.alloc(4)])],
      ['shorter than it says', request('8022000474657374').subarray(0, 24)],
      ['length not by four', Buffer.concat([hex('000100012112a442'), transaction, Buffer.alloc(1)])],
      ['an attribute that runs out', request('8022ffff74657374')],
      ['NULs', Buffer.alloc(20)],
    ];
    for (const [what, bytes] of rows) assert.equal(answerTo(bytes), null, what);
  });

  test('whatever comes, nothing is thrown and no answer is longer than 44 bytes', () => {
    const tail = fc.uint8Array({ maxLength: 200 }).map((bytes) => bytes.subarray(0, bytes.length & ~3));
    const likely = tail.map((bytes) => request(Buffer.from(bytes).toString('hex')));
    const any = fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(likely, any), fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65_535), (bytes, address, port) => {
        const read = readStunRequest(bytes);
        if (read !== null) assert.ok(writeStunAnswer(read, { address, port }).length <= longestStunAnswer);
      }),
    );
  });
});
