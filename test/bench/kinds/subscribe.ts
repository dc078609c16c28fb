import { type Bench, type Benchmark, seconds, sound } from '../benchmark.ts';

/** New subscriptions in a closed loop: 64 phones at a time, each done when its NOTIFY is answered. */
async function cycles(bench: Bench, auth: 'trusted' | 'pbx') {
  const [cold, warm] = bench.quick ? [2_000, 6_000] : [10_000, 40_000];
  const phones = cold + warm;
  const server = await bench.server({ auth, extensions: phones });
  const generator = bench.generator({
    port: server.port,
    phones,
    resources: phones / 20,
    ...(auth === 'pbx' ? { password: 'secret<ext>' } : {}),
  });
  const stretch = async (from: number, count: number) => {
    const before = server.cpu;
    const report = sound(await generator.subscribe({ from, count }));
    const cpu = (server.cpu - before) / count;
    return { rate: count / seconds(report.begin, report.end), cpu, report };
  };
  const first = await stretch(0, cold);
  const later = await stretch(cold, warm);
  bench.say(
    `generator CPU ${later.report.cpuSeconds} s of ${seconds(first.report.begin, later.report.end).toFixed(1)} s`,
  );
  return { server, generator, first, later, stretch };
}

const about =
  'SUBSCRIBE → 200 and NOTIFY → 200, new dialogs, 64 in flight, 20 phones a lamp, rows on disk before the 200. Cold: the ' +
  'first 10,000 of a fresh process; warm: the next 40,000.';

export const subscribe: Benchmark = {
  name: 'subscribe',
  about,
  limitSeconds: 120,
  figures: {
    warmRate: { title: 'cycles a second, warm', unit: '/s', atLeast: 15_000 },
    warmCpu: { title: 'CPU a cycle, warm', unit: 'µs', atMost: 60 },
    coldRate: { title: 'cycles a second, cold', unit: '/s' },
    coldCpu: { title: 'CPU a cycle, cold', unit: 'µs' },
    finalP99: { title: 'time to 200, p99', unit: 'ms' },
  },
  run: async (bench) => {
    const { first, later } = await cycles(bench, 'trusted');
    return {
      warmRate: later.rate,
      warmCpu: later.cpu,
      coldRate: first.rate,
      coldCpu: first.cpu,
      finalP99: later.report.finalMs?.p99 ?? 0,
    };
  },
};

export const digest: Benchmark = {
  name: 'digest',
  about: `${about} Each phone is challenged first (MD5): SUBSCRIBE → 401, SUBSCRIBE → 200, NOTIFY → 200. Known nonce: the same phones refresh.`,
  limitSeconds: 150,
  figures: {
    warmCpu: { title: 'CPU a challenged cycle, warm', unit: 'µs', atMost: 100 },
    warmRate: { title: 'challenged cycles a second, warm', unit: '/s' },
    knownCpu: { title: 'CPU a cycle with a known nonce (refresh)', unit: 'µs', atMost: 100 },
    knownRate: { title: 'cycles a second with a known nonce (refresh)', unit: '/s' },
    coldCpu: { title: 'CPU a challenged cycle, cold', unit: 'µs' },
  },
  run: async (bench) => {
    const { first, later, stretch } = await cycles(bench, 'pbx');
    const known = await stretch(0, bench.quick ? 2_000 : 20_000);
    return {
      warmCpu: later.cpu,
      warmRate: later.rate,
      knownCpu: known.cpu,
      knownRate: known.rate,
      coldCpu: first.cpu,
    };
  },
};
