import { execFile } from 'node:child_process';
import { readDoor } from '../config/door.ts';
import type { Config } from '../config/schema.ts';
import { eventPackages } from '../event-packages/index.ts';
import { configChecks } from '../examination/config-checks.ts';
import { hep } from '../examination/hep.ts';
import { type Finding, runChecks } from '../model/check.ts';
import { systemClock } from '../model/clock.ts';
import { ownAddresses } from '../wiring/checks.ts';
import { askDaemon } from './doctor/ask.ts';
import { examine } from './doctor/checks.ts';
import { hostChecks } from './doctor/host/checks.ts';
import type { HostSeen } from './doctor/host/seen.ts';
import { examineAlone } from './doctor/offline.ts';
import { asJson, asText, fails } from './doctor/report.ts';
import { tokenFrom } from './doctor/token.ts';
import { readConfig } from './read-config.ts';
import { version } from './version.ts';

/**
 * Examines the running daemon, its PBXs and this host, and says what is odd or does not work, each with its fix. Where the
 * daemon does not run, whatever can be looked at without it; where it does not let us in, what the file and the host tell.
 *
 * @param file null: defaults and environment only, as the demo has.
 * @returns the exit code: 0; 1 where something does not work, a daemon that is not running among it; 2 where the
 * configuration is wrong.
 */
export async function doctor(file: string | null, options: { readonly json: boolean }): Promise<number> {
  const config = readConfig(file);
  if (typeof config === 'number') return config;
  const findings = await look(config, file);
  process.stdout.write(options.json ? asJson(findings) : asText(findings));
  return fails(findings) ? 1 : 0;
}

async function look(config: Config, file: string | null): Promise<readonly Finding[]> {
  const { token, fix } = tokenFrom(readDoor(file, process.env), process.env); // of http.tokens, too
  const own = token ?? config.http.token;
  const daemon = await askDaemon({ listen: config.http.listen, token: own, tokenFix: fix });
  const { url } = daemon;
  const running = daemon.state !== 'absent';
  const times = { eachMs: 10_000, deadlineMs: 60_000 };
  const host: HostSeen = { config, file, running, root: '/', now: systemClock.now(), ask };
  if (daemon.state === 'open') {
    const { ways, health, findings } = daemon;
    const seen = { config, url, version, addresses: ownAddresses(), ways, health, findings };
    return [...examine(seen), ...findings, ...(await runChecks(hostChecks, host, systemClock, times))];
  }
  const packages = eventPackages.map(({ event }) => event);
  return [
    {
      check: 'daemon',
      level: 'fail',
      text: `${url}: ${running ? unseen(daemon.reason) : daemon.reason}`,
      fix: daemon.fix,
    },
    // with the PBXs there may be only one of us at a time
    ...(running ? [] : await examineAlone(config)),
    ...(await runChecks([hep], { config, clock: systemClock }, systemClock, times)),
    ...(await runChecks(configChecks, { config, packages }, systemClock, times)),
    ...(await runChecks(hostChecks, host, systemClock, times)),
  ];
}

/** Of a daemon that works, as far as can be told, and says no more. */
function unseen(reason: string): string {
  const rest = 'its health, its listeners, its database, its PBXs and how phones come were not looked at';
  return `Lamplighter runs, and does not let this command in: ${reason}; ${rest}`;
}

const askMs = 3_000;

function ask(program: string, words: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(
      program,
      [...words],
      { timeout: askMs, env: { PATH: process.env['PATH'], LC_ALL: 'C' } },
      (error, stdout) => {
        resolve(error === null ? stdout : null);
      },
    );
  });
}
