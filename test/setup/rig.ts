import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'node:test';
import { systemClock } from '../../src/model/clock.ts';
import { systemRandom } from '../../src/model/random.ts';
import { Setup, type SetupOptions } from '../../src/setup/setup.ts';
import { Home } from '../support/daemon.ts';
import { silentLogger } from '../support/silent-logger.ts';

/** As one that nobody has prepared. */
export const asterisk = {
  'etc/asterisk/manager.conf': '[general]\nenabled = no\nport = 5038',
  'etc/asterisk/http.conf': '[general]\r\nbindaddr=127.0.0.1\r\n',
  'etc/asterisk/ari.conf': '[general]\nenabled = yes\n',
  'etc/asterisk/pjsip.conf': '[udp]\ntype=transport\nprotocol=udp\nbind=0.0.0.0\n',
};

/** Of the test that runs. */
export let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home.remove());

export function put(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = home.path(join('root', name));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

export function open(more: Partial<SetupOptions> = {}): Setup {
  return new Setup({
    root: home.path('root'),
    folder: null,
    file: home.path('own/lamplighter.yaml'),
    ownPorts: [],
    host: { hostname: 'pbx.example.com', addresses: ['192.0.2.10'] },
    run: null,
    tools: { clock: systemClock, random: systemRandom, logger: silentLogger },
    ...more,
  });
}

/** Every file below the root, with its bytes. */
export function contents(folder = home.path('root')): Readonly<Record<string, string>> {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    all.map((entry) => join(entry.parentPath, entry.name)).map((path) => [path, readFileSync(path, 'latin1')]),
  );
}

export async function first(setup: Setup) {
  const { plans } = await setup.look();
  return plans[0] ?? assert.fail('nothing was found');
}

export const code = (outcome: { readonly ok: boolean; readonly refusal?: { readonly code: string } }) =>
  outcome.refusal?.code ?? 'granted';
export const mode = (path: string) => statSync(path).mode & 0o777;
