import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createWebServer, type Server as WebServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import type { Route } from '../../src/ops/route.ts';
import { routes } from '../../src/ops/routes/table.ts';
import { pathOf } from '../ops/route-rig.ts';
import { certificate, certificatePath } from '../support/certificate.ts';
import { Daemon, Home } from '../support/daemon.ts';
import { featureType, Phone, setDnd } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { domain } from './hand.ts';

/*
 * A daemon with a secret of each kind, which is used, refused and guessed at; then everything it says to anybody is
 * searched for each of them, as it stands and as it goes over the wire.
 */

/** Its name in the configuration to the secret. */
const secrets = Object.fromEntries(
  ['sip', 'ari', 'ami', 'esl', 'admin', 'reader', 'hook', 'homer', 'drachtio'].map((name) => [
    name,
    `${name}-S3cret-${randomBytes(12).toString('hex')}`,
  ]),
);
const key = certificate('server.key');

/** What must be nowhere. */
const forbidden: readonly (readonly [what: string, text: string])[] = [
  ...Object.entries(secrets).flatMap(([name, secret = '']) => [
    [name, secret] as const,
    [`${name}, in base64`, Buffer.from(secret).toString('base64').replace(/=+$/, '')] as const,
    // of Basic: `user:secret`, whose base64 does not hold that of the secret
    [`${name}, of Basic`, Buffer.from(`lamplighter:${secret}`).toString('base64')] as const,
    [`${name}, in hexadecimal`, Buffer.from(secret).toString('hex')] as const,
    [`${name}, as HA1`, createHash('md5').update(`1001:${domain}:${secret}`).digest('hex')] as const,
    [`${name}, hashed`, createHash('sha256').update(secret).digest('hex')] as const,
  ]),
  ...key
    .split('\n')
    .filter((line) => line.length > 40)
    .map((line) => ['the TLS key', line] as const),
];

/** Everything that was said, by whom. */
const said = new Map<string, string>();
const hear = (who: string, text: string) => said.set(who, `${said.get(who) ?? ''}${text}\n`);

const home = new Home();
const servers: (Server | WebServer)[] = [];
const sockets = new Set<Socket>();
let daemon: Daemon;
let file = '';
/** What reached the other ends: proof that the secrets were in use. */
const used: string[] = [];

async function serve(server: Server | WebServer): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return (server.address() as AddressInfo).port;
}

/** A PBX's port that greets, and refuses whoever logs in. */
const refusing = (greeting: string, refusal: string) =>
  serve(
    createServer((socket) => {
      socket.write(greeting);
      socket.on('data', (bytes) => {
        used.push(String(bytes));
        socket.write(refusal);
      });
    }),
  );

const web = (status: number, body: string) =>
  serve(
    createWebServer((request, response) => {
      used.push(`${request.headers.authorization} ${request.url}`);
      request.resume();
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    }),
  );

before(async () => {
  for (const [name, secret = ''] of Object.entries(secrets)) home.write(name, `${secret}\n`);
  const ari = await web(401, '{"message":"Authentication required"}');
  const hook = await web(500, '{"oops":true}');
  const ami = await refusing(
    'Asterisk Call Manager/9.0.0\r\n',
    'Response: Error\r\nMessage: Authentication failed\r\n\r\n',
  );
  const esl = await refusing(
    'Content-Type: auth/request\n\n',
    'Content-Type: command/reply\nReply-Text: -ERR invalid\n\n',
  );
  const [port, tls] = [await lastingPort(), await lastingPort()];
  file = home.write(
    'lamplighter.yaml',
    `version: 1
domain: ${domain}
sip:
  listen: ['udp:127.0.0.1:${port}', 'tcp:127.0.0.1:${port}', 'tls:127.0.0.1:${tls}']
  tls: { cert: ${certificatePath('server.pem')}, key: ${certificatePath('server.key')} }
  auth: users
  users: [{ user: '1001', passwordFile: ${home.path('sip')} }]
store: { path: ${home.path('lamplighter.db')} }
http:
  listen: '127.0.0.1:0'
  tokenFile: ${home.path('admin')}
  tokens: [{ name: watcher, role: read, tokenFile: ${home.path('reader')} }]
log: { level: debug }
hooks: { webhook: { url: 'http://127.0.0.1:${hook}/dfks', tokenFile: ${home.path('hook')} } }
trace: { hep: { to: '127.0.0.1:${await lastingPort()}', passwordFile: ${home.path('homer')} } }
pbx:
  - { name: sim, type: simulated, extensions: ['1001-1003'] }
  - name: asterisk
    type: asterisk
    ari: { url: 'http://127.0.0.1:${ari}', username: lamplighter, passwordFile: ${home.path('ari')} }
    ami: { host: 127.0.0.1, port: ${ami}, username: lamplighter, passwordFile: ${home.path('ami')} }
  - { name: freeswitch, type: freeswitch, esl: { host: 127.0.0.1, port: ${esl}, passwordFile: ${home.path('esl')} } }
`,
  );
  daemon = await Daemon.start(file);
});

after(async () => {
  await daemon?.kill();
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  home.remove();
});

const bearer = (secret = '') => ({ authorization: `Bearer ${secret}` });

