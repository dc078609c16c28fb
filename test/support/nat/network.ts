import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Null: the programs are there; else what is missing. */
export function natToolsMissing(): string | null {
  for (const [tool, ...words] of [
    ['ip', '-V'],
    ['nft', '--version'],
    ['unshare', '--version'],
    ['nsenter', '--version'],
    ['setpriv', '--version'],
  ] as const) {
    try {
      execFileSync(tool, words, { stdio: 'ignore' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return `${tool} is not installed`;
    }
  }
  return null;
}

/** Null: this machine lets us have networks of our own; else its own words. Leaves nothing behind. */
export async function natRefused(): Promise<string | null> {
  try {
    const tried = await Network.open();
    try {
      await tried.home(1);
    } finally {
      await tried.close();
    }
    return null;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return `no network namespaces with NAT here: ${(stderr ?? '').trim() || message}`;
  }
}

/** A home behind its router: whoever is in it has a private address, and is seen with the router's. */
export interface Home {
  /** Runs a program in it: the words go before its own. */
  readonly enter: readonly string[];
  /** Where a phone in it stands: the same in each home. */
  readonly inside: string;
  /** What the rest of the world sees. */
  readonly outside: string;
  /** Seconds after which the router forgets who asked, where nothing more is said. */
  forgetAfter(seconds: number): Promise<void>;
}

/**
 * Networks that live as long as this object, or this process: two namespaces for each home, one of its router and one of
 * its phones, bound to the machine by a pair of virtual cables (198.18.0.0/15, RFC 2544).
 */
export class Network {
  readonly #holders: ChildProcess[] = [];
  readonly #cables: string[] = [];
  readonly #net = 10 + (process.pid % 200);
  #server: string | undefined;

  static async open(): Promise<Network> {
    return new Network();
  }

  /** The machine's own address on the cable of the first home: what servers for all homes bind to. */
  get server(): string {
    if (this.#server === undefined) throw new Error('no home yet');
    return this.#server;
  }

  /** `number`: 1 to 60. */
  async home(number: number): Promise<Home> {
    const [machine, outside, inside] = [this.#address(number, 1), this.#address(number, 2), '192.168.7.10'];
    const [router, room] = [await this.#namespace(), await this.#namespace()];
    const cable = `lamp${process.pid % 100_000}n${number}`;
    this.#cables.push(cable);
    await run('ip', ['link', 'add', cable, 'type', 'veth', 'peer', 'name', 'wan', 'netns', String(router)]);
    await run('ip', ['addr', 'add', `${machine}/30`, 'dev', cable]);
    await run('ip', ['link', 'set', cable, 'up']);
    await within(
      router,
      `
      ip link add lan type veth peer name eth netns ${room}
      ip addr add ${outside}/30 dev wan && ip link set wan up && ip link set lo up
      ip addr add 192.168.7.1/24 dev lan && ip link set lan up
      ip route add default via ${machine}
      echo 1 > /proc/sys/net/ipv4/ip_forward
      nft add table ip nat
      nft 'add chain ip nat out { type nat hook postrouting priority 100; }'
      nft add rule ip nat out oifname wan masquerade random
    `,
    );
    await within(
      room,
      `
      ip addr add ${inside}/24 dev eth && ip link set eth up && ip link set lo up
      ip route add default via 192.168.7.1
    `,
    );
    this.#server ??= machine;
    return {
      enter: ['nsenter', '-t', String(room), '-n'],
      inside,
      outside,
      forgetAfter: (seconds) =>
        within(
          router,
          `
          echo ${seconds} > /proc/sys/net/netfilter/nf_conntrack_udp_timeout
          echo ${seconds} > /proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream
        `,
        ),
    };
  }

  async close(): Promise<void> {
    for (const cable of this.#cables.splice(0)) await run('ip', ['link', 'del', cable]).catch(() => undefined);
    for (const holder of this.#holders.splice(0)) {
      const gone = once(holder, 'exit');
      if (holder.kill('SIGKILL')) await gone;
    }
  }

  #address(home: number, host: number): string {
    return `198.18.${this.#net}.${home * 4 + host}`;
  }

  /** The process that holds it; it ends with this one, however that ends. */
  async #namespace(): Promise<number> {
    const words = ['--pdeathsig', 'KILL', 'unshare', '--net', 'sh', '-c', 'echo there; exec sleep infinity'];
    const holder = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#holders.push(holder);
    let said = '';
    holder.stderr.on('data', (text: Buffer) => {
      said += text.toString();
    });
    const there = await Promise.race([
      once(holder.stdout, 'data').then(() => true),
      once(holder, 'close').then(() => false),
    ]);
    if (!there || holder.pid === undefined) throw new Error(said.trim() || 'unshare --net ended');
    return holder.pid;
  }
}

async function within(namespace: number, script: string): Promise<void> {
  await run('nsenter', ['-t', String(namespace), '-n', 'sh', '-e', '-c', script]);
}
