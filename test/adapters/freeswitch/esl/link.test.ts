import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Fault } from '../../../../src/model/errors.ts';
import { reply } from '../../../support/esl-server/frames.ts';
import { rig, until } from './rig.ts';

const rejectsAs = (code: Fault['code'], pattern: RegExp) => (error: Fault) => {
  assert.equal(error.code, code);
  assert.match(error.message, pattern);
  return true;
};

const ringing = { 'Event-Name': 'CHANNEL_CALLSTATE', 'Unique-ID': 'c-1', 'Channel-Call-State': 'RINGING' };

describe('the link to the event socket', () => {
  test('logs in, subscribes with CUSTOM last, and tells events', () =>
    rig({}, async ({ server, up, events, course }) => {
      await up();
      assert.deepEqual(server.commands, [
        'event json HEARTBEAT CHANNEL_CALLSTATE PHONE_FEATURE CUSTOM sofia::register lamplighter::changed',
      ]);
      server.emit(ringing);
      server.emit({ 'Event-Name': 'CUSTOM', 'Event-Subclass': 'sofia::register', 'from-user': '1001' });
      server.emit({ 'Event-Name': 'CUSTOM', 'Event-Subclass': 'sofia::pre_register' });
      server.emit({ 'Event-Name': 'CHANNEL_STATE' });
      server.heartbeat();
      await until(() => events.length === 3, 'no events');
      assert.deepEqual(
        events.map((it) => [it['Event-Name'], it['Event-Subclass'], it['Core-UUID']]),
        [
          ['CHANNEL_CALLSTATE', undefined, server.coreUuid],
          ['CUSTOM', 'sofia::register', server.coreUuid],
          ['HEARTBEAT', undefined, server.coreUuid],
        ],
      );
      assert.deepEqual(course, ['up']);
    }));

  test('a user of the directory logs in with userauth', () =>
    rig(
      {
        server: { users: { 'lamp@pbx.example': { password: 'user:secret' } } },
        options: { user: 'lamp@pbx.example', password: 'user:secret' },
      },
      async ({ link, server, up }) => {
        server.onApi((command, args) => `${command} was asked ${args}`);
        await up();
        assert.equal(await link.api('show', 'channels as json'), 'show was asked channels as json');
      },
    ));

  test('replies are texts without the line breaks at their end; an error that FreeSWITCH states is a text', () =>
    rig({}, async ({ link, server, up }) => {
      const said: Record<string, string> = {
        one: '+OK\n',
        two: ' a\n\nb \r\n',
        three: '',
        four: 'M\u00fcller 100 %zz\n',
      };
      server.onApi((command) => said[command] ?? null);
      await up();
      assert.equal(await link.api('one'), '+OK');
      assert.equal(await link.api('two'), ' a\n\nb ');
      assert.equal(await link.api('three'), '-ERR no reply');
      assert.equal(await link.api('four'), 'Müller 100 %zz');
      assert.equal(await link.api('five', 'x'), '-ERR five Command not found!');
    }));

  test('sendevent gives the Event-UUID, and its own event comes back', () =>
    rig({}, async ({ link, server, up, events }) => {
      await up();
      const uuid = await link.sendEvent('PHONE_FEATURE', { user: '1001', host: 'pbx.example', device: '' }, 'a\n\nb');
      await until(() => events.length === 1, 'it did not come back');
      assert.equal(events[0]?.['Event-UUID'], uuid);
      assert.equal(events[0]?.['user'], '1001');
      assert.equal(events[0]?.['device'], undefined);
      assert.equal(events[0]?.['_body'], 'a\n\nb');
      server.onSendEvent(() => '+OK');
      assert.equal(await link.sendEvent('PHONE_FEATURE', { user: '1001' }), null);
      server.onSendEvent(() => '-ERR invalid event');
      await assert.rejects(link.sendEvent('NOTIFY', {}), rejectsAs('pbx-refused', /refuses sendevent NOTIFY/));
    }));

  test('commands go out one at a time and each gets its own answer', () =>
    rig({}, async ({ link, server, up }) => {
      let running = 0;
      let most = 0;
      server.onApi(async (_, args) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, Number(args) % 3));
        running--;
        return `answer ${args}`;
      });
      await up();
      const asked = Array.from({ length: 30 }, (_, at) => link.api('db', String(at)));
      const between = link.sendEvent('PHONE_FEATURE', { user: '1001' });
      const answers = await Promise.all(asked);
      assert.deepEqual(
        answers,
        Array.from({ length: 30 }, (_, at) => `answer ${at}`),
      );
      assert.match((await between) ?? '', /^[0-9a-f-]{36}$/);
      assert.equal(most, 1);
    }));

  test('a value with line breaks runs no second command', () =>
    rig({}, async ({ link, server, up, course }) => {
      server.onApi((command, args) => `${command} ${args}`);
      await up();
      const evil = '1001@pbx.example\n\napi db insert/dnd/1002@pbx.example/true\n\n';
      await link.api('db', `select/dnd/${evil}`);
      await link.sendEvent('PHONE_FEATURE', { user: evil, 'Action-Value': '5\nprofile: other\n\nexit' });
      assert.equal(await link.api('uptime'), 'uptime ');
      assert.deepEqual(server.commands.slice(1), [
        'api db select/dnd/1001@pbx.exampleapi db insert/dnd/1002@pbx.example/true',
        'sendevent PHONE_FEATURE',
        'api uptime',
      ]);
      assert.deepEqual(course, ['up']);
    }));

  test('words for which FreeSWITCH would unload its event socket are never sent, wherever they stand', () =>
    rig({}, async ({ link, server, up, course, logger }) => {
      server.onApi(() => 'true');
      await up();
      for (const user of ['unload_mod_event_socket', 'MOD_Event_Socket.ReLoad', 'xunload\n\nmod_event_\nsocket']) {
        assert.equal(await link.api('user_data', `${user}@pbx.example param password`), '-ERR no reply');
        await assert.rejects(link.sendEvent('PHONE_FEATURE', { user }), rejectsAs('pbx-refused', /must not be told/));
      }
      const apart = { user: 'unload', forward_immediate: 'mod_event_socket' };
      await assert.rejects(link.sendEvent('PHONE_FEATURE', apart), rejectsAs('pbx-refused', /must not be told/));
      assert.equal(await link.api('db', 'select/dnd/unload@pbx.example'), 'true');
      assert.deepEqual(server.commands.slice(1), ['api db select/dnd/unload@pbx.example']);
      assert.deepEqual([server.unloaded, course], [false, ['up']]);
      assert.equal(logger.lines.length, 1);
    }));

  test('a denied api is refused with what to correct, shifts nothing, and costs no connection', () =>
    rig(
      {
        server: { users: { 'lamp@pbx.example': { password: 'user-secret', api: ['db', 'uptime'] } } },
        options: { user: 'lamp@pbx.example', password: 'user-secret' },
      },
      async ({ link, server, up, course }) => {
        server.onApi((command, args) => `${command} ${args}`);
        await up();
        const asked = [link.api('db', '1'), link.api('show', 'channels'), link.api('db', '2'), link.api('uptime', '3')];
        const results = await Promise.allSettled(asked);
        assert.deepEqual(
          results.map((it) => (it.status === 'fulfilled' ? it.value : (it.reason as Fault).code)),
          ['db 1', 'pbx-refused', 'db 2', 'uptime 3'],
        );
        await assert.rejects(link.api('show'), /refuses api show: esl-allowed-api/);
        assert.deepEqual(course, ['up']);
      },
    ));

  test('with the answers, the events and the greeting in pieces of one byte it is the same', () =>
    rig({ before: (server) => Object.assign(server, { pieceBytes: 1 }) }, async ({ link, server, up, events }) => {
      server.onApi((_, args) => `${args} ü\n`);
      await up();
      server.emit({ ...ringing, 'Caller-Caller-ID-Name': 'Größe' });
      assert.equal(await link.api('db', 'x'), 'x ü');
      await until(() => events.length === 1, 'no event');
      assert.equal(events[0]?.['Caller-Caller-ID-Name'], 'Größe');
    }));

  test('nothing is asked while there is no connection', () =>
    rig({ before: (server) => server.close() }, async ({ link, server, faults }) => {
      await assert.rejects(link.api('uptime'), rejectsAs('pbx-unreachable', /not connected/));
      await until(() => faults.length > 0, 'not down');
      await assert.rejects(
        link.sendEvent('PHONE_FEATURE', { user: '1' }),
        rejectsAs('pbx-unreachable', /not connected/),
      );
      assert.deepEqual(server.commands, []);
    }));

  test('after stop everything that waits is told, nothing is opened again, and nothing is left open', () =>
    rig({}, async ({ link, server, up, course }) => {
      server.onApi(() => new Promise(() => undefined));
      await up();
      const asked = link.api('db', 'x');
      const queued = link.api('db', 'y');
      link.stop();
      await assert.rejects(asked, rejectsAs('pbx-unreachable', /being closed/));
      await assert.rejects(queued, rejectsAs('pbx-unreachable', /being closed/));
      await until(() => server.clients.length === 0, 'left open');
      assert.deepEqual(course, ['up']);
      assert.equal(server.connections, 1);
    }));
});

