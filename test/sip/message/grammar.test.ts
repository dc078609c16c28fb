import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseNameAddr, parseParams, splitList } from '../../../src/sip/message/name-addr.ts';
import { type Parsed, parseMessage } from '../../../src/sip/message/parse.ts';
import { parseUri } from '../../../src/sip/message/uri.ts';
import { parseVia } from '../../../src/sip/message/via.ts';
import { writeRequest, writeResponse } from '../../../src/sip/message/write.ts';
import * as grammar from './grammar.ts';

const seed = Number(process.env['LAMPLIGHTER_TEST_SEED'] ?? 20_261_121);
const runs = (numRuns: number) => ({ seed, numRuns });
console.log(`# seed ${seed}`);

/** The message is the model, header by header and byte by byte. */
function assertIs(parsed: Parsed, model: grammar.Model, body: Buffer): void {
  const { start, headers, via } = model;
  assert.ok(parsed.kind !== 'refused', parsed.kind === 'refused' ? `${parsed.reason}: ${JSON.stringify(model)}` : '');
  if (parsed.kind === 'request') assert.deepEqual({ method: parsed.method, uri: parsed.uri }, { ...start });
  if (parsed.kind === 'response') assert.deepEqual({ status: parsed.status, reason: parsed.reason }, { ...start });
  assert.equal(parsed.kind, 'method' in start ? 'request' : 'response');
  assert.equal(parsed.method, model.method);
  assert.equal(parsed.cseq, model.cseq);
  assert.equal(parsed.fromTag, model.from.tag);
  assert.equal(parsed.toTag, model.to.tag);
  const { transport, host, port, branch } = parsed.via;
  assert.deepEqual(
    { transport, host, port, branch },
    { transport: via.transport, host: via.host, port: via.port, branch: via.branch },
  );
  assert.deepEqual(
    parsed.headers.entries().filter(([name]) => name !== 'Content-Length'),
    headers,
  );
  assert.deepEqual(parsed.body, body);
}

function startLine({ start }: grammar.Model): string {
  return 'method' in start ? `${start.method} ${start.uri} SIP/2.0` : `SIP/2.0 ${start.status} ${start.reason}`;
}

describe('parse(serialise(m)) is m', () => {
  test('for every request and response of the grammar, as the writer writes them', () => {
    fc.assert(
      fc.property(
        grammar.message,
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('datagram' as const, 'stream' as const),
        (model, body, from) => {
          const { start, headers } = model;
          const wire =
            'method' in start
              ? writeRequest(start.method, start.uri, headers, body)
              : writeResponse(start.status, start.reason, headers, body);
          assertIs(parseMessage(Buffer.from(wire, 'latin1'), from), model, Buffer.from(body, 'utf8'));
        },
      ),
      runs(400),
    );
  });

  test('however it is spelled: compact names, letter case, gaps, folds, and a body of any bytes', () => {
    const spelled = fc.record({
      model: grammar.message,
      spellings: fc.infiniteStream(grammar.spelling),
      length: fc.nat(10),
      body: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      junk: fc.boolean(),
    });
    fc.assert(
      fc.property(spelled, ({ model, spellings, length, body, junk }) => {
        const lines = model.headers.map(([name, value]) => grammar.spell(name, value, spellings.next().value));
        lines.splice(
          length,
          0,
          grammar.spell('Content-Length', `${'0'.repeat(length % 3)}${body.length}`, spellings.next().value),
        );
        const head = Buffer.from(`${startLine(model)}\r\n${lines.join('')}\r\n`, 'latin1');
        const bytes = Buffer.concat([Buffer.from(junk ? '\r\n\r\n' : ''), head, body, Buffer.from(junk ? 'junk' : '')]);
        assertIs(parseMessage(bytes, 'datagram'), model, body);
      }),
      runs(400),
    );
  });
});

describe('the readers of values find what was written', () => {
  test('in a SIP URI', () => {
    fc.assert(
      fc.property(grammar.uri, ({ wire, ...parts }) => {
        assert.deepEqual(grammar.withMap(parseUri(wire)), { ...parts, headers: null });
      }),
      runs(1000),
    );
  });

  test('in a name-addr, and in a list of them', () => {
    fc.assert(
      fc.property(
        fc.array(grammar.nameAddr, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(',', ', ', '\t,  '),
        (list, comma) => {
          const parts = splitList(list.map(({ wire }) => wire).join(comma));
          assert.deepEqual(
            parts,
            list.map(({ wire }) => wire),
          );
          for (const [at, { display, uri, params }] of list.entries()) {
            assert.deepEqual(grammar.withMap(parseNameAddr(parts?.[at] ?? '')), { display, uri, params });
          }
        },
      ),
      runs(1000),
    );
  });

  test('in a Via, also where other hops follow in the same line', () => {
    fc.assert(
      fc.property(fc.array(grammar.via, { minLength: 1, maxLength: 3 }), (hops) => {
        const via = parseVia(hops.map(({ wire }) => wire).join(' ,'));
        assert.ok(via !== null);
        const { wire: _, ...first } = hops[0]!;
        assert.deepEqual({ transport: via.transport, host: via.host, port: via.port, branch: via.branch }, first);
      }),
      runs(1000),
    );
  });

  test('in quoted parameters', () => {
    fc.assert(
      fc.property(grammar.quoted, grammar.token, ({ said, wire }, name) => {
        assert.deepEqual(new Map(parseParams(`;${name}=${wire}`)), new Map([[name.toLowerCase(), said]]));
      }),
      runs(500),
    );
  });
});
