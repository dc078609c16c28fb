import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { fileOf, tokenVariable } from '../../src/cli/address.ts';
import { askDaemon } from '../../src/cli/doctor/ask.ts';
import type { Daemon as Answer } from '../../src/cli/doctor/seen.ts';
import { sleep, systemClock } from '../../src/model/clock.ts';
import { Daemon, Home } from '../support/daemon.ts';
import { Phone } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';

const token = 'sixteen-characters';

/** A daemon of its own, whose HTTP port is known before. */
function configAt(home: Home, http: number, sip = ''): string {
  return home.write(
    'lamplighter.yaml',
    `domain: lamplighter.test
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0']${sip} }
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:${http}', token: ${token} }
pbx:
  - { name: sim, type: simulated, extensions: ['1001-1003'] }
`,
  );
}

/** Doctor with the token of this file. */
async function doctorWith(file: string, config: string): Promise<{ code: number | null; output: string }> {
  process.env[tokenVariable] = file;
  try {
    return await Daemon.run('doctor', '--config', config);
  } finally {
    delete process.env[tokenVariable];
  }
}

test('doctor with no file named is about the one of a package, and where there is none about the demo', () => {
  const home = new Home();
  try {
    assert.equal(fileOf(home.path('lamplighter.yaml')), null);
    const file = home.write('lamplighter.yaml', 'version: 1\n');
    assert.equal(fileOf(file), file);
  } finally {
    home.remove();
  }
});

describe('lamplighter doctor', () => {
  const home = new Home();
  let config = '';
  let daemon: Daemon;

  before(async () => {
    config = configAt(home, await lastingPort());
    daemon = await Daemon.start(config);
    await daemon.until('/readyz', (_body, status) => status === 200);
  });

  after(async () => {
    await daemon.kill();
    home.remove();
  });

  test('examines the daemon that runs: nothing has come yet', async () => {
    const { code, output } = await Daemon.run('doctor', '--config', config);
    assert.equal(code, 0, output);
    assert.match(output, /^ok {4}version: Lamplighter \S+ runs, http:\/\/127\.0\.0\.1:\d+$/m);
    assert.match(output, /^ok {4}way: sidecar; 0 subscriptions$/m);
    assert.match(output, /^ok {4}health: pbx sim, store, listeners: up$/m);
    assert.match(output, /^warn {2}unheard: no request came to udp:127\.0\.0\.1:\d+, tcp:127\.0\.0\.1:\d+ since/m);
    assert.doesNotMatch(output, /sixteen/);
  });

  test('sees a phone that subscribes, and says the same in JSON', async () => {
    const server = { host: '127.0.0.1', port: daemon.udpPort, transport: 'udp' } as const;
    const phone = await Phone.open({ user: '1001', password: 'secret1001', domain: 'lamplighter.test', server });
    try {
      await phone.subscribe({ event: 'dialog', resource: '1002' });
      const { code, output } = await Daemon.run('doctor', '--config', config, '--json');
      assert.equal(code, 0, output);
      const { ok, findings } = JSON.parse(output) as { ok: boolean; findings: { check: string; text: string }[] };
      assert.equal(ok, true);
      assert.deepEqual(findings.map(({ check }) => check).slice(0, 5), [
        'version',
        'way',
        'health',
        'listeners',
        'database',
      ]);
      assert.equal(findings[1]?.text, 'sidecar; 1 subscription: 1 direct');
    } finally {
      await phone.close();
    }
  });

  test('reads the same file as the daemon, and notices what was changed since', async () => {
    const changed = home.write(
      'changed.yaml',
      `domain: other.test\nhttp: { listen: '${daemon.http.slice(7)}', token: ${token} }\n`,
    );
    const { code, output } = await Daemon.run('doctor', '--config', changed);
    assert.equal(code, 0, output);
    assert.match(output, /^warn {2}configuration: .*: domain, sip\.listen$/m);
  });

  test('a daemon that keeps only the hash of its token is well, and is told from one that does not run', async () => {
    const place = await lastingPort();
    const sha256 = createHash('sha256').update(token).digest('hex');
    const hashed = home.write(
      'hashed.yaml',
      readFileSync(config, 'utf8')
        .replace(
          /127\.0\.0\.1:\d+', token: \S+/,
          `127.0.0.1:${place}', tokens: [{ name: ops, role: operate, sha256: ${sha256} }]`,
        )
        .replace('lamplighter.db', 'hashed.db'),
    );
    const shut = await Daemon.start(hashed);
    try {
      const { code, output } = await Daemon.run('doctor', '--config', hashed);
      assert.equal(code, 1, output);
      assert.match(
        output,
        /^fail {2}daemon: \S+: Lamplighter runs, and does not let this command in: it wants a token/,
      );
      assert.match(output, /its PBXs and how phones come were not looked at\n {6}fix: set LAMPLIGHTER_TOKEN_FILE/);
      assert.doesNotMatch(output, /ports:|stop that|start the daemon anew/);
      const [file, wrong] = [home.write('token', `${token}\n`), home.write('wrong', 'another-sixteen-one\n')];
      const given = await doctorWith(file, hashed);
      assert.equal(given.code, 0, given.output);
      const guessed = await doctorWith(wrong, hashed);
      assert.match(
        guessed.output,
        /does not know this token.*\n {6}fix: give LAMPLIGHTER_TOKEN_FILE a file with another/,
      );
      const astray = await doctorWith(home.path('not-there'), hashed);
      assert.match(astray.output, /^ {6}fix: LAMPLIGHTER_TOKEN_FILE: \S+not-there: .*set LAMPLIGHTER_TOKEN_FILE/m);
    } finally {
      await shut.kill();
    }
  });

  test('a daemon that is not running is said plainly, with 1; a wrong configuration with its lines, and 2', async () => {
    const absent = home.write('absent.yaml', `http: { listen: '127.0.0.1:${await lastingPort()}' }\n`);
    const { code, output } = await Daemon.run('doctor', '--config', absent);
    assert.equal(code, 1);
    assert.match(
      output,
      /^fail {2}daemon: http:\/\/127\.0\.0\.1:\d+: nothing listens there \(ECONNREFUSED\)\n {6}fix: start it/,
    );
    const wrong = await Daemon.run('doctor', '--config', home.write('wrong.yaml', 'domian: x\n'));
    assert.equal(wrong.code, 2);
    assert.match(wrong.output, /wrong\.yaml:1: domian/);
  });
});

