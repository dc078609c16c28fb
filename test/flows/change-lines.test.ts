import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { featureType, setDnd } from '../support/phone.ts';
import { changeLines } from '../truth/logs/changes.ts';
import { logCalls } from '../truth/logs/scan.ts';
import { domain } from './hand.ts';
import { Stage } from './stage.ts';

/* What docs/logs.md promises, compared with lines that the daemon wrote. */

let stage: Stage;
before(async () => {
  stage = await Stage.open('log: { level: debug }\n');
});
after(() => stage.close());

const usual = ['level', 'time', 'room', 'message'];
type Line = Readonly<Record<string, unknown>>;
const logged = (message: string, more: Line = {}) =>
  stage.daemon.logged((line) =>
    Object.entries({ message, ...more }).every(([name, value]) => JSON.stringify(line[name]) === JSON.stringify(value)),
  );
const api = (method: string, path: string, body?: unknown) =>
  stage.daemon.api<{ id: string }>(`/api/v1/${path}`, body === undefined ? { method } : { method, body });

test('a key of a phone is one line with who, from where, old and new', async () => {
  const user = stage.ext();
  const phone = await stage.phone(user, { userAgent: 'Desk Phone/1' });
  await phone.subscribe({ event: 'as-feature-event', body: setDnd(true), contentType: featureType });
  const [line] = await logged('feature changed', { aor: `${user}@${domain}` });
  const { from, ...rest } = line ?? {};
  assert.match(String(from), /^udp:127\.0\.0\.1:\d+$/);
  const told = { feature: 'dnd', old: 'off', new: 'on', by: 'phone', who: user };
  for (const [name, value] of Object.entries(told)) assert.equal(rest[name], value, name);
});

test('a forward says where to, and what is remembered when it is off', async () => {
  const user = stage.ext();
  const path = `extensions/${user}/features/cfna`;
  await api('PUT', path, { enabled: true, target: '2299', ringCount: 4 });
  await api('PUT', path, { enabled: false });
  const aor = `${user}@${domain}`;
  await logged('feature changed', { aor, old: 'off', new: 'on 2299 after 4 rings', by: 'api', who: 'local' });
  await logged('feature changed', { aor, old: 'on 2299 after 4 rings', new: 'off (2299)' });
});

test('a refused wish is one line, and nothing is said to have changed', async () => {
  const user = stage.ext();
  const aor = `${user}@${domain}`;
  await api('PUT', `extensions/${user}/features/cfa`, { enabled: true, target: user });
  await logged('wish not granted', { aor });
  assert.deepEqual(
    stage.daemon.log.filter((line) => line['aor'] === aor && String(line['message']).startsWith('feature')),
    [],
  );
});

test('what ends a subscription stands in its last line: the phone, the admin, another of the same phone', async () => {
  const [one, two] = [stage.ext(), stage.ext()];
  const aor = `${two}@${domain}`;
  const phone = await stage.phone(one);
  const ended = await phone.subscribe({ event: 'dialog', resource: two });
  await ended.next();
  await ended.unsubscribe();
  await logged('subscription ended', { aor, cause: 'ended', level: 'debug', status: 200 });
  const removed = await phone.subscribe({ event: 'presence', resource: two });
  await removed.next();
  const [row] = await stage.listed(two, (list) => list.length === 1);
  await api('POST', `subscriptions/${row?.id}/renotify`);
  await api('DELETE', `subscriptions/${row?.id}`);
  await logged('subscription ended', { aor, cause: 'removed', level: 'info' });
  await logged('admin act', { act: 'DELETE /api/v1/subscriptions/{id}', path: { id: String(row?.id) }, status: 204 });
});

test('the level can be turned up for a while, and says so itself', async () => {
  const before = await api('GET', 'log-level');
  assert.deepEqual(before.body, { level: 'debug', until: null });
  const changed = await api('PUT', 'log-level', { level: 'error', seconds: 1 });
  assert.equal(changed.status, 200);
  await stage.daemon.until<{ level: string }>('/api/v1/log-level', ({ level }) => level === 'debug');
  await logged('log level changed', { old: 'debug', new: 'error', seconds: 1, who: 'local', from: '127.0.0.1' });
  assert.equal((await api('PUT', 'log-level', { level: 'loud' })).status, 400);
  assert.equal((await api('PUT', 'log-level', { level: 'info', seconds: 0 })).status, 400);
});

test('every line that docs/logs.md describes is written with its level, its room and just its fields', async () => {
  const [one, two] = [stage.ext(), stage.ext()];
  const { id } = (await api('POST', 'simulator/call', { from: one, to: two })).body;
  await api('POST', 'simulator/hangup', { id });
  await api('POST', 'simulator/register', { ext: one, registered: false });
  await api('POST', 'simulator/mailbox', { ext: one, new: 2, old: 5 });
  for (const enabled of [true, true]) await api('PUT', `extensions/${one}/features/dnd`, { enabled });
  await api('PUT', 'extensions/2200/agent', { state: 'ready' });
  await logged('mailbox changed', { aor: `${one}@${domain}`, new: '2/5' });
  await logged('lamp changed', { aor: `${two}@${domain}`, old: 'ringing', new: 'idle' });
  await logged('phones changed', { aor: `${one}@${domain}`, new: 0 });
  for (const { message, level, room, fields } of changeLines) {
    const [line] = await stage.daemon.logged((one_) => one_['message'] === message && one_['level'] === level);
    assert.equal(line?.['room'], room, message);
    const names = Object.keys(line ?? {}).filter((name) => !usual.includes(name));
    assert.deepEqual(names.sort(), Object.keys(fields).sort(), message);
  }
});

test('nothing is written that docs/logs.md does not list', () => {
  const known = logCalls().map(({ level, message }) => {
    const alternatives = message.split(' / ').map((one) => one.split('…').map(plain).join('.*'));
    return { level, words: new RegExp(`^(?:${alternatives.join('|')})$`) };
  });
  const strange = stage.daemon.log.filter(
    (line) => !known.some(({ level, words }) => level === line['level'] && words.test(String(line['message']))),
  );
  assert.deepEqual(strange, []);
});

test('standard output has nothing but lines of JSON; what is for people is said elsewhere', () => {
  assert.ok(stage.daemon.said.length > 20);
  for (const line of stage.daemon.said) assert.doesNotThrow(() => JSON.parse(line), line);
});

function plain(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
