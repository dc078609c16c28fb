import { readFileSync } from 'node:fs';
import { readDocuments } from './documents.ts';
import { overlayEnvironment } from './env.ts';
import { mergeDocuments } from './merge.ts';
import { whyUnread } from './secrets.ts';

/** Where a running daemon is asked, and with which token: what commands need of its configuration, and no more. */
export interface Door {
  /** `ADDRESS:PORT` */
  readonly listen: string;
  /** null: there is none, or none that this user may read. */
  readonly token: string | null;
  /** Why not: `/etc/lamplighter/token: may not be read by this user`; null: nothing is wrong with it. */
  readonly unread: string | null;
}

const usual = '127.0.0.1:8090';

const spellings = ['http', 'listen', 'token', 'tokenFile', 'tokens', 'name', 'role'];

/** The most useful first. */
const roles = ['admin', 'operate', 'read'];

/**
 * Reads the section `http` alone: a command is not to wait for a whole configuration, nor to fail where its user may not
 * read the passwords of the PBX. null: the files or the section cannot be understood; `readConfig` says why. Throws
 * `config-unreadable`.
 *
 * @param file null: defaults and environment only, as the demo has.
 */
export function readDoor(file: string | null, environment: Readonly<Record<string, string | undefined>>): Door | null {
  const { documents, problems } = readDocuments(file, '{}');
  const merged = mergeDocuments(documents);
  if (problems.length > 0 || 'notSettings' in merged) return null;
  const { tree } = merged;
  overlayEnvironment(tree, environment, spellings);
  const { http = {} } = tree;
  if (!isSettings(http)) return null;
  const { listen = usual } = http;
  if (typeof listen !== 'string' || !/:\d{1,5}$/.test(listen)) return null;
  return { listen, ...tokenOf(http) };
}

/** The first that can be had: of `http.token`, else the one of `http.tokens` that may do the most. */
function tokenOf(http: Readonly<Record<string, unknown>>): Pick<Door, 'token' | 'unread'> {
  const { tokens } = http;
  const some = (Array.isArray(tokens) ? tokens : []).filter(isSettings);
  const ranked = roles.flatMap((role) => some.filter((one) => one['role'] === role));
  let unread: string | null = null;
  for (const { token, tokenFile } of [http, ...ranked]) {
    if (typeof token === 'string') return { token, unread: null };
    if (typeof tokenFile !== 'string') continue;
    try {
      const text = readFileSync(tokenFile, 'utf8').trim();
      if (text !== '') return { token: text, unread: null };
      unread ??= `${tokenFile}: is empty`;
    } catch (error) {
      unread ??= `${tokenFile}: ${whyUnread(error)}`;
    }
  }
  return { token: null, unread };
}

function isSettings(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
