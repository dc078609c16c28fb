import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import test from 'node:test';
import { Fault } from '../../src/model/errors.ts';
import { HttpServer } from '../../src/ops/http.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';
import { depsOf, fakes, json, running, send } from './fake-deps.ts';

/** With headers that fetch would not let us choose. */
function raw(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('healthz says that the process lives, readyz whether it serves, with the checks', async () => {
  await running(async (at) => {
    const alive = await fetch(`${at.url}/healthz`);
    assert.equal(alive.status, 200);
    assert.equal((await json(alive)).version, '0.0.0-test');
    assert.equal((await fetch(`${at.url}/readyz`)).status, 200);
    const checks = [{ name: 'pbx demo', ok: false, reason: 'connection refused' }];
    at.health = { ready: false, checks };
    const down = await fetch(`${at.url}/readyz`);
    assert.equal(down.status, 503);
    assert.deepEqual(await json(down), { ready: false, checks });
    assert.equal((await fetch(`${at.url}/healthz`)).status, 200, 'alive, although not ready');
    at.hub.linkIs('down', 'connection refused');
    const status = await json(await fetch(`${at.url}/api/v1/status`));
    assert.deepEqual([status.ready, status.simulator, status.links[0].state], [false, false, 'down']);
  });
});

test('what does not exist is a JSON error, whatever the path looks like', async () => {
  await running(async (at) => {
    for (const path of [
      '/nothing',
      '/api/v1/nothing',
      '/api/v1/extensions/1001/features',
      '/%ff%00',
      '/panel/../etc',
    ]) {
      const answer = await fetch(at.url + path);
      assert.equal(answer.status, 404, path);
      assert.equal((await json(answer)).error.code, 'not-found', path);
    }
    const wrong = await fetch(`${at.url}/api/v1/extensions/1001/mailbox`, send('POST', {}));
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'PUT, DELETE']);
    assert.equal((await json(wrong)).error.code, 'not-allowed');
  });
});

test('DNS rebinding: on the loopback only names of this host are answered', async () => {
  await running(async (at) => {
    for (const host of [
      'evil.example',
      `evil.example:${at.port}`,
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      '10.0.0.1',
    ]) {
      for (const path of ['/', '/healthz', '/api/v1/extensions']) {
        const answer = await raw(at.port, 'GET', path, { host });
        assert.equal(answer.status, 403, `${host} ${path}`);
        assert.equal(JSON.parse(answer.body).error.code, 'wrong-host');
      }
    }
    for (const host of ['localhost', `LOCALHOST:${at.port}`, `127.0.0.1:${at.port}`, `[::1]:${at.port}`, '127.1.2.3']) {
      assert.equal((await raw(at.port, 'GET', '/api/v1/extensions', { host })).status, 200, host);
    }
  });
});

test('a request that another site made a browser send is refused, and does nothing', async () => {
  await running(async (at) => {
    const host = `127.0.0.1:${at.port}`;
    const path = '/api/v1/extensions/1001/features/dnd';
    const put = (headers: Record<string, string>): Promise<{ status: number; body: string }> =>
      raw(at.port, 'PUT', path, { host, 'content-type': 'application/json', ...headers }, '{"enabled":true}');
    const foreign = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { origin: `http://${host}`, 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of foreign) {
      const answer = await put(headers as Record<string, string>);
      assert.equal(answer.status, 403, JSON.stringify(headers));
      assert.equal(JSON.parse(answer.body).error.code, 'cross-site');
    }
    const renotify = await raw(at.port, 'POST', '/api/v1/subscriptions/1/renotify', {
      host,
      origin: 'http://evil.example',
    });
    assert.equal(renotify.status, 403);
    // a browser of before 2020 says of a form neither where it is from nor where it goes
    for (const type of ['application/x-www-form-urlencoded', 'Multipart/Form-Data; boundary=x', 'text/plain']) {
      const form = await raw(
        at.port,
        'POST',
        '/api/v1/subscriptions/1/renotify',
        { host, 'content-type': type },
        'a=b',
      );
      assert.equal(form.status, 403, type);
    }
    assert.equal(at.wishes.length, 0);
    assert.equal(at.told.length, 0);
    const own = [
      {},
      { origin: `http://${host}` },
      { origin: 'https://proxy.example', 'sec-fetch-site': 'same-origin' },
    ];
    for (const headers of own)
      assert.equal((await put(headers as Record<string, string>)).status, 200, JSON.stringify(headers));
  });
});

