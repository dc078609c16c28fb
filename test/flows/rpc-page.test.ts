import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { featureEvents } from '../support/phone.ts';
import { scene } from './simulated.ts';

const page = readFileSync('docs/rpc.md', 'utf8');
const pieces = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']) => JSON.parse(json) as unknown);

test('every example of docs/rpc.md is answered as the page says', async () => {
  assert.ok(pieces.length >= 10 && pieces.length % 2 === 0, String(pieces.length));
  await scene(async ({ start }) => {
    const daemon = await start();
    for (let at = 0; at < pieces.length; at += 2) {
      const { status, body } = await daemon.api('/rpc', { method: 'POST', body: pieces[at] });
      assert.equal(status, 200);
      assert.deepEqual(body, pieces[at + 1]);
    }
  });
});

test('the tables of docs/rpc.md name every method and alias there is, and no other', async () => {
  await scene(async ({ start, phone }) => {
    const daemon = await start();
    const ask = async (method: string, params: unknown = []) =>
      (
        await daemon.api<{ result?: unknown; error?: { code: number } }>('/rpc', {
          method: 'POST',
          body: { jsonrpc: '2.0', method, params, id: 1 },
        })
      ).body;
    const { result } = await ask('system.listMethods');
    const tables = page.slice(page.indexOf('## Methods'), page.indexOf('## Errors'));
    const told = [...tables.matchAll(/^\| ([^|]*) \|/gm)].flatMap(([, cell = '']) => {
      const names = [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
      return names.map((name) => (name.startsWith('.') ? `${names[0]!.split('.')[0]}${name}` : name));
    });
    assert.deepEqual(told.sort(), (result as string[]).sort());

    // With a phone there: the count is one, and it hears of it though nothing changes.
    const desk = await phone(daemon, '1003', { server: { host: '127.0.0.1', port: 0, transport: 'tcp' } });
    const subscription = await desk.subscribe({ event: 'as-feature-event' });
    assert.equal(featureEvents(await subscription.next()).length, 4);
    const params = ['sip:1003@lamplighter.test', 'DoNotDisturb', 0];
    const again = await ask('presence_dfks:set_feature', params);
    assert.equal((again.result as { phones: number }).phones, 1);
    assert.equal(featureEvents(await subscription.next()).length, 4);
    await ask('presence_dfks:set_feature', ['1003', 'DoNotDisturb', 1]);
    const [change] = featureEvents(await subscription.next());
    assert.deepEqual([change?.feature, change?.enabled], ['dnd', true]);
    const { body } = await daemon.api<{ via: string }[]>('/api/v1/audit?ext=1003');
    assert.equal(body[0]?.via, 'rpc');
    assert.deepEqual(desk.violations, []);
  });
});
