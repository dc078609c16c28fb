import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import type { Fault } from '../../../../src/model/errors.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { hurried, rig, until } from './rig.ts';

const unreachable = (error: Fault) => error.code === 'pbx-unreachable';
const heartbeat = { 'Event-Name': 'HEARTBEAT' };

// Each test has a PBX of its own, and waits for it most of the time.
describe('an event socket that fails', { concurrency: 8 }, () => {
  test('refused at the start: said with its cause, and up when it comes', () =>
    rig({ before: (server) => server.close() }, async ({ server, up, course, faults }) => {
      await until(() => faults.length >= 2, 'not tried again');
      assert.match(course[0] ?? '', /event socket at 127\.0\.0\.1:\d+: ECONNREFUSED/);
      await server.listen();
      await up();
    }));

  for (const how of ['fin', 'rst'] as const) {
    test(`killed (${how}) in the middle of a command: who asked is told at once, nothing is asked again, and it is up again`, () =>
      rig({}, async ({ link, server, up, faults, events }) => {
        server.onApi(() => new Promise(() => undefined));
        await up();
        const asked = link.api('db', 'insert/dnd/1001@pbx.example/true');
        const queued = link.sendEvent('PHONE_FEATURE', { user: '1001' });
        await until(() => server.commands.length === 2, 'not asked');
        server.drop(how);
        await assert.rejects(asked, unreachable);
        await assert.rejects(queued, unreachable);
        await up(2);
        assert.equal(faults.length, 1);
        assert.deepEqual(
          server.commands.map((it) => it.split(' ')[0]),
          ['event', 'api', 'event'],
        );
        server.emit(heartbeat);
        await until(() => events.length === 1, 'deaf after the reconnect');
      }));
  }

  test('a process that is killed and started again on the same port, several times', () =>
    rig({}, async ({ server, up, ups, course }) => {
      for (let life = 1; life <= 3; life++) {
        await up(life);
        await server.close();
        await until(() => course.at(-1) !== 'up', 'the end was not seen');
        await server.listen();
      }
      await up(4);
      assert.equal(ups(), 4);
      await until(() => server.clients.length === 1, 'old connections are left open');
    }));

  test('a wrong password is named, and tried again only after the long wait', async () => {
    const clock = new FakeClock();
    await rig({ options: { password: 'wrong-secret-77' }, clock }, async ({ server, faults }) => {
      await until(() => faults.length === 1, 'not said');
      assert.equal(faults[0]?.code, 'pbx-refused');
      assert.match(faults[0]?.message ?? '', /refuses the password/);
      await clock.run(29_000, 500);
      assert.equal(server.connections, 1);
      await clock.run(2_000, 500);
      await until(() => faults.length === 2, 'never tried again');
      assert.deepEqual([server.connections, server.logins], [2, 0]);
    });
  });

  test('a wrong user of the directory is named', () =>
    rig({ options: { user: 'nobody@pbx.example', password: 'wrong-secret-77' } }, async ({ faults, course }) => {
      await until(() => faults.length >= 1, 'not said');
      assert.equal(faults[0]?.code, 'pbx-refused');
      assert.match(course[0] ?? '', /refuses the user nobody@pbx\.example/);
    }));

  test('an account that may not hear the events is named with the parameter to correct', () =>
    rig(
      {
        server: { users: { 'lamp@pbx.example': { password: 'user-secret', events: ['HEARTBEAT'] } } },
        options: { user: 'lamp@pbx.example', password: 'user-secret' },
      },
      async ({ faults, ups }) => {
        await until(() => faults.length >= 1, 'not said');
        assert.equal(faults[0]?.code, 'pbx-refused');
        assert.match(faults[0]?.message ?? '', /esl-allowed-events of the user lamp@pbx\.example/);
        assert.equal(ups(), 0);
      },
    ));

  test('an answer to the login that FreeSWITCH cuts off is named with its cause', () => {
    const events = Array.from({ length: 20 }, (_, at) => `CUSTOM module_number_${at}::event`);
    const users = { 'lamp@pbx.example': { password: 'user-secret', events } };
    const options = { user: 'lamp@pbx.example', password: 'user-secret' };
    return rig({ server: { users }, options, clock: hurried }, async ({ server, faults, ups }) => {
      await until(() => faults.length === 1, 'it waits for ever');
      assert.equal(faults[0]?.code, 'pbx-refused');
      assert.match(
        faults[0]?.message ?? '',
        /cuts off its answer to the login: esl-allowed-events and esl-allowed-api/,
      );
      assert.deepEqual([server.logins, ups()], [1, 0]);
    });
  });

  test('a refusal by the access list is told apart from a wrong password', () =>
    rig({ before: (server) => Object.assign(server, { greeting: 'rude' }) }, async ({ faults, ups }) => {
      await until(() => faults.length >= 1, 'not said');
      assert.equal(faults[0]?.code, 'pbx-refused');
      assert.match(faults[0]?.message ?? '', /refuses this host: its apply-inbound-acl/);
      assert.equal(ups(), 0);
    }));

  test('a port where nobody speaks is given up after the deadline and tried again', () =>
    rig(
      { before: (server) => Object.assign(server, { greeting: 'silent' }), clock: hurried },
      async ({ server, faults, up }) => {
        await until(() => faults.length >= 1, 'it waits for ever');
        assert.match(faults[0]?.message ?? '', /does not answer as FreeSWITCH does/);
        server.greeting = 'login';
        await up();
        await until(() => server.clients.length === 1, 'the silent one is left open');
      },
    ));

  test('a FreeSWITCH that stands still during the login is given up too', () =>
    rig(
      { before: (server) => Object.assign(server, { stalled: true }), clock: hurried },
      async ({ server, faults, up }) => {
        await until(() => faults.length >= 1, 'it waits for ever');
        server.resume();
        await up();
      },
    ));

  test('a port where another protocol is spoken is told, and no error escapes', async () => {
    const other = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\nContent-Type: text/html\n\n<html>');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    assert.ok(address !== null && typeof address === 'object');
    await rig({ options: { port: address.port } }, async ({ faults, ups }) => {
      await until(() => faults.length >= 2, 'not told');
      assert.match(faults[0]?.message ?? '', /not the event socket's language/);
      assert.equal(ups(), 0);
    });
    await new Promise((resolve) => other.close(resolve));
  });

  for (const [what, bytes] of [
    ['a reply with a stray %', 'Content-Type: command/reply\nReply-Text: -ERR 100%zz\n\n'],
    ['an unknown kind of frame', 'Content-Type: text/new-in-2.0\n\n'],
    ['a length that is none', 'Content-Type: api/response\nContent-Length: -7\n\nabcdefghijkl'],
    ['noise', Buffer.from([0, 255, 10, 37, 122, 10, 10, 10, 200])],
    ['headers without end', 'x'.repeat(300_000)],
  ] as const) {
    test(`${what} ends the connection, rejects what waits, and a new one works`, () =>
      rig({}, async ({ link, server, up, faults }) => {
        server.onApi(() => new Promise(() => undefined));
        await up();
        const asked = link.api('db', 'x');
        await until(() => server.commands.length === 2, 'not asked');
        server.raw(bytes);
        await assert.rejects(asked, unreachable);
        server.onApi(() => '12');
        await up(2);
        assert.equal(await link.api('uptime'), '12');
        assert.match(faults[0]?.message ?? '', /not the event socket's language/);
      }));
  }

  test('an event that cannot be read, or that its reader cannot bear, costs itself and one line in the log', () =>
    rig(
      {
        onEvent: (event) => {
          if (event['Unique-ID'] === 'poison') throw new TypeError('reader');
        },
      },
      async ({ server, up, events, logger, course }) => {
        await up();
        for (let times = 0; times < 5; times++) {
          server.raw('Content-Length: 9\nContent-Type: text/event-json\n\n{"broken"');
          server.emit({ 'Event-Name': 'CHANNEL_CALLSTATE', 'Unique-ID': 'poison' });
        }
        server.emit(heartbeat);
        await until(() => events.at(-1)?.['Event-Name'] === 'HEARTBEAT', 'deaf');
        assert.deepEqual(course, ['up']);
        assert.deepEqual(
          logger.lines.map((it) => [it.level, it.message]),
          [
            ['warn', 'an event of FreeSWITCH is no JSON and was skipped'],
            ['warn', 'an event of FreeSWITCH could not be handled'],
          ],
        );
      },
    ));

  test('a FreeSWITCH that stands still in the middle of a command is given up, and all that wait are told', () =>
    rig({ clock: hurried }, async ({ link, server, up, faults }) => {
      await up();
      server.stalled = true;
      const asked = link.api('db', 'insert/dnd/1001@pbx.example/true', 300);
      const queued = link.api('db', 'select/dnd/1001@pbx.example', 300);
      await assert.rejects(asked, /no answer to api db within 300 ms/);
      await assert.rejects(queued, unreachable);
      await until(() => faults.length === 1, 'it waits for ever');
      assert.match(faults[0]?.message ?? '', /stands still: no answer to api db/);
      await until(() => server.clients.length === 0, 'left open');
      server.resume();
      await up(2);
      assert.deepEqual(
        server.commands.filter((it) => it.startsWith('api')),
        ['api db insert/dnd/1001@pbx.example/true'],
      );
    }));

  test('a link that breaks right after each login waits longer from time to time', async () => {
    const clock = new FakeClock();
    await rig({ clock }, async ({ server, up, faults }) => {
      const waits: number[] = [];
      for (let times = 1; times <= 7; times++) {
        await up(times);
        server.drop('rst');
        await until(() => faults.length === times, 'the break was not seen');
        const before = clock.now();
        const { connections } = server;
        // The clock goes on alone until the next attempt is made.
        while (server.connections === connections && clock.now() - before < 60_000) {
          clock.advance(100);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        waits.push(clock.now() - before);
      }
      assert.ok(waits[0]! >= 300 && waits[0]! <= 1_500, `${waits}`);
      assert.ok(waits[5]! >= 5_000 && waits[6]! >= 5_000 && Math.max(...waits) <= 15_000, `${waits}`);
    });
  });

  test('no password is ever told or logged, whatever goes wrong', async () => {
    const secrets = ['socket-secret-31', 'user-secret-47', 'wrong-secret-53'];
    const [password = '', userPassword = '', wrong = ''] = secrets;
    const users = { 'lamp@pbx.example': { password: userPassword } };
    const heard: string[] = [];
    for (const options of [{ password: wrong }, { user: 'lamp@pbx.example', password: wrong }, { password }]) {
      const clock = new FakeClock();
      await rig({ server: { password, users }, options, clock }, async ({ server, link, logger, faults, ups }) => {
        await until(() => faults.length + ups() > 0, 'nothing happened');
        server.raw('Content-Type: command/reply\nReply-Text: -ERR %zz\n\n');
        await until(() => faults.length > 0, 'not seen');
        const refusal = await link.api('db', 'x').catch((error: Fault) => error);
        await server.close();
        await clock.run(32_000, 500);
        await until(() => faults.some((it) => /ECONNREFUSED/.test(it.message)), 'not tried again');
        const told = [...faults, refusal].map((it) => (it instanceof Error ? [it.message, it.stack, it.cause] : it));
        heard.push(JSON.stringify([logger.lines, told]));
      });
    }
    for (const secret of secrets) assert.ok(!heard.some((it) => it.includes(secret)), secret);
  });
});
