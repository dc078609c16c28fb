import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Daemon, type Method } from '../../../src/cli/daemon.ts';
import type { Failure } from '../../../src/cli/failure.ts';
import { program } from '../../../src/cli/program.ts';
import { processTerminal } from '../../../src/cli/terminal.ts';
import { treeOf } from '../../../src/cli/tree.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { timerF } from '../../../src/sip/embedded/timers.ts';
import { domain, running } from '../../ops/fake-deps.ts';
import { lastingPort } from '../../support/ports.ts';
import { answering, foreign, typed } from './typed.ts';

/** Each command that asks the daemon, as somebody types it. */
const lines: Readonly<Record<string, readonly string[]>> = {
  ext: ['ext', '1001'],
  subs: ['subs', '1001'],
  dialogs: ['dialogs'],
  features: ['features'],
  trace: ['trace', '1001'],
  set: ['set', '1001', 'dnd', 'on'],
  renotify: ['renotify', '1001'],
  kick: ['kick', '7'],
  audit: ['audit'],
  links: ['links'],
  phones: ['phones'],
  reload: ['reload'],
  'log-level': ['log-level', 'info'],
  provision: ['provision', 'yealink', '1001'],
  'check-sync': ['check-sync', '1001'],
  simulate: ['simulate', 'call', '1001', '1002'],
};

/** Those that change something, which a token of role `read` may not. */
const changing = ['set', 'renotify', 'kick', 'reload', 'log-level', 'check-sync', 'simulate'];

