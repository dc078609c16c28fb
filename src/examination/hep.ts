import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { parseHostPort } from '../config/listen-point.ts';
import { broken, type Check, fine } from '../model/check.ts';
import type { Clock } from '../model/clock.ts';
import type { ConfigSeen } from './config-checks.ts';

/** Refusals are on their way so long; milliseconds. */
const patienceMs = 500;

/** The collector of SIP messages: by UDP nobody says that they arrive, but a host says that nobody is there. */
export const hep: Check<Pick<ConfigSeen, 'config'> & { readonly clock: Clock }> = {
  name: 'hep',
  look: async ({ config: { trace }, clock }) => {
    if (trace.hep === undefined) return [];
    const { address: host, port } = parseHostPort(trace.hep.to);
    const found = await lookup(host).catch(() => null);
    if (found === null) {
      return [
        broken(`${host} has no address: no SIP message goes to the collector`, 'correct trace.hep.to, or the DNS'),
      ];
    }
    const refusal = await refusalAt({ ...found, port }, clock);
    if (refusal === null) return [fine(`nothing refuses what is sent to the collector ${trace.hep.to}`)];
    const why = refusal === 'ECONNREFUSED' ? 'nothing listens there' : 'it cannot be sent there';
    return [
      broken(
        `SIP messages to the collector ${trace.hep.to} are lost: ${why} (${refusal})`,
        'start the collector, with HEP by UDP on this port, or correct trace.hep.to (docs/trace.md)',
      ),
    ];
  },
};

interface Place {
  readonly address: string;
  readonly family: number;
  readonly port: number;
}

/** What comes back for a datagram without content, which no collector keeps; null: nothing. */
async function refusalAt({ address, family, port }: Place, clock: Clock): Promise<string | null> {
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    return await new Promise((resolve) => {
      const timer = clock.after(patienceMs, () => resolve(null));
      socket.on('error', (error: NodeJS.ErrnoException) => {
        timer.cancel();
        resolve(error.code ?? error.message);
      });
      // only who is connected is told of a refusal
      socket.connect(port, address, () => socket.send(''));
    });
  } finally {
    socket.close();
  }
}
