import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import { parseHostPort, parseListenPoint } from '../../../config/listen-point.ts';
import { broken, fine, odd, type Remark } from '../../../model/check.ts';
import type { HostCheck, HostSeen } from './seen.ts';
import { type Holder, holdersOf, processes, wordsOf } from './sockets.ts';

interface Place {
  /** As the configuration has it. */
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
}

/** A daemon that does not run would need these. */
export const portsFree: HostCheck = {
  name: 'ports',
  look: async (seen) => {
    if (seen.running) return [];
    const places = placesOf(seen);
    const remarks: Remark[] = [];
    for (const place of places) {
      const code = await bindFault(place);
      if (code !== null) remarks.push(judge(place, code, seen));
    }
    return remarks.length > 0 ? remarks : [fine(`free: ${places.map(({ name }) => name).join(', ')}`)];
  },
};

function judge(place: Place, code: string, { root }: HostSeen): Remark {
  const { name, protocol, port } = place;
  if (code === 'EADDRINUSE') {
    const there = holdersOf(root, new Set([port])).filter((one) => one.protocol === protocol);
    const who = there.length === 0 ? 'another program' : [...new Set(there.map((one) => one.name))].join(', ');
    return broken(
      `${name}: ${who} has it`,
      `stop that, or choose another port; an Asterisk or FreeSWITCH keeps 5060, and Lamplighter has 5070 unless it is inline: docs/deploy/inline.md`,
    );
  }
  if (code === 'EACCES') return broken(`${name}: this user may not have ports below 1024`, 'choose a higher one');
  return broken(
    `${name}: this host has no such address (${code})`,
    'write 0.0.0.0, or an address that `ip address` shows',
  );
}

/** Where the daemon runs: others beside it on its own ports. */
export const portShared: HostCheck = {
  name: 'port-shared',
  look: (seen) => {
    if (!seen.running) return [];
    const remarks: Remark[] = [];
    for (const { name, protocol, port } of placesOf(seen)) {
      const there = holdersOf(seen.root, new Set([port])).filter(
        (one) => one.protocol === protocol && one.pid !== null,
      );
      const others = there.filter(({ pid }) => !isLamplighter(seen.root, pid));
      // one of ours must be among those that can be seen, or nothing can be said
      if (others.length === there.length || others.length === 0) continue;
      remarks.push(
        broken(
          `${namesOf(others)} listens on the port of ${name} too: what comes to the address it has never reaches Lamplighter`,
          'give one of the two another port',
        ),
      );
    }
    return remarks;
  },
};

/** Two of them on one host. */
export const secondLamplighter: HostCheck = {
  name: 'second-lamplighter',
  look: ({ root }) => {
    const own = new Set([process.pid, process.ppid]);
    const daemons = processes(root).filter((pid) => !own.has(pid) && isLamplighter(root, pid));
    if (daemons.length < 2) return [];
    return [
      odd(
        `${daemons.length} Lamplighters run on this host (${daemons.join(', ')})`,
        'right where each has a PBX, ports and a store.path of its own; two on one PBX both write its features. Else stop one',
      ),
    ];
  },
};

/** A daemon, not one of the other commands, nor who runs one and waits: sudo, timeout, strace have its words too. */
function isLamplighter(root: string, pid: number | null): boolean {
  const words = pid === null ? [] : wordsOf(root, pid);
  const at = words.findIndex((word) => /(?:^|\/)lamplighter(?:\.[cm]?js)?$|(?:^|\/)dist\/src\/main\.js$/.test(word));
  if (at < 0 || (at > 0 && !/(?:^|\/)node(?:js)?$/.test(words[0] ?? ''))) return false;
  const command = words[at + 1];
  return command === undefined || command === 'start' || command === 'demo' || command.startsWith('-');
}

function namesOf(holders: readonly Holder[]): string {
  return [...new Set(holders.map(({ name }) => name))].join(', ');
}

function placesOf({ config }: Pick<HostSeen, 'config'>): readonly Place[] {
  const sip = config.sip.engine === 'embedded' ? config.sip.listen : [];
  const points = sip.map((text): Place => {
    const { transport, address, port } = parseListenPoint(text);
    return { name: text, protocol: transport === 'udp' ? 'udp' : 'tcp', address, port };
  });
  const { address, port } = parseHostPort(config.http.listen);
  return [...points, { name: `http.listen ${config.http.listen}`, protocol: 'tcp' as const, address, port }].filter(
    (place) => place.port !== 0,
  );
}

/** Why it cannot be bound; null: it can, and is let go at once. */
async function bindFault({ protocol, address, port }: Place): Promise<string | null> {
  try {
    if (protocol === 'udp') {
      const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
      try {
        socket.bind(port, address);
        await once(socket, 'listening');
      } finally {
        socket.close();
      }
    } else {
      const server = createServer();
      server.listen(port, address);
      await once(server, 'listening');
      server.close();
    }
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EADDRNOTAVAIL';
  }
}
