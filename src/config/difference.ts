import { reloadable, settingAt } from './reloadable.ts';
import { type Config, configSchema } from './schema.ts';

/** What lies between the configuration at work and another one. */
export interface ConfigDifference {
  /** The configuration to work with from now on: the other one, but for what has to wait. */
  readonly config: Config;
  /** Settings of the table that differ and can change now; a PBX by its name, `pbx.main`. */
  readonly live: readonly string[];
  /** Settings that differ and wait for a restart. */
  readonly restart: readonly string[];
}

/**
 * Settings that are changed now go with settings that wait: where the two do not make a configuration that is right (a group
 * of a domain that does not exist before the restart), everything waits.
 */
export function differenceOf(running: Config, wanted: Config): ConfigDifference {
  const different = Object.keys(reloadable).filter(
    (path) => !isSame(settingAt(running, path), settingAt(wanted, path)),
  );
  const restart = different.filter((path) => waits(path, running, wanted));
  const live = different.filter((path) => !restart.includes(path));
  const config = structuredClone(wanted);
  for (const path of restart) {
    const section = reloadable[path]?.within;
    const kept = section !== undefined && lacks(section, running, wanted) ? section : path;
    put(config, kept, settingAt(running, kept));
  }
  if (restart.length > 0 && !configSchema.safeParse(config).success) {
    return { config: running, live: [], restart: different.flatMap((path) => named(path, running, wanted)) };
  }
  return { config, live: live.flatMap((path) => named(path, running, wanted)), restart };
}

function waits(path: string, running: Config, wanted: Config): boolean {
  const row = reloadable[path];
  if (row?.change === 'restart' || row === undefined) return true;
  return row.within !== undefined && lacks(row.within, running, wanted);
}

function lacks(section: string, running: Config, wanted: Config): boolean {
  return settingAt(running, section) === undefined || settingAt(wanted, section) === undefined;
}

/** PBXs by their names, as their places in the list may move; the rest as it is. */
function named(path: string, running: Config, wanted: Config): readonly string[] {
  if (path !== 'pbx') return [path];
  const names = new Set([...running.pbx, ...wanted.pbx].map(({ name }) => name));
  const entry = ({ pbx }: Config, name: string) => pbx.find((one) => one.name === name);
  const different = [...names].filter((name) => !isSame(entry(running, name), entry(wanted, name)));
  // only their order is another one
  return different.length === 0 ? ['pbx'] : different.map((name) => `pbx.${name}`);
}

function put(config: Config, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let node = config as unknown as Record<string, unknown>;
  for (const key of keys) {
    const next = node[key];
    if (typeof next !== 'object' || next === null) {
      if (value === undefined) return;
      node[key] = {};
    }
    node = node[key] as Record<string, unknown>;
  }
  if (value === undefined) delete node[last];
  else node[last] = structuredClone(value);
}

/** The order of keys is none of a setting, that of lists is. */
function isSame(one: unknown, other: unknown): boolean {
  return sorted(one) === sorted(other);
}

function sorted(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? ''
  );
}
