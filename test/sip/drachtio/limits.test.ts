import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../../../src/model/clock.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { DrachtioEngine } from '../../../src/sip/drachtio/engine.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { lastingPort } from '../../support/ports.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';
import { answerTo, headersOf, statusOf, until } from '../embedded/raw-peer.ts';
import { notify, subscribe, told } from '../message/sample.ts';
import { EngineStage, type StageOptions, said } from './stage.ts';

let stage: EngineStage | null = null;
const open = async (options: StageOptions = {}): Promise<EngineStage> => {
  stage = await EngineStage.open(options);
  return stage;
};
const stageOf = (): EngineStage => stage ?? assert.fail('not opened');
const ask = (message: Buffer): Promise<string> => stageOf().ask(message);
afterEach(async () => {
  await stage?.close();
  stage = null;
});

const other = (branch: string, changes: Record<string, string | undefined> = {}) =>
  subscribe({ Via: `SIP/2.0/UDP h;rport;branch=z9hG4bK${branch}`, 'Call-ID': branch, ...changes });

describe('the size of control messages', () => {
  test('large NOTIFYs among many small ones all arrive: none of them wedges the connection', async () => {
    const { engine, phone, sip } = await open();
    const flow = stageOf().flow();
    const sizes = Array.from({ length: 60 }, (_, index) => (index % 6 === 5 ? 6000 + index * 70 : 500 + index));
    const answered = new Set<string>();
    const all = Promise.all(
      sizes.map((size, index) =>
        engine.request(told(flow, 'x'.repeat(size), { callId: `c${index}`, cseq: index + 1 })),
      ),
    );
    while (answered.size < sizes.length) {
      const count = phone.inbox.messages.length;
      for (const message of phone.inbox.messages) {
        const callId = headersOf(message, 'Call-ID')[0] ?? '';
        if (answered.has(callId)) continue;
        answered.add(callId);
        phone.send(answerTo(message, 200), sip);
      }
      if (answered.size < sizes.length) await phone.inbox.nth(count + 1);
    }
    assert.deepEqual([...new Set((await all).map(({ status }) => status))], [200]);
    assert.equal(stageOf().server.connections, 1);
  });

  test('what the server could not read is refused with 513 and never sent', async () => {
    const { server, engine } = await open();
    const before = server.received.length;
    const response = await engine.request(told(stageOf().flow(), 'x'.repeat(12_300)));
    assert.deepEqual([response.status, response.local], [513, true]);
    assert.equal(server.received.length, before);
    assert.ok(engine.capabilities.maxMessage < 12_228);
  });
});

describe('what the server leaves to us', () => {
  test('a SUBSCRIBE of our own is not sent: capabilities say that phones are not watched', async () => {
    const { engine, server } = await open();
    const before = server.received.length;
    const response = await engine.request(
      notify(stageOf().flow(), { method: 'SUBSCRIBE', headers: [['Event', 'dialog']] }),
    );
    assert.deepEqual([response.status, response.local, engine.capabilities.watches], [501, true, false]);
    assert.equal(server.received.length, before);
  });

  test('compact names, folded lines: a request is the same as our own engine reads it', async () => {
    const { seen } = await open();
    await ask(
      other('compact', { Event: undefined, o: 'dialog;id=4', u: undefined, Accept: undefined, k: 'eventlist' }),
    );
    const { request } = seen[0] ?? assert.fail();
    assert.equal(request.header('Event'), 'dialog;id=4');
    assert.equal(request.header('Supported'), 'eventlist');
  });

  test('two challenges are two header lines, in their order', async () => {
    await open();
    const challenges = ['Digest realm="a", nonce="1", algorithm=SHA-256', 'Digest realm="a", nonce="1", algorithm=MD5'];
    stageOf().answer = { status: 401, headers: challenges.map((one) => ['WWW-Authenticate', one] as const) };
    const answer = (await ask(other('challenge', { Subject: 'x'.repeat(400) }))) ?? '';
    assert.deepEqual(headersOf(answer, 'WWW-Authenticate'), challenges);
  });

  test('an answer over UDP that is out of proportion is one that its smaller form replaces', async () => {
    await open();
    stageOf().answer = { status: 489, headers: [['Allow-Events', 'x'.repeat(900)]], smaller: { status: 489 } };
    const answer = (await ask(other('proportion'))) ?? '';
    assert.deepEqual([statusOf(answer), headersOf(answer, 'Allow-Events')], [489, []]);
  });

  test('a status that srf does not know is a 500: the request must not stay at the server', async () => {
    await open();
    stageOf().answer = { status: 499 };
    assert.equal(statusOf(await ask(other('unknown'))), 500);
  });

  test('names that could be taken for other fields of a control message are refused', async () => {
    const { seen } = await open();
    const rows: readonly Record<string, string>[] = [
      { 'Call-ID': 'a|sip:evil@192.0.2.66' },
      { From: '<sip:1001@lamplighter.test>;tag=a|b' },
      { To: '<sip:1002@lamplighter.test;tag=forged>' },
      { CSeq: '2147483648 SUBSCRIBE' },
    ];
    for (const [index, row] of rows.entries()) {
      assert.equal(statusOf(await ask(other(`bad${index}`, row))), 400, JSON.stringify(row));
    }
    assert.equal(seen.length, 0);
    assert.deepEqual(stageOf().server.dialogs, []);
  });

  test('what no parser should read is refused, is said once, and nothing of it is written to stderr', async () => {
    await open();
    const written: string[] = [];
    const real = process.stderr.write;
    process.stderr.write = ((text: string) => written.push(text) > 0) as typeof process.stderr.write;
    const bad = other('colon').toString('latin1').replace('Expires: 3600', 'Expires 3600 <injected>');
    const answer = await ask(Buffer.from(bad, 'latin1')).finally(() => {
      process.stderr.write = real;
    });
    assert.match(answer, /^SIP\/2\.0 400 Header Without Colon\r\n/);
    assert.equal(stageOf().seen.length, 0);
    assert.match(said(stageOf().log, 'warn').join('\n'), /SIP message refused.*SUBSCRIBE: Header Without Colon/);
    assert.deepEqual(written, []);
  });

  test('a source that asks too much is sent away, and answered each time', async () => {
    const { seen } = await open({ engine: { perSource: { rate: 1, burst: 2 } } });
    const statuses = [];
    for (const branch of ['one', 'two', 'three', 'four']) {
      statuses.push(statusOf(await ask(other(`rate${branch}`))));
    }
    assert.deepEqual(statuses, [200, 200, 503, 503]);
    assert.equal(seen.length, 2);
  });

  test('a NOTIFY that nobody answers is a local 408 after the 32 s of the server', async () => {
    const clock = new FakeClock();
    const { engine } = await open({ clock, serverClock: clock, engine: { pingMs: 600_000 } });
    const done = engine.request(notify(stageOf().flow()));
    await stageOf().phone.inbox.nth(1);
    for (let seconds = 0; seconds < 33; seconds++) {
      clock.advance(1000);
      await turn();
    }
    const response = await done;
    assert.deepEqual([response.status, response.local], [408, true]);
  });
});

