import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StreamFramer } from '../../../src/sip/embedded/framing.ts';
import { subscribe } from '../message/sample.ts';

/** What came out, in short; a message by its text. */
function framed(...chunks: (Buffer | string)[]): string[] {
  const framer = new StreamFramer();
  const out: string[] = [];
  for (const chunk of chunks) {
    framer.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk, (frame) => {
      if (frame.kind === 'message') out.push(frame.bytes.toString('latin1'));
      else out.push(frame.kind === 'broken' ? `broken ${frame.status}` : frame.kind);
    });
  }
  return out;
}

const withBody = subscribe(
  { 'Content-Type': 'text/plain', 'Content-Length': undefined, l: '\r\n 7' },
  undefined,
  '\r\n\r\nx\r\n',
);
const plain = subscribe();
const [first, second] = [withBody.toString('latin1'), plain.toString('latin1')];

describe('stream framing', () => {
  test('cuts the same messages at every split point', () => {
    const stream = Buffer.concat([Buffer.from('\r\n\r\n'), withBody, plain, Buffer.from('\r\n\r\n')]);
    const whole = framed(stream);
    assert.deepEqual(whole, ['ping', first, second, 'ping']);
    for (let at = 1; at < stream.length; at++) {
      assert.deepEqual(framed(stream.subarray(0, at), stream.subarray(at)), whole, `split at ${at}`);
    }
  });

  test('finds nothing more once it was told to stop, whatever is there or comes', () => {
    for (const [stream, most] of [
      [Buffer.concat([withBody, plain, plain]), 1],
      [Buffer.from('\r\n'.repeat(8)), 2],
    ] as const) {
      const framer = new StreamFramer();
      let frames = 0;
      const emit = () => {
        if (++frames === most) framer.stop();
      };
      framer.push(stream, emit);
      framer.push(stream, emit);
      assert.deepEqual([frames, framer.midMessage], [most, false]);
    }
  });

  test('cuts the same messages byte by byte and three bytes at a time', () => {
    const stream = Buffer.concat([withBody, plain, withBody]);
    for (const step of [1, 3]) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < stream.length; at += step) chunks.push(stream.subarray(at, at + step));
      assert.deepEqual(framed(...chunks), [first, second, first]);
    }
  });

  test('a frame is not changed by what comes after it', () => {
    const framer = new StreamFramer();
    const kept: Buffer[] = [];
    const stream = Buffer.concat([withBody, plain, withBody, plain]);
    for (let at = 0; at < stream.length; at += 100) {
      framer.push(stream.subarray(at, at + 100), (frame) => {
        if (frame.kind === 'message') kept.push(frame.bytes);
      });
    }
    assert.deepEqual(
      kept.map((bytes) => bytes.toString('latin1')),
      [first, second, first, second],
    );
  });

  test('T-05 one CRLF is a pong and nothing, each two are a ping', () => {
    assert.deepEqual(framed('\r\n'), []);
    assert.deepEqual(framed('\r\n', second), [second]);
    assert.deepEqual(framed('\r', '\n', '\r', '\n', '\r\n\r\n'), ['ping', 'ping']);
  });

  const broken: readonly (readonly [what: string, bytes: Buffer | string, status: number])[] = [
    ['no Content-Length', second.replace('Content-Length: 0\r\n', ''), 400],
    ['a negative Content-Length', second.replace('Length: 0', 'Length: -1'), 400],
    ['two Content-Lengths', second.replace('Expires: 3600', 'l: 5'), 400],
    ['two equal Content-Lengths', second.replace('Expires: 3600', 'CONTENT-LENGTH : 0'), 400],
    ['a body beyond 64 kB', second.replace('Length: 0', 'Length: 65536'), 513],
    ['a Content-Length of 30 digits', second.replace('Length: 0', `Length: ${'9'.repeat(30)}`), 400],
    ['a head that never ends', `SUBSCRIBE sip:x SIP/2.0\r\nX: ${'x'.repeat(70_000)}`, 513],
  ];
  for (const [what, bytes, status] of broken) {
    test(`T-08 ${what} ends the stream with ${status}`, () => {
      assert.deepEqual(framed(bytes, second), [`broken ${status}`]);
    });
  }

  test('a Content-Length inside a folded value does not count', () => {
    const text = second.replace('Expires: 3600', 'X: a\r\n Content-Length: 9');
    assert.deepEqual(framed(text), [text]);
  });

  test('60 kB one byte at a time are copied a bounded number of times', () => {
    const body = 'b'.repeat(60_000);
    const message = subscribe({ 'Content-Type': 'a/b' }, undefined, body);
    const framer = new StreamFramer();
    let messages = 0;
    const started = process.cpuUsage();
    for (let at = 0; at < message.length; at++) framer.push(message.subarray(at, at + 1), () => messages++);
    assert.equal(messages, 1);
    assert.ok(process.cpuUsage(started).user < 3_000_000); // quadratic copying would be 1.8 GB
  });
});