test('a page of another site makes no work by asking for the API either; a link to the panel leads there', async () => {
  await running(async (at) => {
    const ask = async (path: string, site: string, method = 'GET') =>
      (await raw(at.port, method, path, { host: `127.0.0.1:${at.port}`, 'sec-fetch-site': site })).status;
    for (const path of ['/api/v1/extensions', '/api/v1/events', '/api/v1/audit?limit=1000', '/api/v1/status']) {
      assert.equal(await ask(path, 'cross-site'), 403, path);
      assert.equal(await ask(path, 'same-site', 'HEAD'), 403, path);
    }
    for (const site of ['same-origin', 'none']) assert.equal(await ask('/api/v1/extensions', site), 200, site);
    const host = `127.0.0.1:${at.port}`;
    const old = await raw(at.port, 'GET', '/api/v1/extensions', { host, origin: 'http://evil.example' });
    assert.equal(old.status, 403, 'a browser that knows only Origin');
    assert.equal(await ask('/', 'cross-site'), 200);
    assert.equal(await ask('/healthz', 'cross-site'), 200);
    assert.equal(at.server.eventClients, 0);
  });
});

test('no other site may read an answer, and every answer forbids what a page could be tricked into', async () => {
  await running(async (at) => {
    for (const path of ['/', '/healthz', '/api/v1/extensions', '/nothing']) {
      const { headers } = await fetch(at.url + path, { headers: { origin: 'http://evil.example' } });
      assert.equal(headers.get('access-control-allow-origin'), null, path);
      assert.match(
        headers.get('content-security-policy') ?? '',
        /default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/,
      );
      assert.doesNotMatch(headers.get('content-security-policy') ?? '', /unsafe/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('x-frame-options'), 'DENY');
    }
    const preflight = await fetch(`${at.url}/api/v1/extensions/1001/features/dnd`, {
      method: 'OPTIONS',
      headers: { origin: 'http://evil.example', 'access-control-request-method': 'PUT' },
    });
    assert.equal(preflight.ok, false);
  });
});

test('where a token is set the API needs it, probes and the bare page do not', async () => {
  const token = 'a-long-enough-token';
  await running(
    async (at) => {
      const get = (path: string, authorization?: string): Promise<Response> =>
        fetch(at.url + path, authorization === undefined ? {} : { headers: { authorization } });
      for (const wrong of [
        undefined,
        'Bearer',
        'Bearer wrong',
        `Basic ${token}`,
        `Bearer ${token}x`,
        `Bearer ${token} x`,
      ]) {
        const answer = await get('/api/v1/extensions', wrong);
        assert.equal(answer.status, 401, String(wrong));
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
        assert.equal((await json(answer)).error.code, 'token-needed');
      }
      assert.equal((await get('/api/v1/events')).status, 401);
      assert.equal((await get('/api/v1/extensions', `Bearer ${token}`)).status, 200);
      assert.equal((await get('/api/v1/extensions', `bearer  ${token}`)).status, 200);
      assert.equal((await get('/healthz')).status, 200);
      assert.deepEqual(await json(await get('/readyz')), { ready: true }, 'no reasons for strangers');
      assert.ok((await json(await get('/readyz', `Bearer ${token}`))).checks);
      assert.equal((await get('/')).status, 200);
      const path = '/api/v1/extensions/1001/features/dnd';
      assert.equal((await fetch(at.url + path, send('PUT', { enabled: true }))).status, 401);
      await fetch(at.url + path, send('PUT', { enabled: true }, { authorization: `Bearer ${token}` }));
      assert.deepEqual(
        at.wishes.map((wish) => wish.origin.who),
        ['token'],
      );
    },
    { token },
  );
});

test('a listener that others reach does not start without a token', async () => {
  const listen = { address: '0.0.0.0', port: 0 };
  const open = new HttpServer(depsOf(fakes(), { listen }));
  await assert.rejects(open.start(), (error: unknown) => error instanceof Fault && error.code === 'config-invalid');
  await open.stop();
});

