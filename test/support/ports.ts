import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

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
    if ((await udpIsFree(port)) && (await tcpIsFree(port))) return port;
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
