import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { StreamFramer } from '../../../src/sip/embedded/framing.ts';
import * as readers from '../../../src/sip/headers.ts';
import { parseNameAddr, parseParams, splitList } from '../../../src/sip/message/name-addr.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { parseUri, withoutHeaders } from '../../../src/sip/message/uri.ts';
import { parseVia, stampVia } from '../../../src/sip/message/via.ts';
import * as grammar from './grammar.ts';
import { subscribe } from './sample.ts';

const seed = Number(process.env['LAMPLIGHTER_TEST_SEED'] ?? 20_261_121);
const runs = (numRuns: number) => ({ seed, numRuns });
console.log(`# seed ${seed}`);

const sources = fc.constantFrom('datagram' as const, 'stream' as const);
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((units) => Buffer.from(units));
/** Values that look like something, with anything in them. */
const value = fc.oneof(
  grammar.wireValue,
  grammar.nameAddr.map(({ wire }) => wire),
  grammar.via.map(({ wire }) => wire),
  grammar.uri.map(({ wire }) => wire),
  fc.string({ unit: fc.constantFrom(...'<>";,\\=: sip@[]%?#\t1aA/.\r\n\0'), maxLength: 60 }),
  bytes(80).map((units) => units.toString('latin1')),
);
/** A good value with a few places changed. */
const damaged = fc
  .tuple(
    value,
    fc.array(fc.tuple(fc.nat(), fc.nat(4), fc.string({ unit: 'binary-ascii', maxLength: 3 })), { maxLength: 4 }),
  )
  .map(([text, edits]) =>
    edits.reduce((sum, [place, cut, insert]) => {
      const at = place % (sum.length + 1);
      return sum.slice(0, at) + insert + sum.slice(at + cut);
    }, text),
  );
const model = grammar.message.map(({ start, headers }) => {
  const first = 'method' in start ? `${start.method} ${start.uri} SIP/2.0` : `SIP/2.0 ${start.status} ${start.reason}`;
  return Buffer.from(
    [first, ...headers.map(([name, text]) => `${name}: ${text}`), 'Content-Length: 0', '', ''].join('\r\n'),
    'latin1',
  );
});
const damagedMessage = fc
  .tuple(
    fc.oneof(model, fc.constant(subscribe())),
    fc.array(fc.tuple(fc.nat(), fc.nat(40), bytes(12)), { minLength: 1, maxLength: 5 }),
  )
  .map(([message, edits]) =>
    edits.reduce((sum, [place, cut, insert]) => {
      const at = place % (sum.length + 1);
      return Buffer.concat([sum.subarray(0, at), insert, sum.subarray(at + cut)]);
    }, message),
  );

describe('nothing that comes in throws past the boundary', () => {
  test('as a message: any bytes, and good messages with damage', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(600), damagedMessage), sources, (input, from) => {
        parseMessage(input, from);
      }),
      runs(600),
    );
  });

  test('as a stream: any bytes, cut anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(bytes(60), damagedMessage), { maxLength: 6 }), (chunks) => {
        const framer = new StreamFramer();
        for (const chunk of chunks) framer.push(chunk, () => undefined);
      }),
      runs(500),
    );
  });

  test('as a value: every reader of URIs, names, Vias, lists and headers', () => {
    fc.assert(
      fc.property(fc.array(damaged, { minLength: 1, maxLength: 3 }), (lines) => {
        for (const text of lines) {
          parseUri(text);
          withoutHeaders(text);
          parseNameAddr(text);
          parseParams(text);
          splitList(text);
          const via = parseVia(text);
          if (via !== null) assert.ok(stampVia(text, via, '192.0.2.1', 5060).includes(';received=192.0.2.1'));
          readers.isToken(text);
          readers.readRetryAfter(text);
        }
        readers.readEvent(lines);
        readers.readExpires(lines);
        readers.readContact(lines);
        readers.readAccept(lines);
        readers.readContentType(lines);
        readers.splitLines(lines);
      }),
      runs(1000),
    );
  });
});

/** The frames as text, in order. */
function frames(chunks: readonly Buffer[]): string[] {
  const framer = new StreamFramer();
  const out: string[] = [];
  for (const chunk of chunks) {
    framer.push(chunk, (frame) => {
      out.push(frame.kind === 'ping' ? 'ping' : `${frame.kind} ${frame.bytes.toString('latin1')}`);
    });
  }
  return out;
}

describe('a stream', () => {
  test('gives the same frames however it is split, also where a message in it is broken', () => {
    const streams = fc
      .array(
        fc.oneof(
          { weight: 4, arbitrary: model },
          { weight: 1, arbitrary: damagedMessage },
          { weight: 1, arbitrary: fc.constant(Buffer.from('\r\n\r\n')) },
        ),
        { minLength: 1, maxLength: 5 },
      )
      .map((parts) => Buffer.concat(parts));
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), { maxLength: 12 }), (stream, places) => {
        const cuts = [0, ...places.map((place) => place % stream.length).sort((a, b) => a - b), stream.length];
        const chunks = cuts.slice(1).map((end, at) => stream.subarray(cuts[at], end));
        // what a broken frame holds besides its beginning depends on how much had come
        const whole = frames([stream]);
        assert.deepEqual(frames(chunks), whole);
      }),
      runs(500),
    );
  });

  test('of good messages gives exactly these messages', () => {
    fc.assert(
      fc.property(fc.array(model, { maxLength: 6 }), (messages) => {
        assert.deepEqual(
          frames([Buffer.concat(messages)]),
          messages.map((message) => `message ${message.toString('latin1')}`),
        );
      }),
      runs(300),
    );
  });
});
