import { type Benchmark, seconds, sound } from '../benchmark.ts';

const rate = 1_000;

export const refresh: Benchmark = {
  name: 'refresh',
  about: `5,000 standing subscriptions are refreshed at a fixed ${rate} a second, whether the daemon keeps up or not; after a warm-up round.`,
  limitSeconds: 60,
  figures: {
    finalP50: { title: `${rate} refreshes a second: time to 200, p50`, unit: 'ms' },
    finalP99: { title: 'time to 200, p99', unit: 'ms' },
    notifyP99: { title: 'time to NOTIFY, p99', unit: 'ms' },
    max: { title: 'longest time to NOTIFY', unit: 'ms' },
    cpu: { title: 'CPU a refresh', unit: 'µs' },
    load: { title: 'CPU load', unit: '%' },
  },
  run: async (bench) => {
    const phones = 5_000;
    const server = await bench.server({ extensions: 250 });
    const generator = bench.generator({ port: server.port, phones, resources: 250 });
    sound(await generator.subscribe());
    sound(await generator.subscribe());
    const before = server.cpu;
    const report = sound(await generator.subscribe({ rate, count: bench.quick ? 2_000 : phones }));
    const cpu = server.cpu - before;
    return {
      finalP50: report.finalMs?.p50 ?? Number.NaN,
      finalP99: report.finalMs?.p99 ?? Number.NaN,
      notifyP99: report.notifyMs?.p99 ?? Number.NaN,
      max: report.notifyMs?.max ?? Number.NaN,
      cpu: cpu / report.ok,
      load: cpu / 1e4 / seconds(report.begin, report.end),
    };
  },
};
