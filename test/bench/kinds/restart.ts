import { type Bench, type Benchmark, pause, sound } from '../benchmark.ts';

function restart(name: string, signal: 'SIGKILL' | 'SIGTERM'): Benchmark {
  const how = signal === 'SIGKILL' ? 'kill -9' : 'SIGTERM';
  return {
    name,
    about:
      `100,000 phones subscribe, the daemon gets ${how} and is started again. From the start of the process to /readyz 200 and to the first ` +
      '200 to a SUBSCRIBE that a stranger repeats every 10 ms. Lost are subscriptions that the API does not show, or whose ' +
      'phone has no NOTIFY, or one with an old CSeq, or whose refresh is refused (2,000 are tried).',
    limitSeconds: 240,
    figures: {
      serving: { title: `restart after ${how} → first SUBSCRIBE answered`, unit: 's', atMost: 3 },
      ready: { title: '→ /readyz 200', unit: 's', atMost: 3 },
      lost: { title: 'subscriptions lost', unit: '', atMost: 0 },
      told: { title: '/readyz → last of 100,000 NOTIFYs', unit: 's', atMost: 5 },
      stop: { title: 'time to stop', unit: 's' },
    },
    run: (bench) => run(bench, signal),
  };
}

async function run(bench: Bench, signal: 'SIGKILL' | 'SIGTERM') {
  const phones = bench.quick ? 10_000 : 100_000;
  const server = await bench.server({ extensions: phones / 50 });
  const generator = bench.generator({ port: server.port, phones, resources: phones / 50 });
  sound(await generator.subscribe({ timeout: 120_000 }));
  await pause(500);
  const stop = await server.end(signal);
  const stranger = bench.generator({ port: server.port, phones: 1 });
  const asked = stranger.subscribe({ repeat: 10, timeout: 60_000 });
  asked.catch(() => undefined); // waited for below, if what comes before goes well
  let ready = 0;
  const report = await generator.watch({ count: phones, timeout: 60_000 }, async () => {
    await server.launch();
    ready = await server.ready();
  });
  const first = sound(await asked);
  const shown = (await server.subscriptions()) - 1; // the stranger's
  const sample = Math.min(phones, 2_000);
  const refreshed = await generator.subscribe({ from: phones - sample, count: sample });
  const lost = phones - shown + (phones - report.told) + report.disorder + (sample - refreshed.ok);
  return {
    serving: (first.lastFinal - server.startedAt) / 1e9,
    ready: ready / 1000,
    lost,
    told: Math.max(0, (report.lastTold - server.startedAt) / 1e9 - ready / 1000),
    stop: stop / 1000,
  };
}

export const restartKilled = restart('restart', 'SIGKILL');
export const restartStopped = restart('restart-stopped', 'SIGTERM');
