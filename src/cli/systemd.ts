import { spawn } from 'node:child_process';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { LifecycleObserver, Moment } from '../wiring/lifecycle.ts';

/** The variables by which systemd says what it wants to hear (sd_notify(3), sd_watchdog_enabled(3)). */
const socketName = 'NOTIFY_SOCKET';
const intervalName = 'WATCHDOG_USEC';
const watchedName = 'WATCHDOG_PID';

interface SystemdTools {
  readonly environment: Record<string, string | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of this process. */
  readonly pid: number;
}

const words: Readonly<Record<Moment, readonly string[] | null>> = {
  starting: null,
  ready: ['--ready', '--status=Serving phones'],
  reloading: ['RELOADING=1', 'STATUS=Reading the configuration again'],
  stopping: ['STOPPING=1', 'STATUS=Stopping; phones keep their subscriptions'],
};

/**
 * systemd, told by its own program `systemd-notify`: Node has no datagram sockets of the unix family. The unit needs
 * `NotifyAccess=all`, and a `WatchdogSec` of 15 or more. Takes the variables out of `environment`: what the daemon starts
 * (hooks) must not speak for it. null: no service manager listens.
 */
export function serviceManager({ environment, clock, logger, pid }: SystemdTools): LifecycleObserver | null {
  const socket = environment[socketName] ?? '';
  const watched = environment[watchedName];
  const forUs = watched === undefined || watched === String(pid);
  // half of the time, as sd_watchdog_enabled(3) recommends
  const everyMs = forUs ? Number(environment[intervalName] ?? 0) / 2_000 : 0;
  for (const name of [socketName, intervalName, watchedName]) delete environment[name];
  if (socket === '') return null;
  let lastBeat = Number.NEGATIVE_INFINITY;
  let complained = false;

  const complain = (reason: string): void => {
    if (complained) return;
    complained = true;
    logger.warn({ reason }, 'systemd cannot be told how it goes');
  };
  const tell = (...notices: readonly string[]): void => {
    const env = { ...environment, [socketName]: socket };
    const child = spawn('systemd-notify', [...notices], { stdio: 'ignore', env });
    child.once('error', (error) => complain(error.message));
    child.once('exit', (code) => {
      if (code !== null && code > 0) complain(`systemd-notify ended with ${code}`);
    });
    child.unref();
  };

  return {
    moment: (moment) => {
      const notices = words[moment];
      if (notices !== null) tell(...notices);
    },
    heartbeat: () => {
      const now = clock.now();
      // Each is a process: not more of them than were asked for.
      if (everyMs <= 0 || now - lastBeat < everyMs) return;
      lastBeat = now;
      tell('WATCHDOG=1');
    },
  };
}
