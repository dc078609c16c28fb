import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import * as v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isMainThread } from 'node:worker_threads';

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
    const waiting = !counting ? null : await alive('sip/embedded/timer-wheel.js', 'Waiting');
    const clientTransactions = !counting ? null : await alive('sip/embedded/client-tx.js', 'ClientTx');
    writeFileSync('probe.json.part', JSON.stringify({ heapUsed, external, resources, waiting, clientTransactions }));
    renameSync('probe.json.part', 'probe.json');
  });
}

/** How many objects of a class of the daemon are alive; null where Node (before 20.13) or the build cannot tell. */
async function alive(file: string, name: string): Promise<number | null> {
  const { queryObjects } = v8 as { queryObjects?: (kind: unknown, options: { format: 'count' }) => number };
  try {
    const module = (await import(new URL(file, pathToFileURL(process.argv[1] ?? '')).href)) as Record<string, unknown>;
    return queryObjects === undefined || module[name] === undefined
      ? null
      : queryObjects(module[name], { format: 'count' });
  } catch {
    return null;
  }
}