describe('answers that do not come, or come for nobody', () => {
  test('who asked stops waiting at his deadline, and the late answer is nobody else’s', () =>
    rig({}, async ({ link, server, up, course }) => {
      const late: ((text: string) => void)[] = [];
      server.onApi((_, args) => (args === 'slow' ? new Promise((resolve) => late.push(resolve)) : `answer ${args}`));
      await up();
      await assert.rejects(
        link.api('db', 'slow', 30),
        rejectsAs('pbx-unreachable', /no answer to api db within 30 ms/),
      );
      const queued = link.api('db', 'next');
      const tooLate = link.api('db', 'never', 30);
      await assert.rejects(tooLate, rejectsAs('pbx-unreachable', /so many wait/));
      late[0]?.('the late one');
      assert.equal(await queued, 'answer next');
      assert.equal(await link.api('db', 'after'), 'answer after');
      assert.deepEqual(
        server.commands.filter((it) => it.startsWith('api')),
        ['api db slow', 'api db next', 'api db after'],
      );
      assert.deepEqual(course, ['up']);
    }));

  for (const [what, bytes] of [
    ['an answer that nobody asked for', reply('+OK')],
    ['an api/response that nobody asked for', 'Content-Type: api/response\nContent-Length: 2\n\nxx'],
    ['a second request to log in', 'Content-Type: auth/request\n\n'],
  ] as const) {
    test(`${what} means that the stream is out of step: a new connection`, () =>
      rig({}, async ({ server, up, faults }) => {
        await up();
        server.raw(bytes);
        await up(2);
        assert.match(faults[0]?.message ?? '', /out of step/);
        await until(() => server.clients.length === 1, 'the old one is left open');
      }));
  }

  test('the wrong kind of answer rejects the question and ends the connection; it is not asked again', () =>
    rig({}, async ({ link, server, up }) => {
      server.onApi(() => new Promise(() => undefined));
      await up();
      const asked = link.api('db', 'insert/dnd/1001@pbx.example/true');
      await until(() => server.commands.length === 2, 'not asked');
      server.raw(reply('+OK something else'));
      await assert.rejects(asked, rejectsAs('pbx-unreachable', /out of step/));
      server.onApi(() => '+OK');
      await up(2);
      assert.equal(await link.api('uptime'), '+OK');
      assert.equal(server.commands.filter((it) => it.includes('insert')).length, 1);
    }));
});
