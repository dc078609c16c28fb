import { adapterKinds, adapterOptions } from '../../adapters/index.ts';
import { makePolicy } from '../commands/policy.ts';
import { missingHookFiles } from '../config/hook-files.ts';
import { type Loaded, type LoadResult, loadConfig } from '../config/load.ts';
import { describe } from '../config/problems.ts';
import type { Config } from '../config/schema.ts';
import { Fault } from '../model/errors.ts';
import { TrustedNetworks } from '../sip/auth/trusted-networks.ts';
import { checkTls } from '../sip/embedded/tls-keys.ts';
import { asCalled } from './called.ts';

/**
 * The configuration, or the exit code after everything wrong with it has been printed: 2, whatever it is.
 *
 * @param file null: defaults and environment only (the demo).
 */
export function readConfig(file: string | null): Config | number {
  const loaded = readLoaded(file);
  return typeof loaded === 'number' ? loaded : loaded.config;
}

/** As `readConfig`, with where each value came from. */
export function readLoaded(file: string | null): Loaded | number {
  try {
    const result = tryConfig(file);
    if (result.ok) return result;
    process.stderr.write(`${describe(result.problems, result.file)}\n`);
    return 2;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    process.stderr.write(`${error.message}\nTo do: ${asCalled(error.fix)}\n`);
    return error.exit;
  }
}

/** Reads it once more, as at the start: files, environment, secrets. Throws Fault `config-unreadable`. */
export function tryConfig(file: string | null): LoadResult {
  return loadConfig({
    file,
    environment: process.env,
    optionsOf: adapterOptions,
    adapterTypes: Object.keys(adapterKinds),
    judge,
  });
}

/** What the schema cannot know: files, networks, patterns that could take hours. */
function judge({ sip, features, hooks }: Config): readonly string[] {
  const policy = makePolicy(features.policy);
  const wrong = policy.ok ? [] : [`features.policy: ${policy.refusal.message}`];
  wrong.push(...missingHookFiles(hooks));
  const attempts = [() => sip.tls && checkTls(sip.tls), () => new TrustedNetworks(sip.trusted)];
  const identity = () => new TrustedNetworks(sip.identity?.from ?? [], 'sip.identity.from');
  for (const attempt of [...attempts, identity]) {
    try {
      attempt();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      wrong.push(error.message);
    }
  }
  return wrong;
}
