import assert from 'node:assert/strict';
import test from 'node:test';
import type { OpsDeps } from '../../src/ops/deps.ts';
import { domain, off, running, until, viewOf } from './fake-deps.ts';

const groups: OpsDeps['groups'] = [
  { name: 'office', domain, extensions: /^10\d\d$/ },
  { name: 'boss', domain, extensions: /^1001$/ },
  { name: 'elsewhere', domain: 'other.test', extensions: /^.*$/ },
];
const on = { ...off, enabled: true };

async function told(url: string): Promise<unknown> {
  const answer = await fetch(url);
  return { status: answer.status, ...((await answer.json()) as object) };
}

test('a group counts the phones of its extensions that can take a call now', async () => {
  await running(
    async (at) => {
      at.hub.put('1001', { contacts: 3 });
      at.hub.put('1002', { contacts: 2, features: { ...viewOf('0').features, dnd: on } });
      at.hub.put('2001', { contacts: 9 });
      at.hub.put('1003', { contacts: 9, known: false });
      const office = { name: 'office', domain, extensions: 2, reachable: 3 };
      assert.deepEqual(await told(`${at.url}/api/v1/groups/office`), {
        status: 200,
        ...office,
        members: [`1001@${domain}`, `1002@${domain}`],
      });
      assert.deepEqual(await (await fetch(`${at.url}/api/v1/groups`)).json(), [
        office,
        { name: 'boss', domain, extensions: 1, reachable: 3 },
        { name: 'elsewhere', domain: 'other.test', extensions: 0, reachable: 0 },
      ]);
      const nobody = (await told(`${at.url}/api/v1/groups/sales%0d%0a`)) as { status: number; error: object };
      assert.equal(nobody.status, 404);
      assert.deepEqual(nobody.error, { code: 'unknown-group', message: 'no group sales?? is configured' });
    },
    { groups },
  );
});

test('an event tells the groups whose count moved, and no other change does', async () => {
  await running(
    async (at) => {
      const stop = new AbortController();
      const answer = await fetch(`${at.url}/api/v1/events`, { signal: stop.signal });
      let text = '';
      const read = async (): Promise<void> => {
        const decoder = new TextDecoder();
        for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) text += decoder.decode(chunk);
      };
      read().catch(() => undefined);
      await until('connected', () => at.server.eventClients === 1);
      at.hub.put('1002', { contacts: 4 }, 'registration'); // from 1, as the fakes begin
      at.hub.put('1002', { mailbox: { new: 1, old: 0, newUrgent: 0, oldUrgent: 0 } }, 'mailbox');
      at.hub.put('1001', { features: { ...viewOf('0').features, dnd: on } }, 'features');
      at.hub.put('2001', { contacts: 5 }, 'registration');
      at.hub.put('1002', { known: false }, 'extension');
      at.hub.linkIs('down', 'the last event');
      await until('all of them', () => text.includes('the last event'));
      const counts = [...text.matchAll(/^event: group\ndata: (.*)$/gm)].map(([, data = '']) => JSON.parse(data));
      assert.deepEqual(
        counts.map(({ name, reachable }) => `${name} ${reachable}`),
        ['office 5', 'office 4', 'boss 0', 'office 0'],
      );
      stop.abort();
    },
    { groups },
  );
});
