import { type Bench, type Benchmark, pause, seconds, VoidRun } from '../benchmark.ts';
import { base, type PhaseReport } from '../generator.ts';
import { betweenTurns, lampOf, type Turn, turned } from '../lamp.ts';
import { Kamailio, kamailioMissing } from '../peer/kamailio.ts';

/** An event server under the same load as another. */
interface Target {
  readonly port: number;
  /** CPU time of all its threads and processes, microseconds. */
  readonly cpu: number;
  readonly turn: Turn;
  /** Nothing of it is left on the core for the next. */
  close(): Promise<void>;
}

interface Sizes {
  readonly cold: number;
  readonly warm: number;
  readonly watchers: number;
  readonly phones: number;
}

async function ours(bench: Bench, extensions: number): Promise<Target> {
  const server = await bench.server({ extensions });
  return {
    port: server.port,
    get cpu() {
      return server.cpu;
    },
    turn: lampOf(server),
    close: () => server.close(),
  };
}

async function theirs(bench: Bench): Promise<Target> {
  const server = bench.keep(await Kamailio.start());
  let rings = false;
  return {
    port: server.port,
    get cpu() {
      return server.cpu;
    },
    turn: () => {
      rings = !rings;
      return server.publish(String(base), rings ? 'early' : 'terminated');
    },
    close: () => server.close(),
  };
}

/** As the benchmark `subscribe`: cycles a second and CPU a cycle, warm. */
async function cycles(bench: Bench, target: Target, { cold, warm }: Sizes) {
  const phones = cold + warm;
  const generator = bench.generator({ port: target.port, phones, resources: phones / 20 });
  served(await generator.subscribe({ count: cold }));
  const before = target.cpu;
  const report = served(await generator.subscribe({ from: cold, count: warm }));
  return { rate: warm / seconds(report.begin, report.end), cpu: (target.cpu - before) / warm };
}

/** As `fan-out`: the middle of ten changes, milliseconds from before the request to the last NOTIFY. */
async function fanOut(bench: Bench, target: Target, { watchers }: Sizes): Promise<number> {
  const generator = bench.generator({ port: target.port, phones: watchers, resources: 1 });
  served(await generator.subscribe());
  const times: number[] = [];
  for (let round = 0; round < 12; round++) {
    await pause(betweenTurns);
    const { asked, report } = await turned(generator, watchers, target.turn);
    times.push(seconds(asked, served(report).lastTold) * 1000);
  }
  return times.slice(2).sort((a, b) => a - b)[5] ?? Number.NaN;
}

/** As `storm`: seconds until the last of all at once is served, and how often a phone repeated. */
async function storm(bench: Bench, target: Target, { phones }: Sizes) {
  const generator = bench.generator({ port: target.port, phones, resources: 500 });
  const report = served(await generator.subscribe({ window: 0 }));
  return {
    served: seconds(report.begin, Math.max(report.lastTold, report.lastFinal)),
    repeated: report.retransmissions,
  };
}

/** Not `sound`: four workers tell a phone of two changes in any order. */
function served(report: PhaseReport): PhaseReport {
  if (report.drops > 0) throw new VoidRun(`the generator lost ${report.drops} datagrams`);
  const { failed, timeouts, untold } = report;
  if (failed + timeouts + untold > 0) throw new Error(`not all were served: ${JSON.stringify(report.statuses)}`);
  return report;
}

export const kamailio: Benchmark = {
  name: 'kamailio',
  about:
    'The same loads on Kamailio (Debian, four workers, all in memory: a restart loses it) and on the daemon, in one run, each on ' +
    'core 0: cycles as in `subscribe`, 1,000 watchers as in `fan-out` (Kamailio is told by PUBLISH), 10,000 at once as in `storm`.',
  limitSeconds: 300,
  missing: kamailioMissing,
  figures: {
    rate: { title: 'cycles a second, times those of Kamailio', unit: '×', atLeast: 1 },
    cpu: { title: 'CPU a cycle, share of Kamailio’s', unit: '×', atMost: 1 },
    last: { title: 'change → last of 1000 NOTIFYs, share of Kamailio’s', unit: '×', atMost: 1 },
    storm: { title: 'storm of 10,000, share of Kamailio’s time', unit: '×', atMost: 1 },
    theirRate: { title: 'Kamailio: cycles a second', unit: '/s' },
    theirCpu: { title: 'Kamailio: CPU a cycle', unit: 'µs' },
    theirLast: { title: 'Kamailio: change → last of 1000 NOTIFYs', unit: 'ms' },
    theirStorm: { title: 'Kamailio: 10,000 phones served', unit: 's' },
    theirRepeated: { title: 'Kamailio: SUBSCRIBEs repeated in the storm', unit: '' },
    ourRepeated: { title: 'SUBSCRIBEs repeated in the storm', unit: '' },
  },
  run: async (bench) => {
    const sizes = bench.quick
      ? { cold: 2_000, warm: 6_000, watchers: 200, phones: 3_000 }
      : { cold: 10_000, warm: 40_000, watchers: 1_000, phones: 10_000 };
    const extensions = Math.max((sizes.cold + sizes.warm) / 20, 500);
    const one = async <T>(target: Target, load: (target: Target) => Promise<T>) => {
      try {
        return await load(target);
      } finally {
        await target.close();
      }
    };
    const both = async <T>(load: (target: Target) => Promise<T>) => {
      const peer = await one(await theirs(bench), load);
      return [await one(await ours(bench, extensions), load), peer] as const;
    };
    const [own, peer] = await both((target) => cycles(bench, target, sizes));
    const [last, theirLast] = await both((target) => fanOut(bench, target, sizes));
    const [mine, theirStorm] = await both((target) => storm(bench, target, sizes));
    return {
      rate: own.rate / peer.rate,
      cpu: own.cpu / peer.cpu,
      last: last / theirLast,
      storm: mine.served / theirStorm.served,
      theirRate: peer.rate,
      theirCpu: peer.cpu,
      theirLast,
      theirStorm: theirStorm.served,
      theirRepeated: theirStorm.repeated,
      ourRepeated: mine.repeated,
    };
  },
};
