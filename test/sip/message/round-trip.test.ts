import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseNameAddr, parseParams, splitList } from '../../../src/sip/message/name-addr.ts';
import { type ParsedRequest, parseMessage } from '../../../src/sip/message/parse.ts';
import { parseUri } from '../../../src/sip/message/uri.ts';
import { parseVia } from '../../../src/sip/message/via.ts';
import { headerLine, writeRequest, writeResponse } from '../../../src/sip/message/write.ts';
import { subscribe } from './sample.ts';

const seed = Number(process.env['LAMPLIGHTER_TEST_SEED'] ?? 20_261_121);
const runs = { seed, numRuns: 300 };
console.log(`# seed ${seed}`);

const tokenChars = [..."abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-.!%*_+`'~"];
const token = fc.string({ unit: fc.constantFrom(...tokenChars), minLength: 1, maxLength: 12 });
/** Anything a value may hold on the wire, as it comes back: no controls, no white space at the ends. */
const wireValue = fc
  .string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((c) => c !== 0x7f)
      .map((c) => String.fromCharCode(c)),
  })
  .map((text) => text.replace(/^ +| +$/g, ''));
const unknownName = token.map((name) => `X-${name}`);

const request = fc.record({
  method: token,
  user: token.map((text) => encodeURIComponent(text)),
  tag: token,
  callId: token,
  cseq: fc.integer({ min: 0, max: 0xffff_ffff }),
  extra: fc.array(fc.tuple(unknownName, wireValue), { maxLength: 12 }),
  body: fc.string({ unit: 'grapheme' }),
});

describe('the writer and the parser', () => {
  test('agree: what is written is read back, header by header and byte by byte', () => {
    fc.assert(
      fc.property(request, ({ method, user, tag, callId, cseq, extra, body }) => {
        const uri = `sip:${user}@host.test`;
        const headers: (readonly [string, string])[] = [
          ['Via', `SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK${tag}`],
          ['From', `"q" <${uri}>;tag=${tag}`],
          ['To', `<${uri}>`],
          ['Call-ID', callId],
          ['CSeq', `${cseq} ${method}`],
          ['Content-Type', 'text/plain'],
          ...extra,
        ];
        const wire = writeRequest(method, uri, headers, body);
        const parsed = parseMessage(Buffer.from(wire, 'latin1'), 'stream');
        assert.equal(parsed.kind, 'request', JSON.stringify(parsed));
        const { headers: read, ...rest } = parsed as ParsedRequest;
        assert.equal(rest.method, method);
        assert.equal(rest.uri, uri);
        assert.equal(rest.cseq, cseq);
        assert.equal(rest.fromTag, tag);
        assert.equal(rest.body.toString('utf8'), Buffer.from(body).toString('utf8'));
        for (const [name, value] of headers) assert.ok(read.all(name).includes(value), name);
        const again = writeRequest(
          method,
          uri,
          read.entries().filter(([name]) => name !== 'Content-Length'),
          body,
        );
        const reread = parseMessage(Buffer.from(again, 'latin1'), 'stream') as ParsedRequest;
        assert.deepEqual(reread.headers.entries(), read.entries());
      }),
      runs,
    );
  });

  test('a header value with a line break, NUL or any control character is a fault, in names and reasons too', () => {
    for (const bad of ['a\r\nX: y', 'a\nb', 'a\rb', 'a\0b', 'a\x1bb', 'a\x7fb']) {
      assert.throws(() => headerLine('X', bad), { name: 'Fault', code: 'internal' });
      assert.throws(() => writeResponse(200, bad, []), { name: 'Fault' });
      assert.throws(() => headerLine(bad, 'x'), { name: 'Fault' });
      assert.throws(() => writeRequest('X', `sip:${bad}`, []), { name: 'Fault' });
      assert.throws(() => writeRequest(bad, 'sip:x', []), { name: 'Fault' });
    }
    assert.throws(() => writeResponse(99, undefined, []), { name: 'Fault' });
  });

  test('a line that was written before is the same again, and another one is looked at anew', () => {
    for (const value of ['<sip:a@b>', '<sip:a@c>', '<sip:a@c>', 'x'.repeat(300), '日', '日']) {
      const line = headerLine('X-Again', value);
      assert.equal(Buffer.from(line, 'latin1').toString(), `X-Again: ${value}\r\n`);
      assert.throws(() => headerLine('X-Again', `${value}\r\nY: z`), { name: 'Fault' });
      assert.throws(() => headerLine('X-Again\r\n', value), { name: 'Fault' });
      assert.equal(headerLine('X-Again', value), line);
    }
    for (let i = 0; i < 300; i++) assert.equal(headerLine(`X-${i}`, 'v'), `X-${i}: v\r\n`);
  });

  test('text beyond Latin-1 goes out as UTF-8, bytes off the wire as they came', () => {
    assert.equal(Buffer.from(headerLine('X', '日'), 'latin1').toString('utf8'), 'X: 日\r\n');
    assert.equal(headerLine('X', 'M\xfcller'), 'X: M\xfcller\r\n');
  });

  test('Content-Length counts bytes', () => {
    assert.match(writeResponse(200, undefined, [], 'ü日'), /^SIP\/2\.0 200 OK\r\nContent-Length: 5\r\n\r\n/);
  });
});

describe('no bytes at all', () => {
  const noise = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));

  test('make the parser throw', () => {
    fc.assert(
      fc.property(noise, fc.constantFrom('datagram' as const, 'stream' as const), (bytes, from) => {
        parseMessage(bytes, from);
      }),
      runs,
    );
  });

  test('put into a good message make it throw or hand out a value with a line break', () => {
    const plain = subscribe({ Accept: ['a/b', 'c/d'] });
    const edits = fc.array(
      fc.record({ at: fc.nat(plain.length - 1), remove: fc.nat(30), insert: fc.uint8Array({ maxLength: 12 }) }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(edits, (list) => {
        let bytes = plain;
        for (const { at, remove, insert } of list) {
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(insert), bytes.subarray(at + remove)]);
        }
        const parsed = parseMessage(bytes, 'datagram');
        if (parsed.kind === 'refused') return;
        for (const [name, value] of parsed.headers.entries()) assert.doesNotMatch(name + value, /[\r\n\0]/);
        if (parsed.kind !== 'request') return;
        const entries = parsed.headers.entries().filter(([name]) => name !== 'Content-Length');
        const wire = writeRequest(parsed.method, parsed.uri, entries, '');
        assert.equal(parseMessage(Buffer.from(wire, 'latin1'), 'stream').kind, 'request');
      }),
      { seed, numRuns: 800 },
    );
  });

  test('make the value parsers throw', () => {
    const text = fc.oneof(
      wireValue,
      fc.string({ unit: fc.constantFrom(...'<>";,\\=: sip@[]%?#\t1aA/.'), maxLength: 40 }),
    );
    fc.assert(
      fc.property(text, (value) => {
        parseUri(value);
        parseNameAddr(value);
        parseParams(value);
        splitList(value);
        parseVia(value);
      }),
      { seed, numRuns: 1200 },
    );
  });
});
