import { type CallsReport, callsAtRate } from '../../interop/sipp/calls.ts';
import { sippMissing } from '../../interop/sipp/sipp.ts';
import { lastingPort } from '../../support/ports.ts';
import { type Bench, type Benchmark, VoidRun } from '../benchmark.ts';

const rate = 200;

export const inline: Benchmark = {
  name: 'inline',
  about:
    `SIPp calls SIPp, ${rate} calls a second: INVITE, 180, 200, ACK, 200 ms, BYE, 200. Once directly, then with Lamplighter ` +
    'between them as inline proxy, where each message comes in and goes out again (13 of a call with the 100). Five seconds warm up, ' +
    'ten count; both SIPp share core 1. No Asterisk and no media: what Lamplighter itself costs a call. CPU of all its threads; a call ' +
    'through an Asterisk that has both phones behind Lamplighter is two of these.',
  limitSeconds: 120,
  figures: {
    cpu: { title: `CPU a call at ${rate} calls a second, warm`, unit: 'µs' },
    coldCpu: { title: 'CPU a call, the first five seconds', unit: 'µs' },
    lost: { title: 'calls lost', unit: '', atMost: 0 },
    p50: { title: 'INVITE → 200 through Lamplighter, p50', unit: 'ms' },
    p99: { title: 'p99', unit: 'ms' },
    directP50: { title: 'INVITE → 200 directly, p50', unit: 'ms' },
    directP99: { title: 'p99', unit: 'ms' },
  },
  run: async (bench) => {
    const missing = await sippMissing();
    if (missing !== null) throw new Error(missing);
    const [warmUp, counted] = bench.quick ? [2 * rate, 3 * rate] : [5 * rate, 10 * rate];
    const calledPort = await lastingPort();
    const direct = await run(bench, calledPort, calledPort, counted);
    if (direct.lost > 0) throw new VoidRun(`SIPp lost ${direct.lost} calls to itself`);
    const server = await bench.server({ upstream: `sip:127.0.0.1:${calledPort}` });
    const before = server.cpu;
    await run(bench, server.port, calledPort, warmUp);
    const warm = server.cpu;
    const report = await run(bench, server.port, calledPort, counted);
    const after = server.cpu;
    if (server.drops > 0) bench.say(`${server.drops} datagrams found no room`);
    if (report.lost > 0) bench.say(report.log);
    return {
      cpu: (after - warm) / counted,
      coldCpu: (warm - before) / warmUp,
      lost: report.lost,
      p50: report.answerMs.p50,
      p99: report.answerMs.p99,
      directP50: direct.answerMs.p50,
      directP99: direct.answerMs.p99,
    };
  },
};

async function run(bench: Bench, port: number, calledPort: number, calls: number): Promise<CallsReport> {
  const report = await callsAtRate({ port, calledPort, rate, calls, caller: '1001', called: '1002', core: 1 });
  const { made, repeated, answerMs } = report;
  const where = port === calledPort ? 'directly' : 'through Lamplighter';
  bench.say(
    `${made} of ${calls} calls ${where}: ${answerMs.p50} ms p50, ${answerMs.p99} ms p99, ${repeated} messages again`,
  );
  return report;
}
