import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastingPort } from '../../support/ports.ts';
import { endChild, startChild } from '../child.ts';
import { cpuMicros, udpDrops } from '../procfs.ts';
import { type Publisher, publisherOf } from './publisher.ts';

const tables = '/usr/share/kamailio/dbtext/kamailio';

/** Why Kamailio cannot be compared with here; null where it can. */
export function kamailioMissing(): string | null {
  if (spawnSync('kamailio', ['-v']).error !== undefined) return 'no Kamailio (Debian: kamailio)';
  const modules = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib'];
  const isThere = modules.some((folder) => existsSync(`${folder}/kamailio/modules/presence_dialoginfo.so`));
  return isThere ? null : 'Kamailio has no presence_dialoginfo (Debian: kamailio-presence-modules)';
}

/** Its version, as it says itself. */
export function kamailioVersion(): string {
  return /kamailio (\S+)/.exec(spawnSync('kamailio', ['-v'], { encoding: 'utf8' }).stdout)?.[1] ?? '';
}

/**
 * Kamailio's presence server as it is quickest: subscriptions and publications in memory alone, lost by a restart; four
 * workers, hash tables for 50,000, a receive buffer of 4 MiB. On core 0, where the daemon is measured.
 */
export class Kamailio {
  readonly port: number;
  readonly #folder: string;
  readonly #child: ReturnType<typeof startChild>;
  readonly #publisher: Publisher;
  #closed = false;

  private constructor(port: number, folder: string, publisher: Publisher) {
    this.port = port;
    this.#folder = folder;
    this.#publisher = publisher;
    const config = join(folder, 'kamailio.cfg');
    writeFileSync(config, configuration(port, folder));
    for (const table of ['version', 'active_watchers', 'watchers', 'presentity', 'xcap']) {
      copyFileSync(join(tables, table), join(folder, table));
    }
    const words = ['-f', config, '-DD', '-E', '-m', '2048', '-M', '32', '-w', folder, '-Y', folder];
    this.#child = startChild(0, 'kamailio', words, { stdio: ['ignore', 'ignore', 'ignore'] });
  }

  static async start(): Promise<Kamailio> {
    const folder = mkdtempSync(join(tmpdir(), 'lamplighter-kamailio-'));
    const port = await lastingPort();
    const publisher = await publisherOf(port);
    const server = new Kamailio(port, folder, publisher);
    try {
      await publisher.publish('1', null); // answered as soon as it serves
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** CPU time of all its processes, microseconds. */
  get cpu(): number {
    return this.#processes().reduce((sum, pid) => sum + cpuMicros(pid), 0);
  }

  /** Datagrams its receive buffer had no room for. */
  get drops(): number {
    return udpDrops(this.port);
  }

  /** Tells it how a user's calls stand, as the PBX's publisher does. */
  publish(user: string, state: 'early' | 'terminated'): Promise<void> {
    return this.#publisher.publish(user, state);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#publisher.close();
    await endChild(this.#child, 'SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** It and its workers: the group `startChild` made. */
  #processes(): number[] {
    const group = String(this.#child.pid);
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && groupOf(name) === group)
      .map(Number);
  }
}

/** null: it has ended meanwhile. */
function groupOf(pid: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[2] ?? null;
  } catch {
    return null;
  }
}

function configuration(port: number, folder: string): string {
  const serve = (method: string, served: string) =>
    `if (method == "${method}") { if (!t_newtran()) { sl_reply_error(); exit; } ${served}(); t_release(); exit; }`;
  return `#!KAMAILIO
debug=-1
log_stderror=yes
children=4
listen=udp:127.0.0.1:${port}
maxbuffer=4194304
auto_aliases=no
disable_tcp=yes
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "pv.so"
loadmodule "db_text.so"
loadmodule "presence.so"
loadmodule "presence_dialoginfo.so"
modparam("presence", "db_url", "text://${folder}")
modparam("presence", "subs_db_mode", 0)
modparam("presence", "publ_cache", 2)
modparam("presence", "subs_htable_size", 15)
modparam("presence", "pres_htable_size", 13)
modparam("presence", "server_address", "sip:presence@127.0.0.1:${port}")
request_route {
  ${serve('SUBSCRIBE', 'handle_subscribe')}
  ${serve('PUBLISH', 'handle_publish')}
  sl_send_reply("405", "Method Not Allowed");
}
`;
}
