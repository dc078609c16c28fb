import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of all threads of a process since its start; microseconds. Needs Linux. */
export function cpuMicros(pid: number): number {
  let nanoseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // a thread that ended just now
    }
  }
  return nanoseconds / 1000;
}

export interface Memory {
  /** Resident set; bytes. */
  readonly rss: number;
  /** Proportional set: shared pages divided by those who share them; bytes. */
  readonly pss: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
  return { rss: field('Rss'), pss: field('Pss') };
}

/** Datagrams the kernel dropped because the receive buffer of this local UDP port was full. */
export function udpDrops(port: number): number {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let drops = 0;
  for (const line of readFileSync('/proc/net/udp', 'utf8').split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    if (columns[1]?.endsWith(wanted) === true) drops += Number(columns.at(-1));
  }
  return drops;
}

/** What a process has open, by kind: `socket`, `pipe`, `anon_inode`, and the paths of files. */
export function openFiles(pid: number, readlink: (path: string) => string): ReadonlyMap<string, number> {
  const kinds = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const kind = readlink(`/proc/${pid}/fd/${fd}`).replace(/:\[.*$/, '');
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    } catch {
      // closed just now
    }
  }
  return kinds;
}
