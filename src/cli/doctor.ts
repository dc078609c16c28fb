import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readDoor } from '../config/door.ts';
import type { Config } from '../config/schema.ts';
import { eventPackages } from '../event-packages/index.ts';
import { configChecks } from '../examination/config-checks.ts';
import { type Finding, runChecks } from '../model/check.ts';
import { systemClock } from '../model/clock.ts';
import { ownAddresses } from '../wiring/checks.ts';
import { askDaemon } from './doctor/ask.ts';
import { examine } from './doctor/checks.ts';
import { hostChecks } from './doctor/host/checks.ts';
import type { HostSeen } from './doctor/host/seen.ts';
import { examineAlone } from './doctor/offline.ts';
import { asJson, asText, fails } from './doctor/report.ts';
import { readConfig } from './read-config.ts';
import { version } from './version.ts';

/**
 * Examines the running daemon, its PBXs and this host, and says what is odd or does not work, each with its fix. Where the
 * daemon does not run, whatever can be looked at without it.
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
  const door = readDoor(file, process.env); // of http.tokens, too
  const token = tokenOf(process.env['LAMPLIGHTER_TOKEN_FILE']) ?? door?.token ?? config.http.token;
  const daemon = await askDaemon({ listen: config.http.listen, token });
  const { url, running } = daemon;
  const times = { eachMs: 10_000, deadlineMs: 60_000 };
  const host: HostSeen = { config, file, running, root: '/', now: systemClock.now(), ask };
  if (running) {
    const { ways, health } = daemon;
    const seen = { config, url, version, addresses: ownAddresses(), ways, health };
    return [...examine(seen), ...daemon.findings, ...(await runChecks(hostChecks, host, systemClock, times))];
  }
  const packages = eventPackages.map(({ event }) => event);
  return [
    { check: 'daemon', level: 'fail', text: `${url}: ${daemon.reason}`, fix: daemon.fix },
    ...(await examineAlone(config)),
    ...(await runChecks(configChecks, { config, packages }, systemClock, times)),
    ...(await runChecks(hostChecks, host, systemClock, times)),
  ];
}

/** A token for commands, where the configuration has none that this user may read. */
function tokenOf(file: string | undefined): string | undefined {
  if (file === undefined || file === '') return undefined;
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
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
