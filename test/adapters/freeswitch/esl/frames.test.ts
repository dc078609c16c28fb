import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Frame, Frames } from '../../../../adapters/freeswitch/esl/frames.ts';
import { Fault } from '../../../../src/model/errors.ts';
import { mutate } from '../../../fuzz/mutators.ts';
import { Seeded } from '../../../fuzz/seeded.ts';
import {
  apiResponse,
  authRequest,
  disconnectNotice,
  eventJson,
  reply,
  rudeRejection,
  userReply,
} from '../../../support/esl-server/frames.ts';

const ringing = {
  'Event-Name': 'CHANNEL_CALLSTATE',
  'Core-UUID': '5c1f7a52-8d0c-4f0e-9d55-2f6f1a7f6c11',
  'Event-Sequence': '41',
  'Original-Channel-Call-State': 'DOWN',
  'Channel-Call-State': 'RINGING',
  'Unique-ID': '0b1f6f1e-58c4-4c37-9a3b-c0ffee000001',
  'Channel-Presence-ID': '1002@pbx.example',
  'Caller-Caller-ID-Name': 'Jürgen "Jo" Ämter\n100 %zz',
};

/** One of each, in the order a connection may see them. */
const stream = Buffer.from(
  authRequest +
    userReply('all', 'db,show') +
    reply('+OK event listener enabled json') +
    eventJson(ringing) +
    apiResponse('db', 'true') +
    eventJson({ 'Event-Name': 'NOTIFY', 'Content-Length': '9', _body: 'a\n\nb: ü\n' }) +
    apiResponse('show', '{"row_count":0}\n') +
    disconnectNotice,
);

const meaning: Frame[] = [
  { kind: 'login' },
  { kind: 'reply', text: '+OK accepted' },
  { kind: 'reply', text: '+OK event listener enabled json' },
  { kind: 'event', event: ringing },
  { kind: 'api', text: 'true' },
  { kind: 'event', event: { 'Event-Name': 'NOTIFY', 'Content-Length': '9', _body: 'a\n\nb: ü\n' } },
  { kind: 'api', text: '{"row_count":0}\n' },
  { kind: 'goodbye' },
];

const plain = (frames: readonly Frame[]): unknown => JSON.parse(JSON.stringify(frames));

function read(pieces: readonly Buffer[]): Frame[] {
  const frames = new Frames();
  return pieces.flatMap((piece) => [...frames.push(piece)]);
}

const isUnreachable = (error: unknown) => error instanceof Fault && error.code === 'pbx-unreachable';

