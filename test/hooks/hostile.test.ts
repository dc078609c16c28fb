import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { hooksSchema } from '../../src/config/hooks-schema.ts';
import { ModuleLine } from '../../src/hooks/module.ts';
import { Outage } from '../../src/hooks/outage.ts';
import { ProgramLine } from '../../src/hooks/program.ts';
import { WebhookLine } from '../../src/hooks/webhook.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';
import { errorsOf, hooksOn, outcome, tools, wellAgain } from './lines.ts';

/* Hooks that mean no harm and do some all the same. */

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a stop waits for a program that was given up shortly before, too: nothing is left behind', async () => {
  const [clock, logger] = [new FakeClock(), new RecordingLogger()];
  const script = resolve('test/fixtures/hooks/many-ways-program.mjs');
  const line = new ProgramLine([process.execPath, script, 'numbered'], ['set'], { ...tools(logger), clock });
  const hooks = hooksOn(line, logger);
  hooks.start();
  const pid = Number((await wellAgain(hooks, 'stubborn')).split(' ').at(-1));
  assert.equal(await outcome(hooks, 'nonsense'), 'hook-failed', 'it is given up, and ignores SIGTERM');
  let stopped = false;
  const stopping = hooks.stop().then(() => {
    stopped = true;
  });
  await new Promise((done) => setImmediate(done));
  assert.ok(!stopped && isAlive(pid), 'its time to go by itself has not passed');
  await clock.run(300);
  await stopping;
  const end = Date.now() + 10_000;
  while (isAlive(pid)) {
    assert.ok(Date.now() < end, 'it outlives the stop');
    await new Promise((done) => setTimeout(done, 10));
  }
});

test('a program that the system refuses to run is a hook that fails, at its start and whenever it is tried again', async () => {
  const long = 'x'.repeat(200_000);
  for (const command of [['/etc/passwd/hook'], [process.execPath, long], ['/bin/echo', 'a\0b']] as const) {
    const logger = new RecordingLogger();
    const hooks = hooksOn(new ProgramLine([command[0], ...command.slice(1)], ['set'], tools(logger)), logger);
    hooks.start();
    const tries = () => logger.lines.filter(({ message }) => message === 'hooks: the program is started again').length;
    const end = Date.now() + 10_000;
    while (tries() < 3 && Date.now() < end) await new Promise((done) => setTimeout(done, 20));
    assert.equal(await outcome(hooks, 'x'), 'hook-failed');
    await hooks.stop();
    assert.ok(tries() >= 3, command[0]);
    assert.match(errorsOf(logger)[0] ?? '', /cannot be run/);
  }
});

for (const [what, line] of [
  ['answers', '{}'],
  ['empty lines', ''],
] as const) {
  test(`a program that floods us with ${what} nobody asked for is ended, not read for ever`, async () => {
    const logger = new RecordingLogger();
    const flood = new ProgramLine(['/bin/sh', '-c', `yes '${line}'`], ['set'], { ...tools(logger), restartMs: 60_000 });
    flood.start();
    const ended = () => logger.lines.find(({ message }) => message === 'hooks: the program is started again');
    const end = Date.now() + 20_000;
    while (ended() === undefined && Date.now() < end) await new Promise((done) => setTimeout(done, 20));
    await flood.stop();
    assert.match(JSON.stringify(ended()?.fields), /lines that nobody asked for/);
  });
}

test('a module that takes longer to load than a question waits is loaded all the same', async () => {
  const logger = new RecordingLogger();
  const hooks = hooksOn(new ModuleLine(resolve('test/fixtures/hooks/slow-to-load.mjs'), tools(logger)), logger);
  hooks.start();
  try {
    const end = Date.now() + 20_000;
    let said = await outcome(hooks, 'well', 300);
    while (said === 'hook-failed' && Date.now() < end) said = await outcome(hooks, 'well', 300);
    assert.equal(said, 'sip:1001@pbx.example.com well');
    assert.equal(errorsOf(logger).length, 1);
    assert.ok(!logger.lines.some(({ message }) => message.endsWith('is loaded again')));

    assert.equal(await outcome(hooks, 'long'), 'hook-failed', 'an answer has a limit, whatever kind the hook is');
    assert.match(errorsOf(logger).at(-1) ?? '', /more than 65536 characters/);
    assert.equal(await outcome(hooks, 'wordy'), 'hook-failed');
    assert.equal(await outcome(hooks, 'well'), 'sip:1001@pbx.example.com well');
  } finally {
    await hooks.stop();
  }
});

/** A web server that answers the first request of each connection and breaks it off at the second. */
async function forgetful(use: (url: string, connections: () => number, requests: () => number) => Promise<void>) {
  const sockets = new Set<Socket>();
  let [connections, requests] = [0, 0];
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let here = 0;
    socket.on('error', () => undefined);
    socket.on('data', () => {
      requests += 1;
      here += 1;
      if (here > 1) socket.resetAndDestroy();
      else
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{"refuse":"no"}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    await use(
      `http://127.0.0.1:${port}/`,
      () => connections,
      () => requests,
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

test('a web server that closes an idle connection just as it is asked is asked once more, by another one', async () => {
  await forgetful(async (url, connections, requests) => {
    const logger = new RecordingLogger();
    const hooks = hooksOn(new WebhookLine({ url }, ['set'], tools(logger)), logger);
    assert.equal(await outcome(hooks, 'a'), 'no');
    assert.equal(await outcome(hooks, 'b'), 'no');
    assert.equal(await outcome(hooks, 'c'), 'no');
    assert.deepEqual([connections(), requests(), errorsOf(logger)], [3, 5, []]);
    await hooks.stop();
  });
});

test('a token that no HTTP header can hold is an error of the configuration, not of each question', () => {
  const judge = (token: string) => hooksSchema.safeParse({ webhook: { url: 'http://127.0.0.1/', token } });
  for (const token of ['sixteen–characters', 'a b', 'a\u0000', '€']) {
    const { success, error } = judge(token);
    assert.equal(success, false, token);
    assert.deepEqual(error?.issues[0]?.path, ['webhook', 'token']);
    assert.ok(!JSON.stringify(error?.issues).includes(token), 'the secret is not repeated');
  }
  assert.ok(judge('sixteen-characters').success);
  assert.ok(judge('eyJhbGciOiJIUzI1NiJ9.e30.Zm9v+/=').success);
});

test('a hook that fails for every other user does not fill the log, and what follows a quiet time is said again', async () => {
  const [clock, logger] = [new FakeClock(), new RecordingLogger()];
  const outage = new Outage(logger, 'hook-failed', clock);
  for (let round = 0; round < 1000; round++) {
    outage.failed('no row', {});
    outage.well();
  }
  assert.equal(logger.lines.length, 20, 'ten outages, each with its end');
  await clock.run(60_000);
  outage.failed('away', {});
  outage.failed('away', {});
  assert.deepEqual(errorsOf(logger).slice(10), ['the hook fails: away']);
  outage.well();
  assert.equal(logger.lines.at(-1)?.message, 'the hook answers again');
});
