import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** A loopback port that is free for TCP and, when asked, for UDP too. */
async function freePort(udpToo: boolean): Promise<number> {
  for (;;) {
    const tcp = createServer();
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as AddressInfo;
    const free = !udpToo || (await udpIsFree(port));
    tcp.close();
    await once(tcp, 'close');
    if (free) return port;
  }
}

async function udpIsFree(port: number): Promise<boolean> {
  const udp = createSocket('udp4');
  udp.bind(port, '127.0.0.1');
  try {
    await once(udp, 'listening'); // rejects with the 'error' event
  } catch {
    return false;
  }
  udp.close();
  await once(udp, 'close');
  return true;
}

export interface LabPorts {
  readonly sip: number;
  readonly http: number;
  readonly ami: number;
  readonly rtpStart: number;
  readonly rtpEnd: number;
}

/** Ports for one instance. RTP takes a block below the kernel's own range; blocks of two instances seldom meet. */
export async function freePorts(): Promise<LabPorts> {
  const [sip, http, ami] = [await freePort(true), await freePort(false), await freePort(false)];
  const rtpStart = 10_000 + (sip % 100) * 200;
  return { sip, http, ami, rtpStart, rtpEnd: rtpStart + 199 };
}
