import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebhookLine, type WebhookSettings } from '../../src/hooks/webhook.ts';
import { certificate } from '../support/certificate.ts';
import { RecordingLogger } from '../support/silent-logger.ts';
import { errorsOf, hooksOn, outcome, question, tools } from './lines.ts';

type Serve = (request: IncomingMessage, body: string, response: ServerResponse) => void;

/** A web server on loopback that answers as the test says, and a hook that asks it. */
async function web(
  serve: Serve,
  use: (at: {
    hooks: ReturnType<typeof hooksOn>;
    logger: RecordingLogger;
    url: string;
    sockets: () => number;
  }) => Promise<void>,
  more: Partial<WebhookSettings> = {},
): Promise<void> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => serve(request, body, response));
  });
  let sockets = 0;
  server.on('connection', () => sockets++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dfks?site=a`;
  const logger = new RecordingLogger();
  const hooks = hooksOn(new WebhookLine({ url, ...more }, ['get', 'set', 'notify'], tools(logger)), logger);
  try {
    await use({ hooks, logger, url, sockets: () => sockets });
  } finally {
    await hooks.stop();
    server.closeAllConnections();
    server.close();
  }
}

const json = (response: ServerResponse, body: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

test('a web server is asked by POST with JSON and the secret, over one connection kept open', async () => {
  const asked: { request: IncomingMessage; body: string }[] = [];
  await web(
    (request, body, response) => {
      asked.push({ request, body });
      json(response, { refuse: 'no' });
    },
    async ({ hooks, sockets }) => {
      assert.equal(await outcome(hooks, 'a'), 'no');
      assert.equal(await outcome(hooks, 'b'), 'no');
      assert.equal(sockets(), 1);
      const { request, body } = asked[0]!;
      assert.deepEqual([request.method, request.url], ['POST', '/dfks?site=a']);
      assert.equal(request.headers['content-type'], 'application/json');
      assert.equal(request.headers.authorization, 'Bearer a-secret');
      assert.deepEqual(JSON.parse(body), {
        call: 'set',
        presentity: 'sip:1001@pbx.example.com',
        feature: 'CallForwardingAlways',
        status: 1,
        value: { forwardTo: '1002' },
        param: 'a',
      });
    },
    { token: 'a-secret' },
  );
});

test('204 and an empty 200 mean that it has nothing to say', async () => {
  await web(
    (_request, body, response) => response.writeHead(body.includes('"a"') ? 204 : 200).end(),
    async ({ hooks }) => {
      assert.equal(await outcome(hooks, 'a'), 'passed');
      assert.equal(await outcome(hooks, 'b'), 'passed');
    },
  );
});

test('a redirect is not followed, whatever it leads to', async () => {
  let visits = 0;
  await web(
    (request, _body, response) => {
      visits++;
      assert.notEqual(request.url, '/elsewhere');
      response.writeHead(307, { location: '/elsewhere' }).end();
    },
    async ({ hooks, logger }) => {
      assert.equal(await outcome(hooks, 'a'), 'hook-failed');
      assert.equal(visits, 1);
      assert.match(errorsOf(logger)[0]!, /answered 307/);
    },
  );
});

for (const [what, serve] of [
  ['is silent', () => undefined],
  ['answers 500', (_request, _body, response) => json(response, { status: 1 }, 500)],
  ['answers no JSON', (_request, _body, response) => response.writeHead(200).end('<html>')],
  ['answers without end', (_request, _body, response) => response.writeHead(200).end('1'.repeat(100_000))],
  [
    'breaks off',
    (_request, _body, response) =>
      response.writeHead(200, { 'content-length': '50' }).write('{', () => response.destroy()),
  ],
  ['hangs up', (request) => request.socket.destroy()],
] as const satisfies readonly (readonly [string, Serve])[]) {
  test(`a web server that ${what} has not decided; the outage is said once`, async () => {
    await web(
      serve as Serve,
      async ({ hooks, logger }) => {
        assert.equal(await outcome(hooks, 'a', 300), 'hook-failed');
        assert.equal(await outcome(hooks, 'b', 300), 'hook-failed');
        assert.equal(errorsOf(logger).length, 1);
        assert.ok(!JSON.stringify(logger.lines).includes('a-secret'));
      },
      { token: 'a-secret' },
    );
  });
}

test('onFailure: pass lets a wish through where nobody decides, but not for a feature of the hook itself', async () => {
  await web(
    (request) => request.socket.destroy(),
    async ({ url }) => {
      const logger = new RecordingLogger();
      const line = new WebhookLine({ url }, ['get', 'set'], tools(logger));
      const more = { onFailure: { set: 'pass', get: 'pass' }, owns: ['cfb'] } as const;
      const hooks = hooksOn(line, logger, more);
      assert.equal(await outcome(hooks, 'a'), 'passed');
      const own = await hooks.set({ ...question(), feature: 'cfb' }, 500);
      assert.equal(own.ok ? '' : own.refusal.code, 'hook-failed');
      await hooks.stop();
    },
  );
});

test('changes are told in their order for each user, without anybody waiting, and too many are dropped', async () => {
  const told: string[] = [];
  const waiting: ServerResponse[] = [];
  let hold = true;
  await web(
    (_request, body, response) => {
      const { presentity, param } = JSON.parse(body) as { presentity: string; param: string };
      told.push(`${presentity} ${param}`);
      if (hold) waiting.push(response);
      else response.writeHead(204).end();
    },
    async ({ hooks, logger }) => {
      for (let index = 0; index < 1200; index++) hooks.notify(question(String(index), `1${index % 20}`));
      assert.match(errorsOf(logger)[0]!, /wait to be told/);
      hold = false;
      const end = Date.now() + 15_000;
      while (told.length < 1000 && Date.now() < end) {
        for (const response of waiting.splice(0)) response.writeHead(204).end();
        await new Promise((done) => setTimeout(done, 10));
      }
      assert.ok(told.length >= 1000 && told.length < 1200, String(told.length));
      const of = (user: string) =>
        told.filter((one) => one.startsWith(`sip:${user}@`)).map((one) => Number(one.split(' ')[1]));
      for (const user of ['10', '119'])
        assert.deepEqual(
          of(user),
          [...of(user)].sort((a, b) => a - b),
        );
    },
  );
});

test('TLS is verified: an unknown certificate is no answer, one of the named authority is', async () => {
  const [cert, key, ca] = ['server.pem', 'server.key', 'ca.pem'].map(certificate);
  const server = createTls({ cert: cert!, key: key! }, (_request, response) => json(response, { refuse: 'secure' }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
  const logger = new RecordingLogger();
  const strange = hooksOn(new WebhookLine({ url }, ['set'], tools(logger)), logger);
  const known = hooksOn(new WebhookLine({ url, ca }, ['set'], tools(logger)), logger);
  try {
    assert.equal(await outcome(strange, 'a'), 'hook-failed');
    assert.equal(await outcome(known, 'a'), 'secure');
  } finally {
    await Promise.all([strange.stop(), known.stop()]);
    server.closeAllConnections();
    server.close();
  }
});
