import { parse } from 'yaml';

const prefix = 'LAMPLIGHTER_';

/**
 * Variables that begin like settings and are none: which file the command line reads, the token of a command, and what the
 * health check of a container asks (config/docker).
 */
const noSettings = new Set([`${prefix}CONFIG`, `${prefix}TOKEN_FILE`, `${prefix}HEALTH`]);

/**
 * Lays `LAMPLIGHTER_SIP__LISTEN=[udp:0.0.0.0:5060]` over the tree of the file: `__` goes one level down, letter case is
 * free, numbers are list places, values are YAML. Returns the names taken, for error messages.
 *
 * @param knownKeys every key of the schemas, to find `passwordFile` behind PASSWORDFILE.
 */
export function overlayEnvironment(
  tree: Record<string, unknown>,
  environment: Readonly<Record<string, string | undefined>>,
  knownKeys: readonly string[],
): Map<string, string> {
  const spelling = new Map(knownKeys.map((key) => [key.toLowerCase(), key]));
  const taken = new Map<string, string>();
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(prefix) || text === undefined || noSettings.has(name)) continue;
    const path = name
      .slice(prefix.length)
      .split('__')
      .map((part) => spelling.get(part.toLowerCase()) ?? part.toLowerCase());
    if (path.some((part) => part === '' || part === '__proto__' || part === 'constructor')) continue;
    place(tree, path, value(text));
    taken.set(path.join('.'), name);
  }
  return taken;
}

function value(text: string): unknown {
  // a password, not an anchor or a tag: YAML would make nothing of it
  if (/^\s*[&!]/.test(text)) return text;
  try {
    return parse(text) as unknown;
  } catch {
    return text;
  }
}

function place(tree: Record<string, unknown>, path: readonly string[], leaf: unknown): void {
  let node = tree;
  for (const [index, part] of path.entries()) {
    if (index === path.length - 1) {
      node[part] = leaf;
      return;
    }
    const next = node[part];
    if (typeof next !== 'object' || next === null) node[part] = /^\d+$/.test(path[index + 1] ?? '') ? [] : {};
    node = node[part] as Record<string, unknown>;
  }
}
