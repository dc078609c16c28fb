import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** A program that listens. */
export interface Holder {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** null: this user may not see whose it is. */
  readonly pid: number | null;
  /** `asterisk (1234)`, or that nobody says. */
  readonly name: string;
}

/** States of /proc/net: TCP_LISTEN, and TCP_CLOSE, which an open UDP socket has (proc(5), include/net/tcp_states.h). */
const listening = { tcp: '0A', udp: '07' } as const;

/** Who listens on these ports of this host; empty where there is no /proc. */
export function holdersOf(root: string, ports: ReadonlySet<number>): readonly Holder[] {
  const found = new Map<string, { readonly protocol: 'tcp' | 'udp'; readonly port: number }>();
  for (const protocol of ['tcp', 'udp'] as const) {
    for (const version of ['', '6']) {
      for (const line of linesOf(join(root, 'proc/net', `${protocol}${version}`)).slice(1)) {
        const [, local = '', , state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
        const port = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16);
        if (state === listening[protocol] && ports.has(port)) found.set(inode, { protocol, port });
      }
    }
  }
  if (found.size === 0) return [];
  const owners = ownersOf(root, found);
  return [...found].map(([inode, { protocol, port }]) => {
    const pid = owners.get(inode) ?? null;
    const name = pid === null ? "another user's program (root sees which)" : `${commandOf(root, pid)} (${pid})`;
    return { protocol, port, pid, name };
  });
}

/** Inode to process, as far as this user may see it. */
function ownersOf(root: string, wanted: ReadonlyMap<string, unknown>): ReadonlyMap<string, number> {
  const owners = new Map<string, number>();
  for (const pid of processes(root)) {
    const folder = join(root, 'proc', String(pid), 'fd');
    for (const fd of namesIn(folder)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(join(folder, fd)))?.[1];
      if (inode !== undefined && wanted.has(inode)) owners.set(inode, pid);
    }
  }
  return owners;
}

/** The processes of this host. */
export function processes(root: string): readonly number[] {
  return namesIn(join(root, 'proc'))
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The words a process was started with; empty: it has gone, or is the kernel's. */
export function wordsOf(root: string, pid: number): readonly string[] {
  return textOf(join(root, 'proc', String(pid), 'cmdline'))
    .split('\0')
    .filter((word) => word !== '');
}

function commandOf(root: string, pid: number): string {
  return textOf(join(root, 'proc', String(pid), 'comm')).trim() || 'a program';
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Empty where it cannot be read. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function linesOf(path: string): readonly string[] {
  return textOf(path).split('\n');
}
