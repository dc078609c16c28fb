import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/**
 * What is written below these is seen in the copy alone. /run is empty there: its systemd is not that of the machine, so that no
 * script of a package starts or stops anything.
 */
const script = `
mount -t tmpfs none /run
for folder in etc usr var; do
  mkdir -p /run/copy/$folder/upper /run/copy/$folder/work
  mount -t overlay -o lowerdir=/$folder,upperdir=/run/copy/$folder/upper,workdir=/run/copy/$folder/work none /$folder
done
echo there
exec sleep infinity
`;

/**
 * This machine, to be written on: a mount namespace with /etc, /usr and /var of its own over those of the machine, held by a process.
 * It is gone with that process, and that with this one, however it ends (kill -9 too). Network and processes are the machine's.
 */
export class MachineCopy {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** Throws what the machine says where it lets nobody mount. */
  static async open(): Promise<MachineCopy> {
    const words = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private', 'sh', '-e', '-c', script];
    const holder = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    holder.stderr.on('data', (text: Buffer) => {
      said += text.toString();
    });
    const there = await Promise.race([
      once(holder.stdout, 'data').then(() => true),
      once(holder, 'close').then(() => false),
    ]);
    if (!there) throw new Error(`no files of our own over those of the machine: ${said.trim()}`);
    return new MachineCopy(holder);
  }

  /** A command that has its command run in the copy, in `folder` as the copy sees it. The process is that command's own. */
  enter(folder: string): readonly string[] {
    return ['nsenter', '-t', String(this.#holder.pid), '-m', `--wdns=${folder}`];
  }

  /** Where this process finds a file of the copy. */
  path(file: string): string {
    return `/proc/${this.#holder.pid}/root${file}`;
  }

  async close(): Promise<void> {
    const gone = once(this.#holder, 'exit');
    if (this.#holder.kill('SIGKILL')) await gone;
  }
}

/** Null: there can be one here; else why not. Leaves nothing behind. */
export async function copyRefused(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'only root installs a package';
  for (const tool of ['setpriv', 'unshare', 'nsenter']) {
    if (spawnSync('which', [tool]).status !== 0) return `there is no ${tool}`;
  }
  try {
    await (await MachineCopy.open()).close();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