const folder = mkdtempSync(join(tmpdir(), 'lamplighter-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const subscription = {
  id: 7,
  event: 'dialog',
  eventId: null,
  watcher: null,
  device: 'd',
  userAgent: null,
  source: 'udp:192.0.2.1:5060',
  createdAt: 0,
  expiresAt: 0,
  lastNotifyAt: null,
  lastStatus: null,
  notifies: 0,
};

const tokenFile = fileWith('token', 'a-token-of-the-admin\n');
const readFile = fileWith('read-token', 'a-token-that-reads\n');
const wrongFile = fileWith('wrong-token', 'a-token-of-nobody\n');
const readHash = createHash('sha256').update('a-token-that-reads').digest('hex');

test('every command that asks the daemon is tried here', () => {
  const asking = treeOf(program(processTerminal())).filter(({ options }) =>
    options.some(({ long }) => long === '--url'),
  );
  assert.deepEqual(asking.map(({ name }) => name).sort(), Object.keys(lines).sort());
});

describe('a daemon that does not run', () => {
  for (const [name, words] of Object.entries(lines)) {
    test(`${name} says so, where it was looked for and what to do, with 69`, async () => {
      const port = await lastingPort();
      const file = fileWith(`${name}.yaml`, `http: { listen: '127.0.0.1:${port}' }\n`);
      const { code, out, err } = await typed([...words, '--config', file]);
      assert.deepEqual([code, out], [69, '']);
      const [first = '', fix = ''] = err.split('\n');
      assert.equal(first, `no Lamplighter answers at http://127.0.0.1:${port}: nothing listens there (ECONNREFUSED)`);
      assert.match(fix, new RegExp(`^To do: start it: .*${name}\\.yaml`));
      const json = await typed([...words, '--json', '--config', file]);
      assert.equal(json.code, 69);
      assert.equal((JSON.parse(json.out) as { error: { code: string } }).error.code, 'daemon-unreachable');
    });
  }
});

describe('a token', () => {
  const token = 'a-token-of-the-admin';
  for (const [name, words] of Object.entries(lines)) {
    test(`${name} without one, or with a wrong one, says what to do, with 77`, () =>
      running(
        async ({ url, wishes, told, removed }) => {
          const none = await typed([...words, '--url', url]);
          assert.deepEqual([none.code, none.out], [77, '']);
          assert.match(none.err, /wants a token\nTo do: set LAMPLIGHTER_TOKEN_FILE to a file with a token/);
          const wrong = await typed([...words, '--url', url], { LAMPLIGHTER_TOKEN_FILE: wrongFile });
          assert.deepEqual([wrong.code, wrong.out], [77, '']);
          assert.match(wrong.err, /does not know this token\nTo do: give LAMPLIGHTER_TOKEN_FILE a file with another/);
          assert.doesNotMatch(none.err + wrong.err, /a-token-of/);
          assert.deepEqual([...wishes, ...told, ...removed], []);
        },
        { token },
      ));
  }

  for (const name of changing) {
    test(`${name} with one of role read says which role it wants, with 77, and changes nothing`, () =>
      running(
        async ({ url, wishes, told, removed, subscriptions }) => {
          subscriptions.push({ ...subscription, aor: aorOf('1001', domain) });
          const words = lines[name] ?? [];
          const { code, err } = await typed([...words, '--url', url], { LAMPLIGHTER_TOKEN_FILE: readFile });
          assert.equal(code, 77, err);
          assert.match(err, /\b(operate|admin)\b.*\nTo do: /);
          assert.deepEqual([...wishes, ...told, ...removed], []);
        },
        { token, tokens: [{ name: 'reader', role: 'read', sha256: readHash }] },
      ));
  }

  test('one of role read is enough to look', () =>
    running(
      async ({ url }) => {
        for (const name of ['ext', 'features', 'subs', 'audit', 'links', 'phones', 'dialogs']) {
          const { code, err } = await typed([...(lines[name] ?? []), '--url', url], {
            LAMPLIGHTER_TOKEN_FILE: readFile,
          });
          assert.equal(code, 0, `${name}: ${err}`);
        }
      },
      { token, tokens: [{ name: 'reader', role: 'read', sha256: readHash }] },
    ));

  test('comes from the file that LAMPLIGHTER_TOKEN_FILE names before any other, and is not shown', () =>
    running(
      async ({ url, port }) => {
        const environment = { LAMPLIGHTER_TOKEN_FILE: tokenFile };
        assert.equal((await typed(['ext', '--url', url], environment)).code, 0);
        const config = fileWith('other.yaml', `http: { listen: '127.0.0.1:${port}', tokenFile: ${wrongFile} }\n`);
        assert.equal((await typed(['ext', '--config', config], environment)).code, 0);
        assert.equal((await typed(['ext', '--config', config])).code, 77);
      },
      { token },
    ));

  test('a file for it that is not there, or holds none, is said with 2', async () => {
    const empty = fileWith('empty', '\n');
    const two = fileWith('two', 'a b\nc\n');
    for (const [file, why] of [
      [join(folder, 'absent'), /no such file/],
      [empty, /holds no token/],
      [two, /holds no token/],
    ] as const) {
      const { code, err } = await typed(['ext', '--url', 'http://127.0.0.1:9'], { LAMPLIGHTER_TOKEN_FILE: file });
      assert.equal(code, 2);
      assert.match(err, why);
      assert.match(err, /LAMPLIGHTER_TOKEN_FILE/);
    }
  });
});

describe('an answer that is none of ours', () => {
  const page: RequestListener = (_request, response) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>\u001b[2J</h1>');

  for (const [name, words] of Object.entries(lines)) {
    test(`${name} at a server that is no Lamplighter says so, with 69`, () =>
      foreign(page, async (url) => {
        const { code, out, err } = await typed([...words, '--url', url]);
        assert.deepEqual([code, out], [69, '']);
        assert.match(
          err,
          /^what answers at http:\/\/127\.0\.0\.1:\d+ is no Lamplighter \(.*\)\nTo do: another program/,
        );
      }));
  }

  for (const name of ['ext', 'subs', 'dialogs', 'features', 'trace', 'audit', 'links', 'phones', 'renotify']) {
    test(`${name} does not make a table of garbage, and names both versions, with 69`, async () => {
      const paths = ['extensions', 'extensions/1001', 'subscriptions', 'dialogs', 'trace', 'audit', 'status', 'phones'];
      for (const garbage of [[{}], [null], ['x'], { what: 1 }, 7]) {
        const answers: Record<string, unknown> = Object.fromEntries(paths.map((path) => [`/api/v1/${path}`, garbage]));
        answers['/api/v1/status'] = name === 'links' ? { links: [{}] } : { links: [] };
        await foreign(answering(answers), async (url) => {
          const { code, out, err } = await typed([...(lines[name] ?? []), '--url', url]);
          assert.deepEqual([code, out], [69, ''], JSON.stringify(garbage));
          assert.match(err, /\nTo do: it is Lamplighter 0\.0\.9, this command \d+\.\d+\.\d+: start the daemon anew/);
        });
      }
    });
  }

  test('a daemon that is too old for a command says so, with 69', () =>
    foreign(answering({}), async (url) => {
      for (const [name, words] of Object.entries(lines)) {
        const { code, err } = await typed([...words, '--url', url]);
        assert.equal(code, 69, name);
        assert.match(err, /: there is no [A-Z]+ \/api\/v1\/\S+\nTo do: it is Lamplighter 0\.0\.9/, name);
      }
    }));

  test('an error without the form of the API is none of ours; one in it is told, clean', async () => {
    const status500 = answering({ '/api/v1/extensions': 'oops', '/api/v1/status': 'oops' }, 500);
    await foreign(status500, async (url) => {
      const { code, err } = await typed(['ext', '--url', url]);
      assert.equal(code, 69);
      assert.match(err, /answers 500/);
    });
    const error = { error: { code: 'internal', message: 'this is a bug\u001b[2J' } };
    await foreign(answering({ '/api/v1/extensions': error, '/api/v1/status': error }, 500), async (url) => {
      const { code, err } = await typed(['ext', '--url', url]);
      assert.deepEqual([code, err], [1, 'this is a bug?[2J\n']);
    });
  });

  test('one that breaks off, and one that is no HTTP, is a daemon that does not answer', async () => {
    const breaks: RequestListener = (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('[{', () => request.socket.destroy());
    };
    await foreign(breaks, async (url) => {
      const { code, err } = await typed(['ext', '--url', url]);
      assert.equal(code, 69);
      assert.match(err, /^no Lamplighter answers at .*: /);
    });
  });

  test('one that takes the question and says nothing is told from one that is not there', async () => {
    await foreign(
      () => undefined,
      async (url) => {
        const client = new Daemon({ url, token: null, tokenFix: '', absentFix: 'start it' });
        const said = (method: Method) =>
          client.send(method, '/', { timeoutMs: 50 }).then(
            () => assert.fail('nothing answers'),
            ({ message, fix }: Failure) => `${message}. ${fix}`,
          );
        const late = `what listens at ${url} does not answer within 0.05 s`;
        assert.ok((await said('POST')).startsWith(`${late}; what was asked may still be done. see what its log says`));
        assert.ok((await said('GET')).startsWith(`${late}. see`));
      },
    );
  });

  test('check-sync waits for a phone that says nothing, behind a PBX that says nothing', async (t) => {
    const patience = t.mock.method(AbortSignal, 'timeout');
    await foreign(answering({}), async (url) => {
      await typed(['check-sync', '1001', '--url', url]);
    });
    const pbxMs = 5_000;
    assert.ok((patience.mock.calls[0]?.arguments[0] ?? 0) > pbxMs + timerF);
  });

  test('a redirect is not followed: the token is for nobody else', async () => {
    let asked = 0;
    const other: RequestListener = (_request, response) => {
      asked++;
      response.end('[]');
    };
    await foreign(other, (there) =>
      foreign(
        (_request, response) => void response.writeHead(302, { location: there }).end(),
        async (url) => {
          const { code } = await typed(['ext', '--url', url], { LAMPLIGHTER_TOKEN_FILE: tokenFile });
          assert.equal(code, 69);
        },
      ),
    );
    assert.equal(asked, 0);
  });
});

describe('where the daemon is', () => {
  test('is what --url says, and only with --config beside it the token of that configuration is sent there', async () => {
    const seen: (string | undefined)[] = [];
    const serve: RequestListener = (request, response) => {
      seen.push(request.headers.authorization);
      answering({ '/api/v1/status': { links: [{ source: 'a', state: 'up' }] } })(request, response);
    };
    const config = fileWith('with-token.yaml', `http: { token: a-token-of-the-admin }\n`);
    await foreign(serve, async (url) => {
      assert.equal((await typed(['links', '--url', url], { LAMPLIGHTER_CONFIG: config })).code, 0);
      assert.equal((await typed(['links', '--url', `${url}/`, '--config', config])).code, 0);
    });
    assert.deepEqual(seen, [undefined, 'Bearer a-token-of-the-admin']);
  });

  test('is what the configuration says, the environment over it, and conf.d beside it', () =>
    running(async ({ port }) => {
      const config = fileWith(
        'usual.yaml',
        'http: { listen: "127.0.0.1:9" }\npbx: [ { name: x, type: nothing-known } ]\n',
      );
      assert.equal((await typed(['links', '--config', config])).code, 69);
      const listen = `127.0.0.1:${port}`;
      assert.equal((await typed(['links'], { LAMPLIGHTER_CONFIG: config, LAMPLIGHTER_HTTP__LISTEN: listen })).code, 0);
      mkdirSync(join(folder, 'own', 'conf.d'), { recursive: true });
      fileWith('own/conf.d/10-http.yaml', `http: { listen: '${listen}' }\n`);
      assert.equal(
        (await typed(['links', '--config', fileWith('own/l.yaml', 'http: { listen: "127.0.0.1:9" }')])).code,
        0,
      );
      const everywhere = fileWith('all.yaml', `http: { listen: '0.0.0.0:${port}', token: not-asked-for }\n`);
      assert.equal((await typed(['links', '--config', everywhere])).code, 0, 'by loopback');
    }));

  test('the token of http.tokens that may do the most, of those whose file can be read', () =>
    running(
      async ({ port }) => {
        const reader = `{ name: reader, role: read, tokenFile: ${readFile} }`;
        const absent = `{ name: boss, role: admin, tokenFile: ${join(folder, 'absent')} }`;
        const hashed = `{ name: other, role: operate, sha256: ${readHash} }`;
        const config = fileWith(
          'tokens.yaml',
          `http: { listen: '127.0.0.1:${port}', tokens: [ ${reader}, ${hashed}, ${absent} ] }\n`,
        );
        assert.equal((await typed(['ext', '--config', config])).code, 0);
        const boss = fileWith('boss.yaml', `http: { listen: '127.0.0.1:${port}', tokens: [ ${absent} ] }\n`);
        const { code, err } = await typed(['ext', '--config', boss]);
        assert.equal(code, 77);
        assert.match(err, /wants a token\nTo do: .*absent: no such file\. Run this as its user, or set LAMPL/);
      },
      { token: 'another-long-token', tokens: [{ name: 'reader', role: 'read', sha256: readHash }] },
    ));

  test('a configuration that is wrong is told, with 2: no file, no YAML, no address, port 0', async () => {
    for (const [text, why] of [
      [null, /no such file\nTo do: check the path/],
      ['http: { listen: 7 }\n', /the configuration is wrong/],
      ['a: [\n', /the configuration is wrong/],
      ["http: { listen: '127.0.0.1:0' }\n", /port 0: .*\nTo do: write a port/],
    ] as const) {
      const file = text === null ? join(folder, 'nothing.yaml') : fileWith('wrong.yaml', text);
      const { code, out, err } = await typed(['ext', '--config', file]);
      assert.deepEqual([code, out], [2, ''], err);
      assert.match(err, why);
    }
  });

  test('a --url that is none is refused with 64, and so is a secret in it, which is not repeated', async () => {
    for (const url of ['pbx', 'ftp://pbx', 'http://', '127.0.0.1:8090', 'http://user:hidden-secret@127.0.0.1:8090']) {
      const { code, err } = await typed(['ext', '--url', url]);
      assert.equal(code, 64, url);
      assert.doesNotMatch(err, /hidden-secret/);
    }
  });

  test('there is no option for a token', async () => {
    assert.equal((await typed(['ext', '--token', 'x'])).code, 64);
  });
});
