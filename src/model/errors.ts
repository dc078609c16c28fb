/**
 * Every fault Lamplighter can end or degrade with: stable code, what it means, what to do, and the exit code of the
 * daemon where the fault stops it. `docs/errors.md` is compared with this table by a test.
 */
export const faults = {
  'config-invalid': { exit: 2, fix: 'correct the lines named; `lamplighter check-config FILE` shows them all' },
  'config-unreadable': {
    exit: 2,
    fix: 'check the path, and that whoever runs this may read the file: the daemon runs as its own user, a command as you (with sudo as root)',
  },
  'port-in-use': { exit: 3, fix: 'stop the other program or choose another address in sip.listen or http.listen' },
  'address-unavailable': { exit: 3, fix: 'use an address of this host, or 0.0.0.0, in sip.listen or http.listen' },
  'port-forbidden': { exit: 3, fix: 'ports below 1024 need rights; choose a higher one' },
  'files-exhausted': {
    exit: 3,
    fix: 'the limit of open files is too low: LimitNOFILE of the systemd unit, or `ulimit -n`; each phone on TCP, TLS or WebSocket takes one',
  },
  'store-unwritable': { exit: 4, fix: 'make store.path writable for the user of the daemon' },
  'store-full': { exit: 4, fix: 'free space on the disk of store.path' },
  'store-corrupt': { exit: 4, fix: 'restore a backup, or move the file away: phones subscribe again by themselves' },
  'store-newer': { exit: 4, fix: 'the database was written by a newer Lamplighter: upgrade, or restore the backup' },
  'store-locked': { exit: 4, fix: 'another Lamplighter uses this database; each needs its own store.path' },
  'adapter-unknown': { exit: 2, fix: 'use a type listed in the message, or the path of a module' },
  'pbx-unreachable': { exit: 0, fix: 'start the PBX or correct its address; Lamplighter keeps trying' },
  'pbx-refused': {
    exit: 0,
    fix: 'correct the user name, the password or the rights of the PBX account; Lamplighter keeps trying',
  },
  'pbx-replaced': { exit: 0, fix: 'a second Lamplighter uses the same ARI application; stop one or name another app' },
  'pbx-crashed': { exit: 0, fix: 'the adapter is started again; report the message if it repeats' },
  'drachtio-unreachable': {
    exit: 0,
    fix: 'start drachtio-server, or correct sip.drachtio; until then no phone is heard, and Lamplighter keeps trying',
  },
  'hook-failed': {
    exit: 0,
    fix: 'correct the module, program or web server of hooks; until it answers, hooks.onFailure decides',
  },
  internal: { exit: 70, fix: 'this is a bug: report it with the log lines around it' },
} as const satisfies Record<string, { exit: number; fix: string }>;

export type FaultCode = keyof typeof faults;

/** A fault: thrown once, logged once, by the edge that gives up. */
export class Fault extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Fault';
    this.code = code;
  }

  /** The exit code of a daemon that this fault stops (README lists them). */
  get exit(): number {
    return faults[this.code].exit;
  }

  /** What the admin can do. */
  get fix(): string {
    return faults[this.code].fix;
  }
}