async function ask(path: string, init: RequestInit = {}): Promise<number> {
  const method = init.method ?? 'GET';
  const abort = new AbortController();
  const late = setTimeout(() => abort.abort(), 20_000);
  try {
    const answer = await fetch(`${daemon.http}${path}`, { ...init, signal: abort.signal });
    hear(`${method} ${path}`, [...answer.headers].join('\n'));
    const isStream = /event-stream/.test(answer.headers.get('content-type') ?? '');
    if (isStream) {
      const chunk = await answer.body?.getReader().read();
      hear(`${method} ${path}`, Buffer.from(chunk?.value ?? []).toString('latin1'));
      abort.abort();
    } else hear(`${method} ${path}`, Buffer.from(await answer.arrayBuffer()).toString('latin1'));
    return answer.status;
  } finally {
    clearTimeout(late);
  }
}

const json = (method: string, body: unknown, secret = secrets['admin']): RequestInit => ({
  method,
  headers: { 'content-type': 'application/json', ...bearer(secret) },
  body: JSON.stringify(body),
});

test('the secrets are used, refused and guessed at', async () => {
  const { udpPort } = daemon;
  const server = { host: '127.0.0.1', port: udpPort, transport: 'udp' as const };
  for (const password of [secrets['sip'] ?? '', `${secrets['sip']}x`]) {
    const phone = await Phone.open({ user: '1001', password, domain, server });
    await phone.subscribe({ event: 'dialog', resource: '1002' });
    await phone.subscribe({ event: 'as-feature-event', body: setDnd(true), contentType: featureType });
    await phone.close();
  }
  assert.equal(await ask('/api/v1/status', { headers: bearer(secrets['admin']) }), 200);
  assert.equal(await ask('/api/v1/status', { headers: bearer(secrets['reader']) }), 200);
  assert.equal(await ask('/api/v1/status', { headers: bearer(`${secrets['admin']}x`) }), 401);
  const dnd = '/api/v1/extensions/1001/features/dnd';
  assert.equal(await ask(dnd, json('PUT', { enabled: true }, secrets['reader'])), 403);
  assert.notEqual(await ask(dnd, json('PUT', { enabled: true })), 401);
  const all = () => used.join('\n');
  const end = Date.now() + 20_000;
  const wanted = ['ami', 'esl', 'hook'].map((name) => secrets[name] ?? '');
  const basic = Buffer.from(`lamplighter:${secrets['ari']}`).toString('base64');
  const isIn = (text: string) => all().includes(text) || all().includes(encodeURIComponent(text));
  while (![...wanted, basic].every(isIn)) {
    const missing = [...wanted, basic].filter((text) => !isIn(text)).length;
    assert.ok(Date.now() < end, `${missing} secrets were never used:\n${all().replace(/S3cret-\w+/g, '…')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

test('no route tells a secret, whoever asks, nor does a refusal', async () => {
  const headers = bearer(secrets['admin']);
  const example = (route: Route) => {
    try {
      return pathOf(route, { ext: '1001' });
    } catch {
      return route.path.replace(/\{\w+\+?\}/g, '1');
    }
  };
  for (const route of routes.filter(({ method }) => method === 'GET')) {
    await ask(example(route), { headers });
    await ask(example(route), { headers: bearer(secrets['reader']) });
    await ask(example(route));
  }
  for (const path of ['/', '/api/v1/nothing', '/metrics?x=1']) await ask(path, { headers });
  await ask('/api/v1/reload', json('POST', {}));
  for (const method of ['rpc.discover', 'config.get', 'status.get', 'extensions.list', 'nothing']) {
    await ask('/rpc', json('POST', { jsonrpc: '2.0', id: 1, method }));
  }
  assert.ok([...said.keys()].length > 25);
});

test('no command tells one', async () => {
  hear('check-config', (await Daemon.run('check-config', file)).output);
  const broken = home.write('broken.yaml', readFileSync(file, 'utf8').replace('port: ', 'prot: '));
  hear('check-config of a bad file', (await Daemon.run('check-config', broken)).output);
});

test('an engine that is refused does not tell its secret', async () => {
  const port = await refusing('', '0057#x|response|y|ERROR|bad secret');
  const config = home.write(
    'drachtio.yaml',
    `version: 1
domain: ${domain}
sip: { engine: drachtio, drachtio: { host: 127.0.0.1, port: ${port}, secretFile: ${home.path('drachtio')} } }
store: { path: ${home.path('other.db')} }
http: { listen: '127.0.0.1:${await lastingPort()}' }
log: { level: debug }
`,
  );
  const other = await Daemon.outputUntil(config, /drachtio-server/);
  hear('a daemon with drachtio', other);
});

test('nothing that was said holds a secret, in any form', () => {
  hear('standard output and error', daemon.output.join('\n'));
  hear('the process list', readFileSync(`/proc/${daemon.pid}/cmdline`, 'latin1'));
  const found = [...said].flatMap(([who, text]) =>
    forbidden.filter(([, secret]) => text.includes(secret)).map(([what]) => `${who}: ${what}`),
  );
  assert.deepEqual(found, []);
  // the search itself would find one
  assert.ok(forbidden.every(([, text]) => text.length > 10));
  assert.ok(
    daemon.output.some((line) => line.includes('asterisk')),
    'the refused PBX was told of',
  );
});
