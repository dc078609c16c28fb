import { type Benchmark, pause, sound } from '../benchmark.ts';
import { heapOf, probe } from '../probe.ts';

export const memory: Benchmark = {
  name: 'memory',
  about:
    '50,000 phones, 2,500 lamps, each phone an address of its own; 45 s later (Timer J is 32 s) the proportional set size of the ' +
    'process is compared with that before the first phone. One collection is asked for before the first phone and none after it; the heap figure is after another, when that is done.',
  limitSeconds: 180,
  figures: {
    bytes: { title: 'memory for one idle subscription (PSS)', unit: 'bytes', atMost: 3_072 },
    rss: { title: 'the same as RSS', unit: 'bytes' },
    heap: { title: 'live JavaScript heap for one, after a collection', unit: 'bytes' },
    external: { title: 'buffers outside of the heap for one', unit: 'bytes' },
    disk: { title: 'database for one', unit: 'bytes' },
    total: { title: 'whole process (PSS)', unit: 'MB' },
  },
  run: async (bench) => {
    const phones = bench.quick ? 10_000 : 50_000;
    const server = await bench.server({ extensions: phones / 20, node: probe });
    const before = server.memory;
    const heapBefore = await heapOf(server);
    const generator = bench.generator({ port: server.port, phones, resources: phones / 20 });
    sound(await generator.subscribe());
    await pause(45_000);
    const after = server.memory;
    const heap = await heapOf(server);
    return {
      bytes: (after.pss - before.pss) / phones,
      rss: (after.rss - before.rss) / phones,
      heap: (heap.heapUsed - heapBefore.heapUsed) / phones,
      external: (heap.external - heapBefore.external) / phones,
      disk: server.databaseBytes / phones,
      total: after.pss / 1e6,
    };
  },
};
