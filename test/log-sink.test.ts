import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { lossy } from '../src/log-sink.ts';

/** A reader that takes a line when it is told to. */
class Reader extends Writable {
  readonly #waiting: (() => void)[] = [];
  read = 0;

  constructor() {
    super({ decodeStrings: false });
  }

  override _write(_line: string, _encoding: string, done: () => void): void {
    this.#waiting.push(done);
  }

  /** Reads until nothing waits. */
  async readAll(): Promise<void> {
    for (let done = this.#waiting.shift(); done !== undefined; done = this.#waiting.shift()) {
      this.read += 1;
      done();
      await new Promise(setImmediate);
    }
  }
}

test('what waits for a reader who stands still has a bound; one word tells of the lines beyond it when he reads again', async () => {
  const reader = new Reader();
  const lost: number[] = [];
  const write = lossy(reader, (lines) => lost.push(lines));
  const line = `${'x'.repeat(1023)}\n`;
  for (let count = 0; count < 5_000; count += 1) write(line);
  assert.equal(reader.writableLength, 1024 * 1024);
  await reader.readAll();
  assert.deepEqual({ read: reader.read, lost }, { read: 1024, lost: [5_000 - 1024] });
  write(line);
  await reader.readAll();
  assert.deepEqual({ read: reader.read, lost: lost.length }, { read: 1025, lost: 1 });
});
