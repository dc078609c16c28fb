import type { SoakReport } from './soak.ts';

/** What of a heap may grow though nothing leaks: compiled code, caches with a limit. Bytes. */
const slack = 2e6;

/** What a soak found wrong, a sentence each; empty is right. */
export function verdict({ rounds, rests, before, after }: SoakReport): string[] {
  const wrong: string[] = [];
  const counted = rounds.slice(Math.floor(rounds.length / 3)); // the first third warms up
  const [compared, since] =
    rests.length > 1 ? [rests, 'from the first rest to the last'] : [counted, 'after the first third'];
  const [first] = compared;
  const last = compared.at(-1);
  if (first !== undefined && last !== undefined) {
    const grown = last.heapUsed - first.heapUsed;
    if (grown > slack + first.heapUsed * 0.04)
      wrong.push(`the heap grew by ${grown} bytes ${since} of ${rounds.length} rounds`);
    const rss =
      Math.max(...counted.slice(-3).map((one) => one.rss)) / Math.max(...counted.slice(0, 3).map((one) => one.rss));
    if (rss > 1.3) wrong.push(`the resident set grew by ${Math.round((rss - 1) * 100)} %`);
  }
  if (after.subscriptions > 0) wrong.push(`${after.subscriptions} subscriptions are left`);
  if (after.sockets > before.sockets) wrong.push(`${after.sockets - before.sockets} sockets are left`);
  for (const [kind, count] of Object.entries(after.resources)) {
    const more = count - (before.resources[kind] ?? 0);
    if (more > 0) wrong.push(`${more} of ${kind} are left`);
  }
  if (before.waiting !== null && before.waiting < 2) wrong.push('the probe counts nothing: the wheel alone has slots');
  for (const kind of ['waiting', 'clientTransactions'] as const) {
    const more = (after[kind] ?? 0) - (before[kind] ?? 0);
    if (more > 0) wrong.push(`${more} more are left: ${kind}`);
  }
  return wrong;
}
