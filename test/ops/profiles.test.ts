import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../src/model/errors.ts';
import type { ProfileDocument, ProfileKey } from '../../src/model/profile-document.ts';
import { ProfileDesk } from '../../src/profiles/desk.ts';
import { mostBytes } from '../../src/profiles/document.ts';
import { Shelves } from '../../src/profiles/shelves.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';
import { domain, json, running } from './fake-deps.ts';

interface Desk {
  readonly base: string;
  readonly shelves: Shelves;
  readonly logger: RecordingLogger;
  /** What the store was asked for. */
  readonly stored: string[];
  full: boolean;
  put(path: string, body: string, headers?: Record<string, string>): Promise<Response>;
}

async function desk(work: (it: Desk) => Promise<void>): Promise<void> {
  const shelves = new Shelves({ url: null, prefer: 'document', effectiveBy: null });
  const logger = new RecordingLogger();
  const stored: string[] = [];
  const it = { full: false };
  const fails = () => {
    if (it.full) throw new Fault('store-full', 'no space left');
  };
  const store = {
    putProfile: ({ kind, name, etag }: ProfileDocument) => {
      fails();
      stored.push(`put ${kind} ${name} ${etag}`);
    },
    deleteProfile: ({ kind, name }: ProfileKey) => {
      fails();
      stored.push(`delete ${kind} ${name}`);
    },
  };
  const domains = [
    { name: domain, aliases: ['192.0.2.10'] },
    { name: 'tenant.test', aliases: [] },
  ] as const;
  const profiles = new ProfileDesk({ shelves, store, domains, clock: new FakeClock(), logger });
  await running(
    async ({ url }) => {
      const base = `${url}/api/v1/profiles`;
      const put = (path: string, body: string, headers: Record<string, string> = {}) =>
        fetch(`${base}/${path}`, { method: 'PUT', body, headers: { 'content-type': 'text/plain', ...headers } });
      await work(Object.assign(it, { base, shelves, logger, stored, put }));
    },
    { profiles },
  );
}

const code = async (answer: Response) => [answer.status, (await json(answer)).error?.code];

test('a document is put as it is, answered with its tag, read as it was, listed and deleted', () =>
  desk(async ({ base, put, stored, logger }) => {
    const xml = '<profile name="Zoë"/>\n';
    const type = 'application/xml; charset=utf-8';
    const made = await put('device/00:15:65:11:22:33?owners=1001,1002&effectiveBy=60', xml, { 'content-type': type });
    assert.equal(made.status, 201);
    const shape = await json(made);
    const { etag, updatedAt, ...rest } = shape;
    assert.equal(made.headers.get('etag'), `"${etag}"`);
    assert.match(updatedAt, /^2023-11-14T/);
    assert.deepEqual(rest, {
      type: 'device',
      name: '001565112233',
      domain,
      source: 'api',
      contentType: type,
      bytes: Buffer.byteLength(xml),
      owners: [`1001@${domain}`, `1002@${domain}`],
      effectiveBy: 60,
    });
    const read = await fetch(`${base}/device/MAC:001565112233`);
    assert.deepEqual([read.headers.get('content-type'), await read.text()], [type, xml]);
    assert.equal(read.headers.get('content-disposition'), 'attachment');
    const same = await fetch(`${base}/device/001565112233`, { headers: { 'if-none-match': `"${etag}"` } });
    assert.deepEqual([same.status, same.headers.get('etag')], [304, `"${etag}"`]);
    assert.deepEqual(await json(await fetch(base)), [shape]);
    const gone = await fetch(`${base}/device/001565112233`, { method: 'DELETE' });
    assert.equal(gone.status, 204);
    assert.deepEqual(await code(await fetch(`${base}/device/001565112233`)), [404, 'unknown-profile']);
    assert.deepEqual(stored, [`put device 001565112233 ${etag}`, 'delete device 001565112233']);
    const lines = logger.lines.map(({ message, fields }) => [message, (fields as { who: string }).who]);
    assert.deepEqual(lines, [
      ['a profile document was put', 'local'],
      ['a profile document was deleted', 'local'],
    ]);
    assert.ok(!JSON.stringify(logger.lines).includes('Zo'), 'what stands in it is not logged');
  }));

test('If-Match and If-None-Match keep two admins from overwriting each other', () =>
  desk(async ({ base, put }) => {
    const first = await json(await put('user/1001', 'one', { 'if-none-match': '*' }));
    assert.deepEqual(await code(await put('user/1001', 'two', { 'if-none-match': '*' })), [412, 'precondition-failed']);
    const second = await put('user/1001', 'two', { 'if-match': `"${first.etag}"` });
    assert.equal(second.status, 200);
    assert.deepEqual(await code(await put('user/1001', 'three', { 'if-match': `"${first.etag}"` })), [
      412,
      'precondition-failed',
    ]);
    assert.deepEqual(await code(await put('user/1002', 'one', { 'if-match': '*' })), [412, 'precondition-failed']);
    const remove = (tag: string) => fetch(`${base}/user/1001`, { method: 'DELETE', headers: { 'if-match': tag } });
    assert.equal((await remove(`"${first.etag}"`)).status, 412);
    assert.equal((await remove(`W/"x", ${second.headers.get('etag')}`)).status, 204);
  }));

