import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Benchmark, pause, sound } from '../benchmark.ts';
import { base } from '../generator.ts';

const metronome = new URL('../metronome.js', import.meta.url).pathname;
const rate = 2_000;

export const latency: Benchmark = {
  name: 'latency',
  about:
    `An adapter module (test/bench/metronome.ts) in its worker thread tells ${rate} changes a second of 5,000 lamps, one phone each; the ` +
    'event carries the moment it was due, the phone compares it with the clock when its NOTIFY arrives. The worker and the ' +
    'daemon share core 0. Two seconds warm up, eight count. What a real PBX and its connection add is not in it.',
  limitSeconds: 90,
  figures: {
    p99: { title: `PBX event → NOTIFY at ${rate} events a second, p99`, unit: 'ms', atMost: 10 },
    p50: { title: 'p50', unit: 'ms' },
    max: { title: 'longest', unit: 'ms' },
    notified: { title: 'NOTIFYs for each event', unit: '' },
    load: { title: 'CPU load of the daemon, worker included', unit: '%' },
  },
  run: async (bench) => {
    const lamps = (rate * 5) / 2; // each changes every 2.5 s: RFC 4235 3.10 allows one NOTIFY a second
    const options = `first: ${base}, extensions: ${lamps}, rate: ${rate}, signal: go`; // in the daemon's folder
    const server = await bench.server({ pbx: `  - { name: bench, type: '${metronome}', ${options} }` });
    const generator = bench.generator({ port: server.port, phones: lamps, resources: lamps });
    sound(await generator.subscribe());
    writeFileSync(join(server.folder, 'go'), '');
    await pause(2_000);
    const watched = bench.quick ? 3_000 : 8_000;
    const before = server.cpu;
    const report = await generator.watch({ stamps: 1, endless: 1, timeout: watched }, () => Promise.resolve());
    const cpu = server.cpu - before;
    sound({ ...report, untold: 0 });
    if (report.stampMs === undefined) throw new Error('no NOTIFY came');
    return {
      p99: report.stampMs.p99,
      p50: report.stampMs.p50,
      max: report.stampMs.max,
      notified: report.stampMs.count / ((rate * watched) / 1000),
      load: cpu / 10 / watched,
    };
  },
};
