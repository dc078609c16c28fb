import { type Benchmark, pause, seconds, sound } from '../benchmark.ts';
import { betweenTurns, lampOf, turned } from '../lamp.ts';

/** A change of one lamp that `watchers` phones watch, made over the HTTP API: rings, hangs up, rings … */
function fanOut(watchers: number, name: string, atMostMs: number): Benchmark {
  const last = { title: `change → last of ${watchers} NOTIFYs`, unit: 'ms', atMost: atMostMs };
  return {
    name,
    about:
      `One lamp, ${watchers} phones; calls are placed and ended over POST /api/v1/simulator, 1.3 s apart (RFC 4235 3.10), and ` +
      'the time runs from before the HTTP request to the last NOTIFY at its phone. Two changes warm up, ten count; the ' +
      "figure is their median. CPU is the daemon's until all are answered, the HTTP request included.",
    limitSeconds: 180,
    figures: {
      last,
      cpu: { title: 'CPU a NOTIFY', unit: 'µs', atMost: 35 },
      worst: { title: 'slowest of ten changes', unit: 'ms' },
      first: { title: 'change → first NOTIFY', unit: 'ms' },
      repeated: { title: 'NOTIFYs repeated', unit: '' },
    },
    run: async (bench) => {
      const server = await bench.server({ extensions: 2 });
      const generator = bench.generator({ port: server.port, phones: watchers, resources: 1 });
      sound(await generator.subscribe());
      const rounds: { last: number; first: number; cpu: number; repeated: number }[] = [];
      const turn = lampOf(server);
      for (let round = 0; round < (bench.quick ? 6 : 12); round++) {
        await pause(betweenTurns);
        const cpu = server.cpu;
        const { asked, report } = await turned(generator, watchers, turn);
        sound(report);
        await pause(100); // until the daemon has read the last answers
        rounds.push({
          last: seconds(asked, report.lastTold) * 1000,
          first: seconds(asked, report.firstTold) * 1000,
          cpu: (server.cpu - cpu) / watchers,
          repeated: report.repeated,
        });
      }
      const counted = rounds.slice(2);
      const middle = (pick: (one: (typeof rounds)[number]) => number) =>
        counted.map(pick).sort((a, b) => a - b)[counted.length >> 1] ?? Number.NaN;
      return {
        last: middle((one) => one.last),
        cpu: middle((one) => one.cpu),
        worst: Math.max(...counted.map((one) => one.last)),
        first: middle((one) => one.first),
        repeated: counted.reduce((sum, one) => sum + one.repeated, 0),
      };
    },
  };
}

export const fanOut1000 = fanOut(1_000, 'fan-out', 40);
export const fanOut10000 = fanOut(10_000, 'fan-out-10000', 400);