test('owners and delay stay as they were where they are not said, and other users than of the domain are none', () =>
  desk(async ({ put }) => {
    await put('device/001565112233?owners=1001&effectiveBy=5', 'a');
    const again = await json(await put('device/001565112233', 'b'));
    assert.deepEqual([again.owners, again.effectiveBy], [[`1001@${domain}`], 5]);
    const usual = await json(await put('device/001565112233?effectiveBy=&owners=*', 'b'));
    assert.deepEqual([usual.owners, usual.effectiveBy], [['*'], null]);
    assert.deepEqual(
      (await json(await put('device/001565112244', 'b'))).owners,
      [],
      'nobody, unless somebody is named',
    );
    assert.deepEqual((await json(await put('model/Yealink/SIP T54W', 'b'))).owners, ['*']);
    for (const owners of ['1001@tenant.test', 'a b', '<x>', `${'1001,'.repeat(1)}..`]) {
      assert.deepEqual(await code(await put(`device/001565112233?owners=${encodeURIComponent(owners)}`, 'x')), [
        400,
        'invalid-owners',
      ]);
    }
    const many = Array.from({ length: 101 }, (_, at) => 1000 + at).join(',');
    assert.deepEqual(await code(await put(`device/001565112233?owners=${many}`, 'x')), [400, 'invalid-owners']);
    const tenant = await json(await put('user/1001@tenant.test', 'x'));
    assert.deepEqual([tenant.name, tenant.domain], ['1001', 'tenant.test']);
    assert.equal((await json(await put('user/1001@192.0.2.10', 'x'))).domain, domain, 'an alias is its domain');
  }));

test('what is no document, no name or no type is refused, and nothing is kept', () =>
  desk(async ({ base, put, shelves, stored }) => {
    assert.deepEqual(await code(await put('user/1001', '')), [400, 'invalid-body']);
    assert.deepEqual(await code(await put('user/1001', 'a\0b')), [400, 'invalid-body']);
    const latin = await fetch(`${base}/user/1001`, {
      method: 'PUT',
      body: Buffer.from([0xe9]),
      headers: { 'content-type': 'text/plain' },
    });
    assert.deepEqual(await code(latin), [400, 'invalid-body']);
    assert.deepEqual(await code(await put('user/1001', 'x'.repeat(mostBytes + 1))), [413, 'too-large']);
    assert.deepEqual(await code(await put('user/1001', 'x'.repeat(70_000))), [413, 'too-large']);
    assert.equal((await put('user/1001', 'x'.repeat(mostBytes))).status, 201);
    await fetch(`${base}/user/1001`, { method: 'DELETE' });
    for (const type of [
      'nonsense',
      'text/plain; a="\u00e9"',
      'a/b; x="\\"',
      `text/${'p'.repeat(200)}`,
      'text/plain,text/html',
    ]) {
      assert.deepEqual(await code(await put('user/1001', 'x', { 'content-type': type })), [400, 'invalid-type'], type);
    }
    assert.deepEqual(await code(await put('door/1001', 'x')), [404, 'unknown-profile-type']);
    const names = [
      'user/..%2F..%2Fetc',
      'user/a%20b',
      'user/1001@foreign.test',
      'device/1001',
      'model/a/b/c/d',
      'model/..%2Fx',
      'local-network/x',
    ];
    for (const name of names) {
      assert.deepEqual(await code(await put(name, 'x')), [400, 'invalid-name'], name);
    }
    for (const delay of ['-1', 'soon', '99999999999', '1.5']) {
      assert.equal((await put(`user/1001?effectiveBy=${delay}`, 'x')).status, 400, delay);
    }
    assert.deepEqual(await code(await put('user/1001?effectiveBy=4294967295', 'x')), [400, 'invalid-effective-by']);
    assert.equal(shelves.list().length, 0);
    assert.deepEqual(
      stored.filter((line) => !line.includes('1001')),
      [],
    );
  }));

test('a store that cannot write is said, and the document is as it was', () =>
  desk(async (it) => {
    await it.put('user/1001', 'one');
    it.full = true;
    assert.deepEqual(await code(await it.put('user/1001', 'two')), [503, 'store-failed']);
    const remove = await fetch(`${it.base}/user/1001`, { method: 'DELETE' });
    assert.deepEqual(await code(remove), [503, 'store-failed']);
    assert.equal(await (await fetch(`${it.base}/user/1001`)).text(), 'one');
  }));

test('a file of the same name is hidden by what is put, and cannot be deleted', () =>
  desk(async ({ base, put, shelves }) => {
    const file = {
      kind: 'user',
      domain,
      name: '1001',
      contentType: 'text/plain',
      content: 'file',
      etag: 'f',
      readers: [],
      effectiveBy: null,
      updatedAt: 0,
    } as const;
    shelves.set('file', file, file);
    const listed = async () => (await json(await fetch(base))).map(({ source }: { source: string }) => source);
    assert.deepEqual(await listed(), ['file']);
    assert.equal((await fetch(`${base}/user/1001`, { method: 'DELETE' })).status, 404);
    assert.equal((await put('user/1001', 'api')).status, 201);
    assert.deepEqual(await listed(), ['api']);
    assert.equal((await fetch(`${base}/user/1001`, { method: 'DELETE' })).status, 204);
    assert.equal(await (await fetch(`${base}/user/1001`)).text(), 'file');
  }));

test('a page of another site neither reads nor writes documents, nor does one without the token', () =>
  running(
    async ({ url }) => {
      const path = `${url}/api/v1/profiles/user/1001`;
      const token = { authorization: 'Bearer 0123456789abcdef' };
      assert.equal((await fetch(path)).status, 401);
      assert.equal((await fetch(path, { headers: { ...token, 'sec-fetch-site': 'cross-site' } })).status, 403);
      const forged = { ...token, origin: 'https://evil.test', 'content-type': 'text/plain' };
      assert.equal((await fetch(path, { method: 'PUT', body: 'x', headers: forged })).status, 403);
      assert.equal((await fetch(path, { headers: token })).status, 404);
    },
    { token: '0123456789abcdef' },
  ));
