import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { serviceManager } from '../../src/cli/systemd.ts';
import { until } from '../sip/embedded/raw-peer.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

describe('systemd', () => {
  let folder = '';
  let clock: FakeClock;
  let logger: RecordingLogger;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'systemd-'));
    clock = new FakeClock();
    logger = new RecordingLogger();
    program('#!/bin/sh\necho "$NOTIFY_SOCKET $WATCHDOG_USEC| $*" >>"$(dirname "$0")/said"\n');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Puts a systemd-notify of the test's own in place. */
  function program(text: string): void {
    writeFileSync(join(folder, 'systemd-notify'), text);
    chmodSync(join(folder, 'systemd-notify'), 0o755);
  }
  const path = () => `${folder}:${process.env['PATH']}`;
  const said = () => (existsSync(join(folder, 'said')) ? readFileSync(join(folder, 'said'), 'utf8').split('\n') : []);
  const manager = (environment: Record<string, string | undefined>) =>
    serviceManager({ environment, clock, logger, pid: 4711 });

  it('is told of the life of the daemon, in the words of sd_notify(3)', async () => {
    const to = manager({ PATH: path(), NOTIFY_SOCKET: '/run/notify' });
    to?.moment('starting');
    to?.moment('ready');
    await until(() => said().includes('/run/notify | --ready --status=Serving phones'), 'ready');
    to?.moment('reloading');
    await until(() => said().some((line) => line.startsWith('/run/notify | RELOADING=1')), 'reloading');
    to?.moment('stopping');
    await until(() => said().some((line) => line.startsWith('/run/notify | STOPPING=1')), 'stopping');
    assert.equal(said().length, 4, 'a line each, and the end');
  });

  it('hears as many heartbeats as it asked for: one in half of its time', async () => {
    const to = manager({ PATH: path(), NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '30000000', WATCHDOG_PID: '4711' });
    for (let beat = 0; beat < 7; beat++) {
      to?.heartbeat();
      clock.advance(5_000);
    }
    const beats = () => said().filter((line) => line === '/run/notify | WATCHDOG=1').length;
    await until(() => beats() === 3, 'beats at 0, 15 and 30 s');
    to?.moment('stopping');
    await until(() => said().some((line) => line.includes('STOPPING=1')), 'stopping');
    assert.equal(beats(), 3);
  });

  it('hears no heartbeat that was meant for another process, or for none', async () => {
    for (const watchdog of [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' }, {}]) {
      const to = manager({ PATH: path(), NOTIFY_SOCKET: '/run/notify', ...watchdog });
      to?.heartbeat();
      to?.moment('stopping');
    }
    await until(() => said().filter((line) => line.includes('STOPPING=1')).length === 2, 'stopping');
    assert.deepEqual(
      said().filter((line) => line.includes('WATCHDOG')),
      [],
    );
  });

  it('is not called where it does not listen, and what the daemon starts cannot speak for it', () => {
    const environment: Record<string, string | undefined> = {
      NOTIFY_SOCKET: '',
      WATCHDOG_USEC: '1',
      WATCHDOG_PID: '4711',
    };
    assert.equal(manager(environment), null);
    assert.deepEqual(Object.keys(environment), []);
    assert.equal(manager({ PATH: folder }), null);
    const own: Record<string, string | undefined> = { PATH: folder, NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '1' };
    manager(own);
    assert.deepEqual(Object.keys(own), ['PATH']);
  });

  it('missing or failing, it is complained of once, and the daemon goes on', async () => {
    program('#!/bin/sh\nexit 1\n');
    const failing = manager({ PATH: path(), NOTIFY_SOCKET: '/run/notify' });
    failing?.moment('ready');
    failing?.moment('reloading');
    await until(() => logger.lines.length > 0, 'a complaint');
    assert.equal(logger.lines.length, 1);
    const missing = manager({ PATH: join(folder, 'nothing'), NOTIFY_SOCKET: '/run/notify' });
    missing?.moment('ready');
    await until(() => logger.lines.length > 1, 'another complaint');
    assert.match(JSON.stringify(logger.lines[1]), /ENOENT/);
  });
});
