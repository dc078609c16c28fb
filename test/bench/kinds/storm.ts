import { type Benchmark, seconds, VoidRun } from '../benchmark.ts';

export const storm: Benchmark = {
  name: 'storm',
  about:
    '10,000 phones, 500 lamps: all SUBSCRIBEs at the same instant to a daemon that has just started, repeated after 0.5, 1, 2 … s ' +
    '(RFC 3261 17.1.2.2); a 503 is tried again when its Retry-After says. The time runs to the last NOTIFY or 200, whichever is later.',
  limitSeconds: 120,
  figures: {
    served: { title: '10,000 phones served', unit: 's', atMost: 1.1 },
    retransmissions: { title: 'SUBSCRIBEs repeated by phones', unit: '', atMost: 0 },
    failures: { title: 'phones not served', unit: '', atMost: 0 },
    lastFinal: { title: 'last 200', unit: 's' },
    shed: { title: 'answered 503 with Retry-After first', unit: '' },
    repeated: { title: 'NOTIFYs repeated', unit: '' },
    serverDrops: { title: 'datagrams lost in the daemon’s receive buffer', unit: '' },
    bytes: { title: 'memory for one subscription right after (PSS)', unit: 'bytes', atMost: 8_192 },
  },
  run: async (bench) => {
    const phones = bench.quick ? 3_000 : 10_000;
    const server = await bench.server({ extensions: 500 });
    const generator = bench.generator({ port: server.port, phones, resources: 500 });
    const before = server.memory.pss;
    const report = await generator.subscribe({ window: 0 });
    const after = server.memory.pss;
    if (report.drops > 0) throw new VoidRun(`the generator lost ${report.drops} datagrams`);
    return {
      served: seconds(report.begin, Math.max(report.lastTold, report.lastFinal)),
      retransmissions: report.retransmissions,
      failures: report.failed + report.timeouts + report.untold,
      lastFinal: seconds(report.begin, report.lastFinal),
      shed: report.shed,
      repeated: report.repeated,
      serverDrops: server.drops,
      bytes: (after - before) / phones,
    };
  },
};