test('DNS rebinding: where others reach it, it answers to addresses and to its own names', async () => {
  const listen = { address: '0.0.0.0', port: 0 };
  await running(
    async (at) => {
      const authorization = 'Bearer secret';
      const get = async (host: string, headers: Record<string, string> = { authorization }) =>
        (await raw(at.port, 'GET', '/api/v1/extensions', { host, ...headers })).status;
      for (const host of ['pbx.example.com', `PBX.example.com.:${at.port}`, '192.0.2.1', `[2001:db8::1]:${at.port}`]) {
        assert.equal(await get(host), 200, host);
        assert.equal(await get(host, {}), 401, host);
      }
      for (const host of ['evil.example', 'pbx.example.com.evil.example', '192.0.2.1.evil.example', 'beef']) {
        assert.equal(await get(host), 403, host);
      }
    },
    { listen, token: 'secret', names: ['pbx.example.com'] },
  );
});

/** Plain connections to a server of its own. */
async function limited(
  limits: { connections: number; perAddress: number; stuckMs: number; headMs: number },
  use: (port: number, open: () => Promise<Socket>) => Promise<void>,
): Promise<void> {
  const parts = fakes();
  for (let ext = 2000; ext < 7000; ext++) parts.hub.put(String(ext));
  const server = new HttpServer(depsOf(parts), limits);
  const { port } = await server.start();
  const opened: Socket[] = [];
  try {
    await use(port, async () => {
      const socket = connect(port, '127.0.0.1');
      opened.push(socket);
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    });
  } finally {
    for (const socket of opened) socket.destroy();
    await server.stop();
  }
}

const aMinute = { timeout: 60_000 };

test('one address has not all connections; those that end leave room for others', aMinute, async () => {
  await limited({ connections: 100, perAddress: 3, stuckMs: 120_000, headMs: 10_000 }, async (port, open) => {
    const [first] = [await open(), await open(), await open()];
    const over = await open();
    over.resume(); // an end is seen by whoever reads
    await once(over, 'close');
    first.destroy();
    const status = () =>
      raw(port, 'GET', '/healthz', { host: 'localhost' }).then(
        ({ status }) => status,
        () => 0,
      );
    while ((await status()) !== 200);
  });
});

test('who takes nothing of what he asked for is cut off', aMinute, async () => {
  await limited({ connections: 100, perAddress: 1, stuckMs: 500, headMs: 10_000 }, async (port, open) => {
    const stuck = await open();
    // far more than the buffers of both ends take
    stuck.write('GET /api/v1/extensions HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(30));
    // it does not read, and so hears of no end: there is room again for somebody else
    const status = () =>
      raw(port, 'GET', '/healthz', { host: 'localhost' }).then(
        ({ status }) => status,
        () => 0,
      );
    while ((await status()) !== 200);
  });
});

test('who does not finish the head of his request is cut off soon after its time', { timeout: 20_000 }, async () => {
  await limited({ connections: 100, perAddress: 1, stuckMs: 120_000, headMs: 500 }, async (_port, open) => {
    const slow = await open();
    slow.write('GET /healthz HTTP/1.1\r\nhost: local');
    let said = '';
    slow.on('data', (chunk) => {
      said += String(chunk);
    });
    await once(slow, 'close');
    assert.match(said, /^HTTP\/1\.1 408 /);
  });
});

test('a port that is taken, and an address of another host, are faults with their own codes', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  const codeOf = async (listen: { address: string; port: number }): Promise<string> => {
    try {
      await new HttpServer(depsOf(fakes(), { listen, token: 'secret' })).start();
    } catch (error) {
      if (error instanceof Fault) return error.code;
    }
    return 'none';
  };
  try {
    assert.equal(await codeOf({ address: '127.0.0.1', port }), 'port-in-use');
    assert.equal(await codeOf({ address: '192.0.2.1', port: 0 }), 'address-unavailable');
  } finally {
    other.close();
  }
});

