import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sha256Of } from '../../src/config/token-hash.ts';
import type { Daemon, Home } from '../support/daemon.ts';
import { scene } from './simulated.ts';

const anna = 'annas-very-own-token';
const board = 'the-token-of-the-board';

function withTokens(home: Home, config: string): void {
  const tokens = `[{ name: anna, role: operate, tokenFile: ${home.write('anna', `${anna}\n`)} },
    { name: board, role: read, sha256: ${sha256Of(board)} }]`;
  const before = readFileSync(config, 'utf8');
  home.write('lamplighter.yaml', before.replace('http: {', `http: { tokens: ${tokens},`));
}

test('tokens of the configuration: each does what its role may, by its name, and stands in no log and no answer', async () => {
  await scene(async ({ home, config, start }) => {
    withTokens(home, config);
    const daemon = await start();
    const ask = (path: string, token: string | null, init: RequestInit = {}) => {
      const headers = { ...init.headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
      return fetch(`${daemon.http}${path}`, { ...init, headers });
    };
    const dnd = { method: 'PUT', body: '{"enabled":true}', headers: { 'content-type': 'application/json' } };
    const path = '/api/v1/extensions/1001/features/dnd';
    assert.equal((await ask(path, null, dnd)).status, 401);
    assert.equal((await ask(path, board, dnd)).status, 403);
    assert.equal((await ask(path, anna, dnd)).status, 200);
    assert.equal((await ask('/api/v1/reload', anna, { method: 'POST' })).status, 403);
    assert.equal((await ask('/api/v1/status', 'a-token-of-nobody')).status, 401);
    const audit = (await (await ask('/api/v1/audit?ext=1001', board)).json()) as { who: string; via: string }[];
    assert.deepEqual(
      audit.map(({ who, via }) => [who, via]),
      [['anna', 'api']],
    );
    const told = [...daemon.output, await (await ask('/api/v1/config', board)).text()].join('\n');
    for (const secret of [anna, board, 'a-token-of-nobody', sha256Of(anna), sha256Of(board)]) {
      assert.ok(!told.includes(secret), secret);
    }
  });
});

test('a client of the events that comes back after a restart is told to read everything', async () => {
  await scene(async ({ start }) => {
    const first = await start();
    const id = /^id: (.+)$/m.exec(await beginning(first, null))?.[1] ?? '';
    assert.match(id, /^\d+-\d+$/);
    await first.kill();
    assert.match(await beginning(await start(), id), /event: reset\ndata: \{"reason":"restarted"\}/);
  });
});

async function beginning(daemon: Daemon, lastId: string | null): Promise<string> {
  const stop = new AbortController();
  const headers: Record<string, string> = lastId === null ? {} : { 'last-event-id': lastId };
  const answer = await fetch(`${daemon.http}/api/v1/events`, { headers, signal: stop.signal });
  const chunk = await answer.body?.getReader().read();
  stop.abort();
  return new TextDecoder().decode(chunk?.value);
}