test('an inline Lamplighter says what it is, and that its PBX does not answer', async () => {
  const home = new Home();
  const uri = `sip:127.0.0.1:${await lastingPort()};transport=tcp`;
  const config = configAt(home, await lastingPort(), `, upstream: '${uri}'`);
  const daemon = await Daemon.start(config);
  try {
    assert.ok(daemon.output.join('\n').includes(`  The rest to     ${uri}`), 'the greeting says where the rest goes');
    const headers = { authorization: `Bearer ${token}` };
    const end = Date.now() + 20_000;
    let state = 'unknown';
    while (state !== 'down') {
      assert.ok(Date.now() < end, `the upstream is ${state}`);
      const ways = await fetch(`${daemon.http}/api/v1/ways`, { headers });
      state = ((await ways.json()) as { upstreams: { state: string }[] }).upstreams[0]?.state ?? '';
      await sleep(systemClock, 50);
    }
    const { code, output } = await Daemon.run('doctor', '--config', config);
    assert.equal(code, 1, output);
    assert.match(output, /^ok {4}way: inline, the rest goes to sip:127\.0\.0\.1:\d+;transport=tcp; 0 subscriptions$/m);
    assert.match(output, /^fail {2}upstream: sip:127\.0\.0\.1:\d+;transport=tcp: down/m);
    assert.match(output, /^warn {2}nothing-learnt: no phone has registered/m);
  } finally {
    await daemon.kill();
    home.remove();
  }
});