test('bodies: JSON only, at most 64 kB, and what is wrong is named', async () => {
  await running(async (at) => {
    const path = '/api/v1/extensions/1001/features/cfa';
    const put = (body: string, type: string | null): Promise<Response> =>
      fetch(at.url + path, { method: 'PUT', body, headers: type === null ? {} : { 'content-type': type } });
    for (const type of [null, 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      assert.equal((await put('{"enabled":true}', type)).status, 415, String(type));
    }
    const large = await put(JSON.stringify({ enabled: true, target: '1'.repeat(70_000) }), 'application/json');
    assert.equal(large.status, 413);
    for (const body of ['', '{', '[]', 'null', '"x"', '{"enabled":true,"__proto__":{"x":1}}']) {
      const answer = await put(body, 'application/json');
      assert.equal(answer.status, 400, body);
      assert.equal((await json(answer)).error.code, 'invalid-body', body);
    }
    assert.equal(at.wishes.length, 0);
    assert.equal((await put('{"enabled":true,"target":"1002"}', 'Application/JSON; charset=utf-8')).status, 200);
  });
});

test('a chunked body that never says its size is cut off at 64 kB', async () => {
  await running(async (at) => {
    const body = new ReadableStream({
      start: (controller) => {
        for (let i = 0; i < 80; i++) controller.enqueue(new Uint8Array(1024).fill(0x20));
        controller.close();
      },
    });
    const answer = await fetch(`${at.url}/api/v1/extensions/1001/features/dnd`, {
      method: 'PUT',
      body,
      duplex: 'half',
      headers: { 'content-type': 'application/json' },
    } as RequestInit);
    assert.equal(answer.status, 413);
  });
});

test('a bug behind a route is 500 without a stack, logged once, and the server goes on', async () => {
  await running(async (at) => {
    at.verdict = () => {
      throw new Error('secret detail');
    };
    const answer = await fetch(`${at.url}/api/v1/extensions/1001/features/dnd`, send('PUT', { enabled: true }));
    assert.equal(answer.status, 500);
    const text = await answer.text();
    assert.equal(JSON.parse(text).error.code, 'internal');
    assert.doesNotMatch(text, /secret detail|\.ts|\.js/);
    assert.equal((await fetch(`${at.url}/healthz`)).status, 200);
  });
});

test('a stop ends idle keep-alive connections and open event streams, and can be asked twice', async () => {
  const server = new HttpServer(depsOf(fakes()));
  const { port } = await server.start();
  await (await fetch(`http://127.0.0.1:${port}/healthz`)).text();
  const events = await fetch(`http://127.0.0.1:${port}/api/v1/events`);
  await server.stop();
  await server.stop();
  const read = events.text().catch(() => 'cut');
  assert.equal(typeof (await read), 'string');
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`));
});

test('a client that goes away in the middle of its body is no bug: nothing is logged, nothing is wished', async () => {
  const logger = new RecordingLogger();
  await running(
    async (at) => {
      const client = connect(at.port, '127.0.0.1');
      await once(client, 'connect');
      const path = '/api/v1/extensions/1001/features/dnd';
      const head = [`PUT ${path} HTTP/1.1`, 'Host: 127.0.0.1', 'Content-Type: application/json', 'Content-Length: 99'];
      client.write(`${head.join('\r\n')}\r\n\r\n{"enabled"`);
      // Another client's answer says that the server has come this far.
      assert.equal((await fetch(`${at.url}/healthz`)).status, 200);
      client.destroy();
      for (let n = 0; n < 20; n++) assert.equal((await fetch(`${at.url}/healthz`)).status, 200);
      assert.deepEqual(logger.lines, []);
      assert.deepEqual(at.wishes, []);
    },
    { logger },
  );
});

test('guessing at the token leaves one line an address in 10 s, and one with how many more there were', async () => {
  const logger = new RecordingLogger();
  const clock = new FakeClock();
  await running(
    async (at) => {
      const guess = () => fetch(`${at.url}/api/v1/status`, { headers: { authorization: 'Bearer guess' } });
      for (let n = 0; n < 30; n++) assert.equal((await guess()).status, n < 10 ? 401 : 429);
      assert.equal(logger.lines.length, 1);
      clock.advance(10_000);
      await guess();
      assert.deepEqual(
        logger.lines.map(({ fields }) => (fields as { count?: number }).count),
        [undefined, 29, undefined],
      );
    },
    { logger, clock, token: 'a-long-enough-token' },
  );
});
