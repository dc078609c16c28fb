import { accessSync, constants, readFileSync } from 'node:fs';
import { type Door, readDoor } from '../config/door.ts';
import { parseHostPort } from '../config/listen-point.ts';
import { whyUnread } from '../config/secrets.ts';
import { Fault } from '../model/errors.ts';
import { inBrackets } from '../model/host-port.ts';
import type { Address } from './daemon.ts';
import { exits } from './exits.ts';
import { Failure } from './failure.ts';

/** Where a package installs it. */
const usualFile = '/etc/lamplighter/lamplighter.yaml';

/** The variable that names a file with a token for commands: what is on a command line everybody of the host can read. */
export const tokenVariable = 'LAMPLIGHTER_TOKEN_FILE';

export interface Wanted {
  /** undefined: the usual one. */
  readonly config?: string | undefined;
  /** undefined: as the configuration says. */
  readonly url?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where the daemon is, and with which token it is asked. `--url` goes there without looking into the usual configuration:
 * its token is not for others. Failures: exit code 2, or 64.
 */
export async function addressOf(wanted: Wanted, environment: Environment): Promise<Address> {
  const own = ownToken(environment);
  if (wanted.url !== undefined) {
    const url = baseOf(wanted.url);
    const door = wanted.config === undefined ? null : await doorOf(wanted.config, environment);
    return {
      url,
      token: own ?? door?.token ?? null,
      tokenFix: tokenFixOf(own, door),
      absentFix: 'see that a Lamplighter runs there, and listens on an address that this host reaches (http.listen)',
    };
  }
  const usual = usualState();
  // a unit file may set the variable to nothing
  const file = wanted.config ?? (environment['LAMPLIGHTER_CONFIG'] || (usual === 'readable' ? usualFile : null));
  const read = await doorOf(file, environment);
  const hidden = file === null && usual === 'hidden' ? `${usualFile}: may not be read by this user` : null;
  const door = { ...read, unread: read.unread ?? hidden };
  const { address, port } = parseHostPort(door.listen);
  if (port === 0) {
    throw new Failure(
      'port-unknown',
      exits.configuration,
      'http.listen has port 0: the system chose one, nobody knows which',
      'write a port in http.listen, or give --url with the address that the daemon has printed',
    );
  }
  const which = file === null ? 'of the demo' : `of ${file}`;
  return {
    url: `http://${reachable(address)}:${port}`,
    token: own ?? door.token,
    tokenFix: tokenFixOf(own, door),
    absentFix:
      `start it: systemctl start lamplighter, or lamplighter start --config FILE. This is the address ${which}: ` +
      'where the daemon runs with another configuration, name that with --config, or its address with --url',
  };
}

async function doorOf(file: string | null, environment: Environment): Promise<Door> {
  try {
    const door = readDoor(file, environment);
    if (door !== null) return door;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Failure(error.code, error.exit, error.message, error.fix);
  }
  // all that is wrong, as check-config names it
  const { readConfig } = await import('./read-config.ts');
  const config = readConfig(file);
  if (typeof config === 'number') throw new Failure('config-invalid', config, 'the configuration is wrong');
  return { listen: config.http.listen, token: config.http.token ?? null, unread: null };
}

/** The configuration a command is about where none is named: that of a package, even if this user may not read it; else null. */
export function fileOf(usual: string = usualFile): string | null {
  return usualState(usual) === 'absent' ? null : usual;
}

/** `hidden`: it is there, and this user may not read it; the defaults stand. */
function usualState(file: string = usualFile): 'readable' | 'hidden' | 'absent' {
  try {
    accessSync(file, constants.R_OK);
    return 'readable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'hidden' : 'absent';
  }
}

/** The token of the environment; null: it names none. Failure: the file that it names holds none. */
export function ownToken(environment: Environment): string | null {
  const file = environment[tokenVariable];
  if (file === undefined || file === '') return null;
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (/^[\u0021-\u007e]+$/.test(token)) return token;
    throw new Failure('token-unreadable', exits.configuration, `${tokenVariable}: ${file} holds no token`);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('token-unreadable', exits.configuration, `${tokenVariable}: ${file}: ${whyUnread(error)}`);
  }
}

/** What to do where the daemon does not take the token. */
export function tokenFixOf(own: string | null, door: Door | null): string {
  const other = `set ${tokenVariable} to a file with a token of http.tokens`;
  if (own !== null) return `give ${tokenVariable} a file with another token`;
  if (door === null) return `${other}, or name the daemon's configuration with --config`;
  if (door.unread !== null) return `${door.unread}. Run this as its user, or ${other}`;
  return `${other}, or name with --config the configuration that the daemon runs with`;
}

/** `http://pbx:8090/` → `http://pbx:8090`. */
function baseOf(text: string): string {
  const refuse = (message: string) => new Failure('usage', exits.usage, `--url ${message}`);
  if (!URL.canParse(text)) throw refuse('needs an address: http://HOST:PORT');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse('needs an address: http://HOST:PORT');
  if (url.username !== '' || url.password !== '') {
    throw refuse(`takes no secrets, which everybody of this host could read: set ${tokenVariable}`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** A listener on every address is reached by loopback. */
export function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::') return '[::1]';
  return inBrackets(address);
}
