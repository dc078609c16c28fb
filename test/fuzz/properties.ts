import assert from 'node:assert/strict';
import { parseRequest } from '../../src/event-packages/as-feature-event/parse.ts';
import type { Publication } from '../../src/event-packages/event-package.ts';
import { eventPackages } from '../../src/event-packages/index.ts';
import { parseAuthorization } from '../../src/sip/auth/digest.ts';
import { writeAnswer, writeRefusal } from '../../src/sip/embedded/compose.ts';
import { StreamFramer } from '../../src/sip/embedded/framing.ts';
import { ReceivedRequest } from '../../src/sip/embedded/received-request.ts';
import type { Flow } from '../../src/sip/engine.ts';
import * as readers from '../../src/sip/headers.ts';
import { parseNameAddr, parseParams, splitList } from '../../src/sip/message/name-addr.ts';
import { type Parsed, type ParsedRequest, parseMessage } from '../../src/sip/message/parse.ts';
import { parseUri, withoutHeaders } from '../../src/sip/message/uri.ts';
import { parseVia, stampVia } from '../../src/sip/message/via.ts';
import { writeRequest, writeResponse } from '../../src/sip/message/write.ts';
import { readPublish } from '../../src/sip/publish-message.ts';
import { readSubscribe } from '../../src/sip/subscribe-message.ts';
import { checkRelayed } from './relayed.ts';
import { plain } from './samples.ts';
import type { Seeded } from './seeded.ts';

/** What must hold for any input of one kind. Throws where it does not. `input` is Latin-1. */
export interface Property {
  readonly name: string;
  /** What is measured: reading alone, without the checks. */
  readonly read: (input: string) => void;
  readonly check: (input: string, chance: Seeded) => void;
}

const source = { address: '192.0.2.77', port: 5060 };
const flow: Flow = { transport: 'udp', local: { address: '192.0.2.1', port: 5060 }, remote: source, connection: '' };
const bytesOf = (text: string) => Buffer.from(text, 'latin1');

function headersOf(parsed: Exclude<Parsed, { kind: 'refused' }>): (readonly [string, string])[] {
  return parsed.headers.entries().filter(([name]) => name !== 'Content-Length');
}

/** Body bytes as the writer can take them; null: no UTF-8. */
function textOf(body: Buffer): string | null {
  const text = body.toString('utf8');
  return Buffer.from(text, 'utf8').equals(body) ? text : null;
}

/** All that later code relies on, without the body. */
function reading(parsed: Parsed): object {
  if (parsed.kind === 'refused') return { refused: parsed.reason };
  const { headers: _headers, body: _body, ...rest } = parsed;
  return { ...rest, headers: headersOf(parsed) };
}

function checkAnswers(parsed: ParsedRequest): void {
  const wire = writeAnswer(parsed, source, { status: 200, headers: [['Contact', '<sip:x>']] }, 'tag', 'Lamplighter');
  const answer = parseMessage(bytesOf(wire), 'stream');
  // an echo is as good as what it echoes: only what is added can go beyond a limit of ours
  if (answer.kind === 'refused')
    assert.match(answer.reason, /^(?:Header Too Long|Too Many Headers|Message Too Large)$/);
  else assert.deepEqual([answer.kind, answer.method, answer.cseq], ['response', parsed.method, parsed.cseq]);
}

function checkMessage(input: string): void {
  for (const from of ['datagram', 'stream'] as const) {
    const parsed = parseMessage(bytesOf(input), from);
    if (parsed.kind === 'refused') {
      const wire = writeRefusal(parsed, source, 'tag', 'Lamplighter');
      if (wire !== null) assert.doesNotMatch(wire, /\r(?!\n)|(?<!\r)\n|\0|\r\n\r\n./s, 'a refusal is one message');
      continue;
    }
    for (const [name, value] of headersOf(parsed))
      assert.doesNotMatch(name + value, /[\r\n\0]/, 'no value opens a line');
    const body = textOf(parsed.body);
    const again =
      parsed.kind === 'request'
        ? writeRequest(parsed.method, parsed.uri, headersOf(parsed), body ?? '')
        : writeResponse(parsed.status, parsed.reason, headersOf(parsed), body ?? '');
    const reread = parseMessage(bytesOf(again), from);
    assert.deepEqual(reading(reread), reading(parsed), 'serialise(parse(x)) is read as x');
    if (body !== null && reread.kind !== 'refused') assert.ok(reread.body.equals(parsed.body), 'and has its body');
    if (parsed.kind === 'request') checkAnswers(parsed);
    checkRelayed(parsed);
  }
}

/** `message …` for each frame, then whether something is left over. */
function frames(chunks: readonly Buffer[]): { readonly out: readonly string[]; readonly whole: boolean } {
  const framer = new StreamFramer();
  const out: string[] = [];
  for (const chunk of chunks) {
    framer.push(chunk, (frame) => {
      out.push(frame.kind === 'ping' ? 'ping' : `${frame.kind} ${frame.bytes.toString('latin1')}`);
    });
  }
  return { out, whole: !framer.midMessage && !out.some((frame) => frame.startsWith('broken')) };
}

