import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Link } from '../../../src/sip/drachtio/link.ts';
import type { Srf } from '../../../src/sip/drachtio/srf.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';

type Listener = (...values: unknown[]) => void;

/** A client without a network: the test says what it hears. */
class FakeSrf {
  readonly #listeners = new Map<string, Listener>();
  app = {};

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, listener);
  }

  emit(event: string, ...values: unknown[]): void {
    this.#listeners.get(event)?.(...values);
  }

  connect(): void {}
  subscribe(): void {}
  publish(): void {}
  notify(): void {}
  options(): void {}
  use(): void {}
}

function rig(act: (srf: FakeSrf) => void) {
  const clock = new FakeClock(0);
  const log = new RecordingLogger();
  const made: { readonly srf: FakeSrf; readonly at: number }[] = [];
  const seen: string[] = [];
  const makeSrf = () => {
    const srf = new FakeSrf();
    made.push({ srf, at: clock.now() });
    queueMicrotask(() => act(srf));
    return srf as unknown as Srf;
  };
  const link = new Link(
    { host: '127.0.0.1', port: 9022, secret: 's', clock, logger: log, makeSrf },
    {
      onUp: (hostports) => seen.push(`up ${hostports}`),
      onDown: () => seen.push('down'),
      onRequest: () => undefined,
      onMalformed: () => undefined,
    },
  );
  return { clock, log, made, seen, link };
}

const gaps = (made: readonly { readonly at: number }[]) =>
  made.slice(1).map(({ at }, index) => at - (made[index]?.at ?? 0));

describe('the link to drachtio-server', () => {
  test('pauses between attempts grow to five seconds and no further; one outage is one line', async () => {
    const { clock, log, made, link } = rig((srf) => srf.emit('error', new Error('connect ECONNREFUSED')));
    link.start();
    await settle();
    await clock.run(40_000);
    assert.deepEqual(gaps(made).slice(0, 8), [200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    assert.equal(log.lines.filter(({ level }) => level === 'warn').length, 1);
    link.stop();
    assert.equal(clock.pending, 0);
  });

  test('an attempt that nobody answers is given up after five seconds', async () => {
    const { clock, made, link } = rig(() => undefined);
    link.start();
    await clock.run(11_000);
    assert.deepEqual(gaps(made), [5200, 5400]);
    assert.equal(link.trouble, 'the server does not answer');
    link.stop();
  });

  test('three pings without an answer end a connection, and it is made anew', async () => {
    const { clock, made, seen, link } = rig((srf) => srf.emit('connect', null, 'udp/192.0.2.1:5060', '1.0.0'));
    link.start();
    await clock.run(15_100);
    assert.deepEqual(seen.slice(0, 2), ['up udp/192.0.2.1:5060', 'down']);
    assert.equal(made[1]?.at, undefined, 'after a pause');
    await clock.run(200);
    assert.equal(made.length, 2);
    assert.equal(link.trouble, null);
    link.stop();
    assert.deepEqual([link.control, link.trouble, clock.pending], [null, 'stopped', 0]);
  });

  test('what an old connection still says is not heard', async () => {
    const { clock, made, seen, link } = rig((srf) => srf.emit('connect', null, 'udp/192.0.2.1:5060', 'v1.0.0'));
    link.start();
    await clock.run(100);
    const old = made[0]?.srf;
    old?.emit('close');
    await clock.run(300);
    const before = [...seen];
    old?.emit('connect', null, 'udp/192.0.2.66:5060', '');
    old?.emit('error', new Error('late'));
    old?.emit('close');
    assert.deepEqual([seen, link.trouble], [before, null]);
    link.stop();
  });
});
