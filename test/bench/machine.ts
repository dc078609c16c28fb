import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { canPin } from './pinned.ts';

/** What figures depend on. No host name, no path. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory: string;
  readonly kernel: string;
  readonly node: string;
  /** net.core.rmem_max: a storm has to fit into it. */
  readonly receiveBuffer: number;
  readonly pinned: boolean;
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    cpu: (all[0]?.model ?? 'unknown').trim(),
    cores: all.length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: `${process.platform} ${release().split('-')[0]}`,
    node: process.version,
    receiveBuffer: Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8')),
    pinned: canPin(),
  };
}
