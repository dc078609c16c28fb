import type { RootFiles } from './host.ts';

/** COMPAT(Linux, proc_pid_net(5)): the state of a TCP socket that listens. */
const listening = '0A';

/** What is bound on this host: `udp:5060`, `tcp:8090`; nothing where the system does not tell. */
export function boundPorts(files: RootFiles): ReadonlySet<string> {
  const bound = new Set<string>();
  for (const [file, transport] of [
    ['udp', 'udp'],
    ['udp6', 'udp'],
    ['tcp', 'tcp'],
    ['tcp6', 'tcp'],
  ] as const) {
    const found = files.read(`/proc/net/${file}`);
    if (!found.ok) continue;
    for (const line of found.text.split('\n').slice(1)) {
      const [, local = '', , state = ''] = line.trim().split(/\s+/);
      const port = Number.parseInt(local.split(':').at(-1) ?? '', 16);
      if (Number.isNaN(port) || (transport === 'tcp' && state !== listening)) continue;
      bound.add(`${transport}:${port}`);
    }
  }
  return bound;
}

/** True where a process of that name runs; null: the system does not tell. */
export function isRunning(files: RootFiles, name: string): boolean | null {
  const processes = files.list('/proc').filter((entry) => /^\d+$/.test(entry));
  if (processes.length === 0) return null;
  return processes.some((id) => {
    const found = files.read(`/proc/${id}/comm`);
    return (found.ok && found.text.trim() === name) || isProgram(files, id, name);
  });
}

/** Started by way of another program: a loader, a wrapper. */
function isProgram(files: RootFiles, id: string, name: string): boolean {
  const found = files.bytes(`/proc/${id}/cmdline`);
  if (typeof found === 'string') return false;
  const words = found.toString('latin1').split('\0').slice(0, 8);
  return words.some((word) => word.endsWith(`/sbin/${name}`) || word.endsWith(`/bin/${name}`));
}

/** The first of these ports that nobody has, by UDP or TCP; the last one where all are taken. */
export function freePort(candidates: readonly number[], taken: readonly number[], bound: ReadonlySet<string>): number {
  const free = candidates.find(
    (port) => !taken.includes(port) && !bound.has(`udp:${port}`) && !bound.has(`tcp:${port}`),
  );
  return free ?? candidates.at(-1) ?? 0;
}