describe('frames of the event socket', () => {
  test('a stream in one piece', () => {
    assert.deepEqual(plain(read([stream])), meaning);
  });

  test('the same stream cut at every byte, even inside a letter of two bytes', () => {
    for (let cut = 1; cut < stream.length; cut++) {
      assert.deepEqual(plain(read([stream.subarray(0, cut), stream.subarray(cut)])), meaning, `cut at ${cut}`);
    }
    assert.deepEqual(plain(read([...stream].map((byte) => Buffer.of(byte)))), meaning, 'byte by byte');
  });

  test('a refusal by the access list is told apart', () => {
    assert.deepEqual(read([Buffer.from(rudeRejection)]), [{ kind: 'rejected' }]);
  });

  test('Latin-1 bytes in an event or a reply become signs of replacement, and the stream goes on', () => {
    const name = Buffer.from('{"Event-Name":"CALL_UPDATE","Caller-Caller-ID-Name":"M\xfcller"}', 'latin1');
    const event = Buffer.concat([
      Buffer.from(`Content-Length: ${name.length}\nContent-Type: text/event-json\n\n`),
      name,
      Buffer.from('Content-Type: command/reply\nReply-Text: -ERR \xe9\n\n', 'latin1'),
      Buffer.from(reply('+OK')),
    ]);
    assert.deepEqual(plain(read([event])), [
      { kind: 'event', event: { 'Event-Name': 'CALL_UPDATE', 'Caller-Caller-ID-Name': 'M\ufffdller' } },
      { kind: 'reply', text: '-ERR \ufffd' },
      { kind: 'reply', text: '+OK' },
    ]);
  });

  test('a stray % in a body is text; in a header, where the parser throws, it is a Fault', () => {
    assert.deepEqual(read([Buffer.from(apiResponse('db', '100 %zz %'))]), [{ kind: 'api', text: '100 %zz %' }]);
    assert.throws(() => read([Buffer.from(reply('-ERR 100%zz'))]), isUnreachable);
    assert.throws(() => read([Buffer.from(reply('-ERR %E9'))]), isUnreachable);
  });

  test('an event that is no JSON is named as such, and the next one is read', () => {
    const broken = (body: string) =>
      `Content-Length: ${Buffer.byteLength(body)}\nContent-Type: text/event-json\n\n${body}`;
    const bad = ['{"Event-Name":"CALL', 'null', '[]', '7', '{}', '{"Event-Name":null}', '{"Event-Name":{"a":1}}'];
    for (const body of bad) {
      const frames = read([Buffer.from(broken(body) + eventJson(ringing))]);
      assert.deepEqual(plain(frames), [{ kind: 'unreadable' }, { kind: 'event', event: ringing }], body);
    }
  });

  test('values that are no strings are made strings or left out; names of objects mean nothing', () => {
    const body = '{"Event-Name":"X","a":["1","2"],"n":5,"o":{"x":1},"z":null,"__proto__":"p","_body":{"x":1}}';
    const [frame] = read([Buffer.from(`Content-Length: ${body.length}\nContent-Type: text/event-json\n\n${body}`)]);
    assert.ok(frame?.kind === 'event');
    assert.equal(frame.event['a'], 'ARRAY::1|:2');
    assert.equal(frame.event['n'], '5');
    assert.equal(frame.event['o'], undefined);
    assert.equal(frame.event['_body'], undefined);
    assert.equal(frame.event['constructor'], undefined);
  });

  test('what is not the event socket is a Fault, never another error', () => {
    const http = 'HTTP/1.1 400 Bad Request\nContent-Type: text/html\n\n<html>';
    const lengths = ['-5', 'many', '999999999999', 'NaN'].map(
      (it) => `Content-Type: api/response\nContent-Length: ${it}\n\nabcdefgh`,
    );
    for (const text of [http, '\n\n', '\n'.repeat(60_000), 'Content-Type: text/event-plain\n\n', ...lengths]) {
      assert.throws(() => read([Buffer.from(text)]), isUnreachable, text.slice(0, 60));
    }
    assert.throws(() => read([Buffer.alloc(200_000, 'x')]), isUnreachable);
  });

  test('a stream that was tampered with is read the same wherever it is cut', () => {
    const course = (pieces: readonly Buffer[]): unknown[] => {
      const frames = new Frames();
      const out: unknown[] = [];
      try {
        for (const piece of pieces) out.push(...frames.push(piece));
      } catch (error) {
        assert.ok(isUnreachable(error), String(error));
        return [plain(out as Frame[]), 'Fault'];
      }
      return [plain(out as Frame[])];
    };
    let faults = 0;
    for (let turn = 0; turn < 1_000; turn++) {
      const chance = new Seeded(8021, turn);
      const bytes = Buffer.from(mutate([stream.toString('latin1')], chance, 8_192), 'latin1');
      const cuts = [0, chance.below(bytes.length + 1), chance.below(bytes.length + 1), bytes.length].sort(
        (a, b) => a - b,
      );
      const whole = course([bytes]);
      const split = course(cuts.slice(1).map((end, at) => bytes.subarray(cuts[at], end)));
      if (whole.length === 2) faults++;
      // Of one piece that holds a fault nothing is believed, not even what came before it.
      assert.equal(split.length, whole.length, `turn ${turn}`);
      if (whole.length === 1) assert.deepEqual(split, whole, `turn ${turn}`);
    }
    assert.ok(faults > 100 && faults < 900, `${faults}`);
  });

  test('any bytes at all are frames or a Fault', () => {
    const noise = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }).map((it) => Buffer.from(it)),
        fc.constantFrom(
          '\n',
          '\n\n',
          ': ',
          '%',
          'Content-Length: ',
          'Content-Type: ',
          'text/event-json',
          '7',
          '{"',
          '"}',
        ),
        fc.constantFrom(authRequest, reply('+OK'), eventJson({ 'Event-Name': 'X' }), apiResponse('x', 'y')),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(noise, (pieces) => {
        try {
          read(pieces.map((it) => Buffer.from(it)));
        } catch (error) {
          assert.ok(isUnreachable(error), String(error));
        }
      }),
      { seed: 8021, numRuns: 2_000 },
    );
  });

  test('a reply of several megabytes comes whole', () => {
    const rows = `{"row_count":1,"rows":["${'x'.repeat(6_000_000)}"]}`;
    const bytes = Buffer.from(apiResponse('show', rows) + reply('+OK'));
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 65_536) pieces.push(bytes.subarray(at, at + 65_536));
    const [first, second] = read(pieces);
    assert.ok(first?.kind === 'api' && first.text === rows);
    assert.deepEqual(second, { kind: 'reply', text: '+OK' });
  });
});
