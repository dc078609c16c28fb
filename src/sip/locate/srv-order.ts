import type { Random } from '../../model/random.ts';
import type { SrvRecord } from './records.ts';

/** How many records of one name are used: those of the lowest priorities. */
const maxRecords = 32;

/** RFC 2782: by priority, and within one priority by chance as the weights say. */
export function orderSrv(records: readonly SrvRecord[], random: Random): readonly SrvRecord[] {
  const byPriority = new Map<number, SrvRecord[]>();
  const best = [...records].sort((a, b) => a.priority - b.priority).slice(0, maxRecords);
  for (const record of best) {
    const group = byPriority.get(record.priority);
    if (group === undefined) byPriority.set(record.priority, [record]);
    else group.push(record);
  }
  return [...byPriority.values()].flatMap((group) => drawAll(group, random));
}

function drawAll(group: readonly SrvRecord[], random: Random): readonly SrvRecord[] {
  const left = [...group].sort((a, b) => Number(a.weight > 0) - Number(b.weight > 0)); // RFC 2782: weight 0 first
  const drawn: SrvRecord[] = [];
  while (left.length > 0) drawn.push(...left.splice(draw(left, random), 1));
  return drawn;
}

/** RFC 2782: the first whose running sum reaches a number between 0 and the sum of all, both included. */
function draw(left: readonly SrvRecord[], random: Random): number {
  const sum = left.reduce((total, { weight }) => total + weight, 0);
  const number = Math.floor(random.fraction() * (sum + 1));
  let running = 0;
  return left.findIndex(({ weight }) => {
    running += weight;
    return running >= number;
  });
}

/** RFC 2782: one record with the root as its target says that the service is decidedly not there. */
export function isDenied(records: readonly SrvRecord[]): boolean {
  return records.length === 1 && records[0]?.target === '';
}
