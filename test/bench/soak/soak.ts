import { readlinkSync } from 'node:fs';
import { pause, sound } from '../benchmark.ts';
import { base, Generator, type PhaseOptions } from '../generator.ts';
import { countable, type HeapReport, heapOf, probe } from '../probe.ts';
import { openFiles } from '../procfs.ts';
import { Server } from '../server.ts';
import { knock, visit } from './knocks.ts';

export interface SoakOptions {
  readonly phones: number;
  /** Each round is what happens to these phones in five minutes. */
  readonly rounds: number;
  readonly seed: number;
  /**
   * A rest of half a minute after so many rounds, each time, for readings without transactions; null: none. As much has
   * happened before each: what is remembered for a minute is then as much.
   */
  readonly restEvery: number | null;
  readonly main?: string | undefined;
  readonly say: (text: string) => void;
}

/** A look at the daemon between two rounds, with every phone subscribed. */
export interface Reading extends HeapReport {
  readonly rss: number;
}

export interface SoakReport {
  readonly operations: number;
  readonly seconds: number;
  /** With every phone subscribed, and the transactions of the last 32 s, how many the machine's speed made them. */
  readonly rounds: readonly Reading[];
  /** With every phone subscribed and no transaction. */
  readonly rests: readonly Reading[];
  /** Before the first phone, and after the last has gone and every transaction's time is over. */
  readonly before: Left;
  readonly after: Left;
}

export interface Left extends Reading {
  readonly subscriptions: number;
  readonly sockets: number;
}

/** Timer J (RFC 3261 17.2.2) and a little more; milliseconds. */
const lastTransactionMs = 33_500;

/** The life of many phones with many mishaps, round after round, at the speed the machine gives. */
export async function soak({ phones, rounds, seed, restEvery, main, say }: SoakOptions): Promise<SoakReport> {
  const server = await Server.start({
    extensions: phones,
    auth: 'pbx',
    tcp: true,
    node: probe,
    main: main ?? countable,
  });
  const open: Generator[] = [];
  const start = (settings: Partial<Parameters<typeof Generator.start>[0]>) => {
    const generator = Generator.start({ port: server.port, phones, password: 'secret<ext>', ...settings });
    open.push(generator);
    return generator;
  };
  const began = performance.now();
  try {
    const lamps = start({ resources: Math.ceil(phones / 10) });
    const keys = start({ resources: phones, event: 'as-feature-event' });
    const strangers = start({ resources: 1, origin: 1 << 22 });
    const before = await left(server);
    const readings: Reading[] = [];
    const rested: Reading[] = [];
    let operations = 0;
    const both = async (options: PhaseOptions) => {
      for (const generator of [lamps, keys]) {
        const report = sound(await generator.subscribe({ window: 32, ...options }));
        operations += report.ok;
      }
    };
    await both({});
    for (let round = 0; round < rounds; round++) {
      /** The phones whose turn it is: `share` of all, others in every round. */
      const turn = (share: number) => {
        const count = Math.max(1, Math.floor(phones / share));
        return { from: (round * count) % (phones - count + 1), count };
      };
      await both(turn(6)); // refresh: twice an hour
      await both({ ...turn(12), expires: 0 });
      await both(turn(12));
      operations += sound(await keys.subscribe({ ...turn(12), press: 1, window: 32 })).ok;
      operations += await calls(server, phones, turn(6));
      for (const generator of [lamps, keys]) await generator.forget(turn(60));
      await both(turn(60)); // after a power cut, as new phones
      operations += (await strangers.subscribe({ ...turn(30), wrong: 1, window: 8, timeout: 20_000 })).ok;
      operations += (await strangers.garbage({ count: phones, seed: seed + round })).ok + phones;
      const knocks = turn(30).count;
      await knock(server.port, knocks);
      await visit(server.port, 2);
      operations += knocks + 4;
      const reading = { ...(await heapOf(server)), rss: server.memory.rss };
      readings.push(reading);
      say(`round ${round + 1} of ${rounds}: ${operations} operations, ${told(reading)}`);
      if (restEvery === null || (round + 1) % restEvery !== 0) continue;
      await pause(lastTransactionMs);
      const rest = { ...(await heapOf(server, true)), rss: server.memory.rss };
      rested.push(rest);
      say(`at rest: ${told(rest)}`);
    }
    const seconds = (performance.now() - began) / 1000;
    await both({ expires: 0 });
    await pause(lastTransactionMs);
    const after = await left(server);
    say(`left behind: ${after.subscriptions} subscriptions, ${told(after)}`);
    return { operations, seconds, rounds: readings, rests: rested, before, after };
  } finally {
    for (const generator of open) await generator.stop();
    await server.close();
  }
}

/** Rings, talks, hangs up: each of these extensions is called by its neighbour, unless do-not-disturb refuses the call. */
async function calls(
  server: Server,
  phones: number,
  { from, count }: { from: number; count: number },
): Promise<number> {
  let done = 0;
  const waiting = Array.from({ length: count }, (_, index) => from + index);
  const line = async () => {
    for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
      const ends = { from: String(base + ((index + 1) % phones)), to: String(base + index) };
      done++;
      const { id } = await server.api<{ id: string | null }>('/api/v1/simulator/call', ends, 409);
      if (typeof id !== 'string') continue;
      await server.api('/api/v1/simulator/answer', { id });
      await server.api('/api/v1/simulator/hangup', { id });
      done += 2;
    }
  };
  await Promise.all([line(), line(), line(), line()]);
  return done;
}

async function left(server: Server): Promise<Left> {
  const subscriptions = await server.subscriptions();
  await pause(300); // until the connection of that question is closed
  const sockets = openFiles(server.pid, readlinkSync).get('socket') ?? 0;
  return { subscriptions, sockets, ...(await heapOf(server, true)), rss: server.memory.rss };
}

function told({ heapUsed, rss, resources, waiting, clientTransactions }: Reading): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const counts = waiting === null ? '' : `, ${waiting} waiting for timers, ${clientTransactions} client transactions`;
  return `heap ${megabytes(heapUsed)}, RSS ${megabytes(rss)}${counts}, ${JSON.stringify(resources)}`;
}