describe('what stands at the address of the daemon', () => {
  const httpAt = (listen: string) => ({ listen, token, tokenFix: 'give it a token' });
  /** What is made of a server that answers like this. */
  async function asked(
    serve: RequestListener,
    own: string | null = token,
  ): Promise<Exclude<Answer, { state: 'open' }>> {
    const server = createServer(serve);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const answer = await askDaemon({ ...httpAt(`127.0.0.1:${port}`), token: own ?? undefined });
      assert.ok(answer.state !== 'open');
      return answer;
    } finally {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  }
  const alive: RequestListener = (request, response) => {
    const isAlive = request.url === '/healthz';
    response.writeHead(isAlive ? 200 : 404).end(isAlive ? '{"alive":true}' : '{}');
  };

  test('another program', async () => {
    const page = await asked((_request, response) => response.end('<html>'));
    assert.match(page.reason, /no Lamplighter/);
    assert.equal(page.state, 'absent');
    const other = await asked((_request, response) => response.end('{"status":"UP"}'));
    assert.match(other.reason, /no Lamplighter/);
    const away = await asked((_request, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    );
    assert.match(away.reason, /no Lamplighter/);
  });

  test('a Lamplighter that does not let us in runs: for want of a token, for a wrong one, for too many of them', async () => {
    const shut: RequestListener = (request, response) => {
      if (request.url === '/healthz') response.end('{"alive":true}');
      else response.writeHead(401).end('{}');
    };
    const unknown = await asked(shut);
    assert.equal(unknown.state, 'shut');
    assert.match(unknown.reason, /does not know this token/);
    assert.equal(unknown.fix, 'give it a token');
    assert.match((await asked(shut, null)).reason, /wants a token, and none was found/);
    const crowded = await asked((_request, response) =>
      response.writeHead(429).end('{"error":{"code":"too-many-requests","message":"wait 6 s"}}'),
    );
    assert.equal(crowded.state, 'shut');
    assert.match(crowded.reason, /too many wrong tokens/);
    const other = await asked((_request, response) => response.writeHead(429).end('slow down'));
    assert.equal(other.state, 'absent', 'not every 429 is ours');
  });

  test('a Lamplighter that is older runs, too', async () => {
    const older = await asked(alive);
    assert.equal(older.state, 'shut');
    assert.match(older.reason, /\(404\): it is older/);
  });

  test('a Lamplighter that does not examine itself: an older one, or a token that is for looking only', async () => {
    const at = async (status: number) => {
      const answers: Readonly<Record<string, string>> = {
        '/healthz': '{"alive":true}',
        '/api/v1/ways': '{"listeners":[]}',
        '/api/v1/status': '{"checks":[]}',
      };
      const server = createServer((request, response) => {
        const body = answers[request.url ?? ''];
        response.writeHead(body === undefined ? status : 200).end(body ?? '{"error":{"code":"x","message":"y"}}');
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const daemon = await askDaemon(httpAt(`127.0.0.1:${port}`));
      server.closeAllConnections();
      server.close();
      assert.ok(daemon.state === 'open');
      return daemon.findings.map(({ check, level, text }) => `${check} ${level}: ${text}`);
    };
    assert.deepEqual(await at(403), ['daemon warn: this token may not let the daemon examine itself and its PBXs']);
    assert.deepEqual(await at(404), [
      'daemon warn: the daemon does not examine itself (404): it is older than this command',
    ]);
  });

  test('a program that hangs up', async () => {
    assert.match((await asked((request) => request.socket.destroy())).reason, /broken off \(ECONNRESET\)/);
  });

  test('nobody can know a port that the system chose', async () => {
    const answer = await askDaemon(httpAt('127.0.0.1:0'));
    assert.ok(answer.state === 'absent');
    assert.match(answer.fix, /http\.listen/);
  });

  test('a listener on every address is asked by loopback', async () => {
    const server = createServer(alive);
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { url } = await askDaemon(httpAt(`0.0.0.0:${port}`));
    assert.equal(url, `http://127.0.0.1:${port}`);
    server.closeAllConnections();
    server.close();
    assert.equal((await askDaemon(httpAt('[::]:1'))).url, 'http://[::1]:1');
  });
});
