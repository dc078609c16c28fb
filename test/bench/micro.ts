/** Until V8 has compiled what is hot, also where its helper waits for a busy core; nanoseconds of CPU time. */
const warmUp = 1e9;

/** CPU time of one call of `work` when it is warm, in nanoseconds: the median of nine stretches of about 50 ms. */
export function nanosecondsOf(work: () => unknown): number {
  let kept: unknown;
  const stretch = (count: number): number => {
    const before = process.cpuUsage(); // not the clock: other programs may be busy
    for (let index = 0; index < count; index++) kept = work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) * 1000;
  };
  for (let spent = 0; spent < warmUp; ) spent += stretch(64);
  let count = 64;
  while (stretch(count) < 50e6) count *= 2;
  const each = Array.from({ length: 9 }, () => stretch(count) / count).sort((a, b) => a - b);
  if (kept === undefined) throw new Error('the work gives nothing: a compiler could leave it out');
  return each[4] ?? Number.NaN;
}
