import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WorkQueue } from '../../../src/sip/embedded/work-queue.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function queue(clock = new FakeClock(), serve: (work: string) => void = () => undefined) {
  const served: string[] = [];
  const stale: string[] = [];
  const waits: number[] = [];
  const opened: string[] = [];
  const work: WorkQueue<string, string> = new WorkQueue({
    clock,
    open: (datagram) => {
      opened.push(datagram);
      work.push(datagram, false);
    },
    serve: (one: string) => {
      served.push(one);
      serve(one);
    },
    onStale: (one: string) => stale.push(one),
    onWaited: (ms) => waits.push(ms),
  });
  const all = async () => {
    while (work.size > 0) await turn();
    await turn();
  };
  return { clock, work, opened, served, stale, waits, all };
}

describe('the work queue', () => {
  test('serves in order, a few a turn of the loop, so that the sockets are read in between', async () => {
    const { work, served, all } = queue();
    const names = Array.from({ length: 3000 }, (_, i) => String(i));
    for (const name of names) work.push(name, false);
    assert.equal(served.length, 0);
    await turn();
    assert.ok(served.length > 0 && served.length <= 64, 'a storm');
    while (work.size > 256) await turn();
    await turn();
    const before = served.length;
    await turn();
    assert.ok(served.length > before && served.length < before + 20, 'the usual');
    await all();
    assert.deepEqual(served, names);
  });

  test('while a flood comes in it is only read, for a quarter of a second; then there is time for both', async () => {
    const { clock, work, served } = queue();
    const flooded = async () => {
      for (let i = 0; i < 32; i++) {
        work.onRead();
        work.push('one', false);
      }
      await turn();
    };
    for (let turns = 0; turns < 50; turns++) {
      await flooded();
      clock.advance(4);
    }
    assert.equal(served.length, 0);
    clock.advance(50);
    await flooded();
    assert.ok(served.length > 0);
  });

  test('work begins with the first turn that has read less than there was room for', async () => {
    const { work, served } = queue();
    for (let i = 0; i < 32; i++) {
      work.onRead();
      work.push('one', false);
    }
    await turn();
    assert.equal(served.length, 0);
    for (let i = 0; i < 31; i++) work.onRead();
    await turn();
    assert.ok(served.length > 0);
  });

  test('of a flood of large datagrams no more is kept than memory is meant for', async () => {
    const { work, all } = queue();
    for (let index = 0; index < 33; index++) work.onRead();
    let kept = 0;
    for (; work.flooded; kept++) work.keep('large', 65_507);
    assert.equal(kept, Math.ceil((32 * 1024 * 1024) / 65_507));
    await all();
    for (let index = 0; index < 33; index++) work.onRead();
    assert.equal(work.flooded, true, 'there is room again');
  });

  test('from its 33rd datagram on a turn of the loop only keeps what it reads, and serves it all later', async () => {
    const { work, opened, served, all } = queue();
    const names = Array.from({ length: 300 }, (_, index) => String(index));
    for (const [index, name] of names.entries()) {
      work.onRead();
      assert.equal(work.flooded, index >= 32);
      if (work.flooded) work.keep(name, 500);
      else work.push(name, false);
    }
    assert.deepEqual([opened, served], [[], []]);
    await all();
    assert.deepEqual([opened, served], [names.slice(32), names]);
    assert.equal(work.flooded, false);
  });

  test('what a flood brings is kept as it came, and opened in its turn, a few at a time', async () => {
    const { clock, work, opened, served, waits, all } = queue();
    assert.equal(work.flooded, false);
    for (let i = 0; i < 32; i++) work.onRead();
    work.push('first', false);
    await turn();
    assert.equal(work.flooded, true);
    const names = Array.from({ length: 300 }, (_, i) => String(i));
    for (const name of names) {
      work.onRead();
      work.keep(name, 500);
    }
    await turn();
    assert.deepEqual([opened.length, served.length, work.size], [0, 0, 301], 'it is still coming in');
    clock.advance(70);
    await turn();
    assert.equal(work.flooded, true, 'what comes now waits behind it');
    work.keep('last', 500);
    assert.ok(opened.length <= 64, 'no heap of parsed messages');
    await all();
    assert.equal(work.flooded, false);
    assert.deepEqual(served, ['first', ...names, 'last']);
    assert.equal(Math.max(...waits), 70, 'they waited from when they were read');
    assert.equal(work.size, 0);
  });

  test('the promises of one request settle before the next is served', async () => {
    const order: string[] = [];
    const { work, all } = queue(new FakeClock(), (one) => {
      order.push(one);
      void Promise.resolve()
        .then(() => undefined)
        .then(() => order.push(`${one} done`));
    });
    for (const name of ['a', 'b', 'c']) work.push(name, false);
    await all();
    assert.deepEqual(order, ['a', 'a done', 'b', 'b done', 'c', 'c done']);
  });

  test('requests of dialogs go before new ones, which are not starved', async () => {
    const { work, served, all } = queue();
    for (let i = 0; i < 40; i++) work.push('new', false);
    for (let i = 0; i < 40; i++) work.push('refresh', true);
    await all();
    const first = served.slice(0, 40);
    assert.deepEqual(first.filter((one) => one === 'new').length, 10);
    assert.equal(served.length, 80);
  });

  test('what waited as long as Timer F is not served: its client has given up', async () => {
    const clock = new FakeClock();
    const { work, served, stale, waits, all } = queue(clock, (one) => {
      if (one === 'slow') clock.advance(32_000);
    });
    work.push('slow', false);
    work.push('late', false);
    work.push('late refresh', true);
    await all();
    assert.deepEqual(served, ['late refresh', 'slow']);
    assert.deepEqual(stale, ['late']);
    assert.equal(Math.max(...waits), 32_000);
    assert.equal(waits.at(-1), 0);
  });

  test('what is cleared is not served', async () => {
    const { work, served } = queue();
    work.push('one', false);
    work.clear();
    await turn();
    await turn();
    assert.deepEqual(served, []);
  });
});
