import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Below the range the kernel gives ports from (from 32,768 on Linux) and above the RTP of the interop suite: nobody is given
 * one of these unasked, neither by binding port 0 nor by connecting.
 */
const range = [30_000, 32_767] as const;

/**
 * A loopback port free for UDP and for TCP that stays free until it is bound, and in between where it is bound again: for
 * servers that are restarted, and for phones that listen by TCP at the number of their UDP port.
 */
export async function lastingPort(): Promise<number> {
  for (;;) {
    const port = randomInt(...range);
    if (!reserve(port)) continue;
    if ((await udpIsFree(port)) && (await tcpIsFree(port))) return port;
    release(port);
  }
}

const reserved = new Set<number>();

/**
 * Test files run beside each other, and a server that is being restarted leaves its port for half a second: a file of that
 * port's name says whose it is until the process ends.
 */
function reserve(port: number): boolean {
  try {
    writeFileSync(noteOf(port), String(process.pid), { flag: 'wx' });
  } catch {
    if (isAlive(ownerOf(port))) return false;
    rmSync(noteOf(port), { force: true }); // left by one that was killed; who comes next takes it
    return false;
  }
  if (reserved.size === 0) process.on('exit', () => reserved.forEach(release));
  reserved.add(port);
  return true;
}

function release(port: number): void {
  reserved.delete(port);
  rmSync(noteOf(port), { force: true });
}

function noteOf(port: number): string {
  return join(tmpdir(), `lamplighter-test-port-${port}`);
}

/** NaN: nobody, or he has not signed yet. */
function ownerOf(port: number): number {
  try {
    return Number.parseInt(readFileSync(noteOf(port), 'utf8'), 10);
  } catch {
    return Number.NaN;
  }
}

function isAlive(pid: number): boolean {
  if (Number.isNaN(pid)) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function udpIsFree(port: number): Promise<boolean> {
  const udp = createSocket('udp4');
  udp.bind(port, '127.0.0.1');
  const free = await once(udp, 'listening').then(
    () => true,
    () => false, // rejects with the 'error' event
  );
  udp.close();
  await once(udp, 'close');
  return free;
}

async function tcpIsFree(port: number): Promise<boolean> {
  const tcp = createServer();
  tcp.listen(port, '127.0.0.1');
  try {
    await once(tcp, 'listening');
  } catch {
    return false;
  }
  tcp.close();
  await once(tcp, 'close');
  return true;
}
