import assert from 'node:assert/strict';
import { test } from 'node:test';
import { granted, refused } from '../../src/model/outcome.ts';
import type { PbxAccess, SetupReport, SetupWish } from '../../src/model/setup.ts';
import type { SetupDesk } from '../../src/ops/deps.ts';
import { json, running, send } from './fake-deps.ts';

const access: PbxAccess = {
  type: 'freeswitch',
  features: 'db',
  esl: { host: '127.0.0.1', port: 8021, user: 'lamplighter@pbx.example.com', password: 'a-secret-of-the-pbx' },
};

const report: SetupReport = {
  pbxs: [
    {
      id: 'asterisk:/etc/asterisk',
      type: 'asterisk',
      flavour: 'freepbx',
      folder: '/etc/asterisk',
      version: '20.5.0',
      running: true,
      facts: [{ what: 'AMI', value: 'on', at: { file: '/etc/asterisk/manager.conf', line: 3 } }],
      problems: [{ level: 'fail', code: 'http-disabled', text: 'off', fix: 'on', at: null }],
      edits: [
        { file: '/etc/asterisk/manager_custom.conf', why: 'an account', before: null, lines: ['secret = [hidden]'] },
      ],
      reload: ["asterisk -rx 'module reload manager'"],
      config: 'version: 1\n',
    },
  ],
  looked: ['/etc/asterisk'],
  file: '/etc/lamplighter/lamplighter.yaml',
  fileExists: false,
  problems: [],
};

function desk(written: SetupDesk['write']): SetupDesk & { readonly tested: unknown[] } {
  const tested: unknown[] = [];
  return {
    tested,
    look: async () => report,
    test: async (...asked) => {
      tested.push(asked);
      return [{ check: 'esl', level: 'ok', text: 'logged in', fix: null }];
    },
    write: written,
  };
}

test('what was found, as it is', async () => {
  await running(
    async ({ url }) => {
      const answer = await fetch(`${url}/api/v1/setup`);
      assert.equal(answer.status, 200);
      assert.deepEqual(await json(answer), report);
    },
    { setup: desk(async () => assert.fail('nothing is written')) },
  );
});

test('a live test gets what was given, and its answer holds no password', async () => {
  const setup = desk(async () => assert.fail('nothing is written'));
  await running(
    async ({ url }) => {
      const answer = await fetch(`${url}/api/v1/setup/test`, send('POST', { access }));
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      assert.deepEqual(setup.tested, [[access, null]]);
      assert.ok(!text.includes('a-secret'));
    },
    { setup },
  );
});

test('writing: the wish as it came, and every refusal with its status', async () => {
  const wishes: SetupWish[] = [];
  let refusal: string | null = null;
  const setup = desk(async (wish) => {
    wishes.push(wish);
    return refusal === null ? granted({ file: '/x.yaml', backup: null, next: ['start it'] }) : refused(refusal, 'no');
  });
  await running(
    async ({ url }) => {
      const post = (body: unknown) => fetch(`${url}/api/v1/setup`, send('POST', body));
      const good = await post({ pbx: 'asterisk:/etc/asterisk' });
      assert.deepEqual(await json(good), { file: '/x.yaml', backup: null, next: ['start it'] });
      assert.deepEqual(wishes, [{ pbx: 'asterisk:/etc/asterisk', access: null, domain: null, replace: false }]);
      for (const [code, status] of [
        ['unknown-pbx', 404],
        ['access-needed', 400],
        ['blocked', 409],
        ['config-exists', 409],
        ['config-refused', 422],
        ['not-permitted', 409],
        ['read-only', 409],
        ['no-space', 409],
      ] as const) {
        refusal = code;
        const answer = await post({ pbx: null, access });
        assert.equal(answer.status, status, code);
        assert.equal((await json(answer)).error.code, code);
      }
    },
    { setup },
  );
});

test('the client chooses no file, and smuggles no line into a configuration', async () => {
  const setup = desk(async () => assert.fail('nothing may be written'));
  await running(
    async ({ url }) => {
      const esl = (more: object) => ({ access: { ...access, esl: { ...access.esl, ...more } } });
      for (const body of [
        { pbx: 'x', file: '/etc/passwd' },
        { domain: 'a\nb: c' },
        { domain: 'a b' },
        esl({ host: '127.0.0.1\nevil' }),
        esl({ host: 'a/b' }),
        esl({ port: 0 }),
        esl({ user: 'nobody' }),
        esl({ password: 'two\nlines' }),
        esl({ passwordFile: '/etc/shadow' }),
        { access: { type: 'asterisk', features: 'freepbx' } },
        { access: { type: '/tmp/module.js' } },
        [],
      ]) {
        const answer = await fetch(`${url}/api/v1/setup`, send('POST', body));
        assert.equal(answer.status, 400, JSON.stringify(body));
      }
    },
    { setup },
  );
});
