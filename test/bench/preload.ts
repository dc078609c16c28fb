import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import * as v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';
import { countable } from './probe.ts';

/*
 * Loaded into a daemon by `node --import`: on SIGUSR2 it collects all garbage and writes probe.json into the working
 * directory. Nothing of the product refers to it.
 */
if (isMainThread) {
  process.on('SIGUSR2', async () => {
    v8.setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    const resources: Record<string, number> = {};
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
    const counting = existsSync('probe.count');
    rmSync('probe.count', { force: true });
    const [waiting, clientTransactions] = counting ? await alive() : [null, null];
    writeFileSync('probe.json.part', JSON.stringify({ heapUsed, external, resources, waiting, clientTransactions }));
    renameSync('probe.json.part', 'probe.json');
  });
}

/** How many objects of the engine's classes there are; null where Node (before 20.13) or the build cannot tell. */
async function alive(): Promise<(number | null)[]> {
  const { queryObjects } = v8 as { queryObjects?: (kind: unknown, options: { format: 'count' }) => number };
  if (queryObjects === undefined || process.argv[1] !== countable) return [null, null];
  const { Waiting } = await import('../../src/sip/embedded/timer-wheel.ts');
  const { ClientTx } = await import('../../src/sip/embedded/client-tx.ts');
  return [Waiting, ClientTx].map((kind) => queryObjects(kind, { format: 'count' }));
}