function checkStream(input: string, chance: Seeded): void {
  const stream = bytesOf(input + plain);
  const alone = frames([bytesOf(input)]);
  const both = frames([stream]);
  // a lone line end may be the first half of a ping
  if (alone.whole && !/^(?:\r\n)*\r?$/.test(input.slice(-2)) && alone.out.at(-1)?.startsWith('message') === true) {
    assert.deepEqual(both.out, [...alone.out, `message ${plain}`], 'the message behind a well-framed one is read');
  }
  const cuts = [0, chance.below(stream.length), chance.below(stream.length), stream.length].sort((a, b) => a - b);
  const split = frames(cuts.slice(1).map((end, at) => stream.subarray(cuts[at], end)));
  assert.deepEqual(split.out, both.out, `the same frames when split at ${cuts.join(', ')}`);
  for (const frame of both.out) {
    if (!frame.startsWith('message ')) continue;
    const text = frame.slice('message '.length);
    const parsed = parseMessage(bytesOf(text), 'stream');
    if (parsed.kind === 'refused') continue;
    const bodyAt = text.indexOf('\r\n\r\n', text.search(/[^\r\n]/)) + 4;
    assert.equal(parsed.body.length, text.length - bodyAt, 'framer and parser agree where the message ends');
  }
}

/** The reading of a SUBSCRIBE within and outside of a dialog, and of a PUBLISH, as the front does it. */
function readRequest(input: string): void {
  const parsed = parseMessage(bytesOf(input), 'datagram');
  if (parsed.kind !== 'request') return;
  const request = new ReceivedRequest(parsed, flow);
  if (parsed.method === 'PUBLISH') readPublish(request);
  else readSubscribe(request);
}

function readValues(input: string): void {
  parseUri(input);
  withoutHeaders(input);
  parseNameAddr(input);
  parseParams(input);
  splitList(input);
  parseVia(input);
  readers.isToken(input);
  readers.readRetryAfter(input);
  for (const lines of [[input], [input, input]]) {
    readers.readEvent(lines);
    readers.readExpires(lines);
    readers.readIfMatch(lines);
    readers.readContact(lines);
    readers.readAccept(lines);
    readers.readContentType(lines);
    readers.splitLines(lines);
  }
}

function checkValues(input: string): void {
  readValues(input);
  const via = parseVia(input);
  if (via !== null)
    assert.ok(stampVia(input, via, source.address, source.port).includes(`;received=${source.address}`));
  const party = parseNameAddr(input);
  if (party === null) return;
  assert.doesNotMatch(party.uri, /[<>" \t]/, 'a URI that can be put in brackets again');
  assert.equal(parseNameAddr(`<${party.uri}>`)?.uri, party.uri);
}

function readFeature(input: string): void {
  const body = bytesOf(input);
  parseRequest(body, 'application/x-as-feature-event+xml');
  parseRequest(body, 'multipart/mixed; boundary=part');
}

function checkFeature(input: string): void {
  const read = parseRequest(bytesOf(input), 'application/x-as-feature-event+xml');
  if (!read.ok) return;
  for (const wish of read.value.wishes) {
    assert.doesNotMatch(JSON.stringify(wish), /\\u0000/, 'no NUL comes through');
  }
}

const takingPublications = eventPackages.filter(({ publish }) => publish !== undefined);

function readPublications(input: string): readonly Publication[] {
  const body = bytesOf(input);
  return takingPublications.flatMap((pkg) =>
    (pkg.publishTypes ?? pkg.contentTypes).flatMap((type) => {
      const read = pkg.publish?.(body, type, null);
      return read?.ok === true ? [read.value] : [];
    }),
  );
}

function checkPublications(input: string): void {
  for (const { said } of readPublications(input)) {
    if (said?.kind === 'presence') assert.doesNotMatch([...said.notes, ...said.activities].join(), /\p{Cc}|\p{Cs}/u);
    if (said?.kind !== 'dialogs') continue;
    for (const { phase, remote } of said.dialogs) {
      assert.notEqual(phase, 'terminated');
      assert.doesNotMatch(`${remote.name}${remote.number}`, /\p{Cc}|\p{Cs}/u, 'names are one line');
    }
  }
}

export const properties = {
  message: { name: 'a message', read: readRequest, check: checkMessage },
  stream: { name: 'a stream', read: (input) => void frames([bytesOf(input)]), check: checkStream },
  value: { name: 'a header value', read: readValues, check: checkValues },
  authorization: {
    name: 'an Authorization value',
    read: (input) => void parseAuthorization(input),
    check: () => undefined,
  },
  feature: { name: 'an as-feature-event body', read: readFeature, check: checkFeature },
  publication: { name: 'the body of a PUBLISH', read: readPublications, check: checkPublications },
} satisfies Readonly<Record<string, Property>>;
