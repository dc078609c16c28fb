import { connect } from 'node:net';
import { Phone } from '../../support/phone.ts';
import { base, domain } from '../generator.ts';

/** Connections to the TCP listener that say nothing, half a request, or no SIP at all, and are cut off. */
export async function knock(port: number, count: number): Promise<void> {
  const lines = [
    '',
    `SUBSCRIBE sip:${base}@${domain} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKhalf\r\nCall-ID: half`,
    'GET / HTTP/1.1\r\nHost: lamplighter\r\n\r\n',
    `OPTIONS sip:${domain} SIP/2.0\r\nContent-Length: 4000000\r\n\r\n`,
    '\0\x01\xff'.repeat(200),
  ];
  for (let done = 0; done < count; done += 20) {
    const batch = Math.min(20, count - done);
    await Promise.all(
      Array.from({ length: batch }, (_, index) => oneKnock(port, lines[(done + index) % lines.length] ?? '')),
    );
  }
}

function oneKnock(port: number, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => undefined); // refused or cut off: both are right
    socket.on('connect', () => socket.write(text, 'latin1', () => setTimeout(() => socket.destroy(), 5)));
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('close', () => resolve());
  });
}

/** Phones on TCP that come, watch a lamp and a feature key, and leave. */
export async function visit(port: number, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const user = String(base + index);
    const server = { host: '127.0.0.1', port, transport: 'tcp' } as const;
    const phone = await Phone.open({ user, password: `secret${user}`, domain, server });
    try {
      for (const event of ['dialog', 'as-feature-event']) {
        const subscription = await phone.subscribe({ event });
        if (subscription.response.status !== 200) throw new Error(`a visitor got ${subscription.response.start}`);
        await subscription.next();
        await subscription.unsubscribe();
      }
    } finally {
      await phone.close();
    }
  }
}