describe('the control connection', () => {
  test('a stop lets answers leave that were given, and waits a little for those to what was told', async () => {
    const { engine, phone, sip } = await open({ engine: { drainMs: 10_000 } });
    const told = engine.request(notify(stageOf().flow()));
    const sent = await phone.inbox.nth(1);
    const stopped = engine.stop();
    phone.send(answerTo(sent, 200), sip);
    assert.equal((await told).status, 200);
    await stopped;
    assert.equal(engine.trouble, 'stopped');
  });

  test('lost: what is under way is a local 503 that says when to try again; back: everything as before', async () => {
    const { engine, server, phone } = await open();
    const pending = engine.request(notify(stageOf().flow()));
    await phone.inbox.nth(1);
    server.dropConnection('rst');
    const broken = await pending;
    assert.deepEqual([broken.status, broken.local, broken.header('Retry-After')], [503, true, '2']);
    assert.notEqual(engine.trouble, null);
    const away = await engine.request(notify(stageOf().flow()));
    assert.deepEqual([away.status, away.local], [503, true]);
    await stageOf().reconnected();
    assert.equal(statusOf(await ask(other('back'))), 200, 'its methods are asked for again');
    assert.deepEqual([said(stageOf().log, 'warn').length, said(stageOf().log, 'info').length], [1, 2]);
  });

  test('wedged: the server still speaks and hears nothing, so the connection is made anew', async () => {
    const { server, engine } = await open({ engine: { pingMs: 50 } });
    server.wedge();
    await until(() => server.connections === 2, 'another connection');
    await stageOf().reconnected();
    assert.equal(statusOf(await ask(other('unwedged'))), 200);
    assert.match(said(stageOf().log, 'warn').join('\n'), /the server is silent/);
    assert.equal(engine.trouble, null);
  });

  test('a server built outside git is watched as well: the pings are our own', async () => {
    const { server } = await open({ engine: { pingMs: 20 } });
    const pings = () => server.received.filter(({ kind }) => kind === 'ping').length;
    await until(() => pings() > 5, 'pings');
    assert.equal(server.connections, 1);
  });

  test('a wrong secret is said once, without the secret, and tried again', async () => {
    const { server, log } = await open();
    server.refuseAuth = true;
    server.dropConnection();
    await until(() => server.connections >= 4, 'further attempts');
    assert.match(stageOf().engine.trouble ?? '', /refuses the secret/);
    assert.equal(said(log, 'warn').length, 1);
    assert.ok(!JSON.stringify(log.lines).includes(server.secret));
    server.refuseAuth = false;
    await stageOf().reconnected();
  });

  test('no server at the start: the start goes on without, and phones are heard when it comes', async () => {
    const port = await lastingPort();
    const log = new RecordingLogger();
    const clock = new FakeClock();
    const engine = new DrachtioEngine({
      host: '127.0.0.1',
      port,
      secret: 'x',
      clock,
      logger: log,
      random: systemRandom,
      serverName: '',
    });
    const started = engine.start(() => undefined);
    await until(() => said(log, 'warn').length === 1, 'the warning');
    clock.advance(3000);
    assert.deepEqual(await started, []);
    assert.match(engine.trouble ?? '', /ECONNREFUSED/);
    assert.match(said(log, 'warn')[0] ?? '', /drachtio-unreachable/);
    await engine.stop();
    await turn();
    assert.equal(clock.pending, 0);
  });

  test('something else at that port ends no process: it is said, and tried again', async () => {
    const garbage = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad # Request\r\n\r\n');
    });
    garbage.listen(0, '127.0.0.1');
    await once(garbage, 'listening');
    const { port } = garbage.address() as AddressInfo;
    const log = new RecordingLogger();
    const engine = new DrachtioEngine({
      host: '127.0.0.1',
      port,
      secret: 'x',
      clock: systemClock,
      logger: log,
      random: systemRandom,
      serverName: '',
    });
    void engine.start(() => undefined);
    await until(() => said(log, 'warn').length > 0, 'the warning');
    assert.match(said(log, 'warn')[0] ?? '', /not drachtio's protocol/);
    await engine.stop();
    garbage.close();
  });
});
