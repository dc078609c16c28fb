import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SipRequest } from '../../../src/sip/engine.ts';
import { udpFlow } from './fake-engine.ts';
import { startFront } from './front-fixture.ts';

const names = ['Accept', 'Authorization', 'Call-ID', 'Contact', 'Content-Encoding', 'Content-Type', 'CSeq', 'Event'];
const more = ['Expires', 'From', 'Record-Route', 'Require', 'To', 'User-Agent'];

const piece = fc.constantFrom(
  ...[
    '<',
    '>',
    '"',
    '\\',
    ';',
    ',',
    ':',
    '=',
    '@',
    '?',
    '*',
    ' ',
    '\t',
    '%00',
    '%0d%0a',
    '\u00e4',
    '-1',
    '9'.repeat(30),
  ],
  ...[
    'sip:',
    'sips:',
    'tel:',
    'tag',
    'tag=x',
    'a',
    '1',
    'dialog',
    'id',
    'id=1',
    'q=0',
    'a/b',
    'Digest ',
    '[::1]',
    '[',
    ']',
  ],
  ...[
    '__proto__',
    'constructor',
    '1 SUBSCRIBE',
    '<sip:1001@lamplighter.test>',
    'realm="lamplighter.test"',
    'nonce="x"',
  ],
);
const value = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
const plain: Readonly<Record<string, string>> = {
  'Call-ID': 'c',
  CSeq: '1 SUBSCRIBE',
  Contact: '<sip:1001@192.0.2.77>',
  Event: 'dialog',
  From: '<sip:1001@lamplighter.test>;tag=f',
  To: '<sip:1001@lamplighter.test>',
};

/** As any engine might hand it over: values that our own parser would have refused included. */
const hostile = fc.record({
  method: fc.constantFrom('SUBSCRIBE', 'SUBSCRIBE', 'SUBSCRIBE', 'OPTIONS', 'INFO', 'NOTIFY'),
  uri: fc.oneof(fc.constant('sip:1001@lamplighter.test'), value),
  headers: fc.dictionary(fc.constantFrom(...names, ...more), fc.array(value, { maxLength: 3 }), { maxKeys: 4 }),
});

test('security 8.2: whatever the headers hold, there is one answer, no exception and no dialog that was not granted', async () => {
  const fronts = [await startFront(), await startFront({ mode: 'pbx' })];
  await fc.assert(
    fc.asyncProperty(hostile, async ({ method, uri, headers }) => {
      const lines = (name: string): readonly string[] => {
        const given = Object.hasOwn(headers, name) ? headers[name] : undefined;
        return given ?? (Object.hasOwn(plain, name) ? [plain[name]!] : []);
      };
      const body = Buffer.alloc(0);
      const request: SipRequest = {
        method,
        uri,
        body,
        flow: udpFlow,
        headers: lines,
        header: (name) => lines(name)[0],
      };
      for (const { engine, front, logger, seen } of fronts) {
        const answer = await engine.receive(request);
        assert.ok(answer.status >= 200 && answer.status < 600 && answer.status !== 500, JSON.stringify(answer));
        for (const [name, text] of answer.headers ?? []) assert.ok(!/[\r\n]/.test(text), name);
        assert.deepEqual(
          logger.lines.filter(({ level }) => level === 'error'),
          [],
        );
        assert.equal(front.dialogCount, seen.length);
      }
    }),
    { numRuns: 2_000 },
  );
  assert.ok(fronts[0]!.seen.length > 0, 'some were good enough');
  assert.equal(fronts[1]!.seen.length, 0, 'nobody guessed a digest');
});
