import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Benchmark } from '../benchmark.ts';
import { sound } from '../benchmark.ts';
import { endChild, startChild } from '../child.ts';

const root = new URL('../../../../', import.meta.url).pathname;
const ownMain = new URL('../../../src/main.js', import.meta.url).pathname;

/** `npm start` runs what was built into dist; another build is started without npm. */
function command(): [string, string[]] {
  if (ownMain.startsWith(join(root, 'dist')) && existsSync(join(root, 'package.json')))
    return ['npm', ['start', '--silent']];
  return [process.execPath, [ownMain, 'start']];
}

export const demo: Benchmark = {
  name: 'demo',
  about:
    'From `npm start` without a configuration, and without a database, until a phone that knocks every 10 ms and then subscribes to 1001 ' +
    'with its password is told of a call that was placed over the API.',
  limitSeconds: 60,
  figures: {
    lit: { title: '`npm start` → lit lamp', unit: 's', atMost: 5 },
    subscribed: { title: '→ first lamp subscribed', unit: 's' },
  },
  run: async (bench) => {
    const folder = mkdtempSync(join(tmpdir(), 'lamplighter-bench-'));
    const [port, http] = await Promise.all([freeUdpPort(), freeTcpPort()]);
    const began = Number(process.hrtime.bigint());
    const [program, words] = command();
    const child = startChild(0, program, words, {
      stdio: 'ignore',
      cwd: root,
      env: {
        ...process.env,
        LAMPLIGHTER_SIP__LISTEN: `[udp:127.0.0.1:${port}]`,
        LAMPLIGHTER_HTTP__LISTEN: `127.0.0.1:${http}`,
        LAMPLIGHTER_STORE__PATH: join(folder, 'demo.db'),
      },
    });
    try {
      const where = { base: 1001, domain: 'lamplighter.test', password: 'secret<ext>' };
      const phone = bench.generator({ port, phones: 1, ...where });
      const subscribed = sound(await phone.subscribe({ repeat: 10, timeout: 30_000 }));
      const told = await phone.watch({ count: 1, timeout: 10_000 }, async () => {
        const response = await fetch(`http://127.0.0.1:${http}/api/v1/simulator/call`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ from: '1002', to: '1001' }),
        });
        if (!response.ok) throw new Error(`no call: ${response.status}`);
      });
      if (told.told !== 1) throw new Error('the lamp stayed dark');
      return { lit: (told.firstTold - began) / 1e9, subscribed: (subscribed.lastTold - began) / 1e9 };
    } finally {
      await endChild(child, 'SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

async function freeTcpPort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
