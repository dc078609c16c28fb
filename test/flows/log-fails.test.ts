import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Daemon, withHome } from '../support/daemon.ts';
import { lastingPort } from '../support/ports.ts';
import { simulatedConfig } from './simulated.ts';

const main = new URL('../../src/main.js', import.meta.url).pathname;

/** Something that is logged. */
async function press(daemon: Daemon, enabled: boolean): Promise<void> {
  const { status } = await daemon.api('/api/v1/extensions/1001/features/dnd', { method: 'PUT', body: { enabled } });
  assert.equal(status, 200);
}

test('a log on a full disk takes no line and ends nothing: the daemon starts, serves and stops', () =>
  withHome(async (home) => {
    const full = openSync('/dev/full', 'w');
    const daemon = await Daemon.start(simulatedConfig(home), full);
    closeSync(full);
    try {
      await daemon.ready();
      await press(daemon, true);
      await press(daemon, false);
      assert.equal(await daemon.stop(), 0);
    } finally {
      await daemon.kill();
    }
  }));

test('neither the log nor what is for people can be written: the daemon runs and stops in order', () =>
  withHome(async (home) => {
    const http = `http://127.0.0.1:${await lastingPort()}`;
    const config = home.write(
      'lamplighter.yaml',
      `sip: { listen: ['udp:127.0.0.1:0'], warmUp: false }
store: { path: ${home.path('x.db')} }
http: { listen: '${http.slice(7)}' }
`,
    );
    for (const format of ['json', 'text']) {
      const full = openSync('/dev/full', 'w');
      const env = { ...process.env, LAMPLIGHTER_LOG__FORMAT: format };
      const child = spawn(process.execPath, [main, 'start', '--config', config], {
        stdio: ['ignore', full, full],
        env,
      });
      closeSync(full);
      const exit = once(child, 'exit');
      while (child.exitCode === null && !(await fetch(`${http}/healthz`).catch(() => null))?.ok) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      child.kill('SIGTERM');
      assert.deepEqual(await exit, [0, null], format);
    }
  }));

test('the reader of the log goes and another comes: one line says how many were lost, and the log goes on', () =>
  withHome(async (home) => {
    const pipe = home.path('log');
    execFileSync('mkfifo', [pipe]);
    const first = spawn('cat', [pipe], { stdio: ['ignore', 'ignore', 'inherit'] });
    const end = openSync(pipe, 'w'); // waits for that reader
    const daemon = await Daemon.start(simulatedConfig(home), end);
    closeSync(end);
    const readers: ChildProcess[] = [first];
    try {
      await daemon.ready();
      first.kill();
      await once(first, 'exit');
      await press(daemon, true);
      await press(daemon, false);
      const second = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
      readers.push(second);
      const lines: Record<string, unknown>[] = [];
      const told = new Promise<void>((resolve) => {
        createInterface({ input: second.stdout }).on('line', (line) => {
          lines.push(JSON.parse(line) as Record<string, unknown>);
          if (typeof lines.at(-1)?.['lines'] === 'number') resolve();
        });
      });
      let isTold = false;
      void told.then(() => {
        isTold = true;
      });
      // the second reader opens the pipe when it gets to it
      for (let on = true; !isTold; on = !on) await press(daemon, on);
      const lost = lines.filter((line) => 'lines' in line);
      assert.equal(lost.length, 1);
      assert.match(String(lost[0]!['message']), /can be written again/);
      assert.ok(Number(lost[0]!['lines']) >= 2, JSON.stringify(lost));
      assert.equal(await daemon.stop(), 0);
    } finally {
      await daemon.kill();
      for (const reader of readers) reader.kill();
    }
  }));

test('the reader of the log stands still: the daemon serves on, and stops in order', () =>
  withHome(async (home) => {
    const pipe = home.path('log');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, 'r+'); // has it open, and reads nothing
    const daemon = await Daemon.start(simulatedConfig(home), reader);
    try {
      await daemon.ready();
      // the pipe has room for 64 kB; a line is about 200 bytes
      for (let count = 0; count < 600; count += 1) await press(daemon, count % 2 === 0);
      assert.equal(await daemon.stop(), 0);
    } finally {
      await daemon.kill();
      closeSync(reader);
    }
  }));
