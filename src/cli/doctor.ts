import { networkInterfaces } from 'node:os';
import type { Config } from '../config/schema.ts';
import { askDaemon } from './doctor/ask.ts';
import { examine } from './doctor/checks.ts';
import { asJson, asText, fails } from './doctor/report.ts';
import type { Daemon, Finding } from './doctor/seen.ts';
import { readConfig } from './read-config.ts';
import { version } from './version.ts';

/**
 * Says by which way phones reach the running daemon, and what is odd or does not work, each with its fix.
 *
 * @param file null: defaults and environment only, as the demo has.
 * @returns the exit code: 0; 1 where something does not work, a daemon that is not running among it; 2 where the
 * configuration is wrong.
 */
export async function doctor(file: string | null, options: { readonly json: boolean }): Promise<number> {
  const config = readConfig(file);
  if (typeof config === 'number') return config;
  const findings = look(config, await askDaemon(config.http));
  process.stdout.write(options.json ? asJson(findings) : asText(findings));
  return fails(findings) ? 1 : 0;
}

function look(config: Config, daemon: Daemon): readonly Finding[] {
  const { url } = daemon;
  if (!daemon.running) {
    return [{ check: 'daemon', level: 'fail', text: `${url}: ${daemon.reason}`, fix: daemon.fix }];
  }
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  const addresses = all.filter(({ internal }) => !internal).map(({ address }) => address);
  return examine({ config, url, version, addresses, ways: daemon.ways, health: daemon.health });
}
