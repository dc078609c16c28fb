import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { FakeClock } from '../../support/fake-clock.ts';
import type { LogLine } from '../../support/silent-logger.ts';
import { hurried, rig, user, wish } from './rig.ts';

const account = 'lamplighter@lab.test';

function codeOf(line: LogLine | undefined): unknown {
  return line === undefined ? undefined : Reflect.get(line.fields, 'code');
}

// Each test has a PBX of its own, and waits for it most of the time.
describe('the link to FreeSWITCH', { concurrency: 8 }, () => {
  test('a PBX that is away at the start is link down, and up when it comes', () =>
    rig({ before: (pbx) => pbx.close() }, async ({ pbx, telling, adapter }) => {
      await telling.until(() => telling.count('down') > 0, 'not down');
      assert.match(telling.of('link')[0]?.reason ?? '', /ECONNREFUSED/);
      const refusal = await adapter.setFeature(wish('dnd', true), 2000);
      assert.equal(refusal.ok ? '' : refusal.refusal.code, 'pbx-away');
      await assert.rejects(adapter.credentials('1001', 'lab.test'), /not connected/);
      await pbx.listen();
      await telling.up();
      assert.deepEqual(telling.course.slice(-3), ['stale', 'snapshot', 'up']);
    }));

  test('a wrong password is said once, loudly and without it, and tried again seldom', () =>
    rig({ esl: { password: 'a-wrong-one' }, hurry: true }, async ({ pbx, telling, logger }) => {
      await telling.until(() => pbx.esl.connections >= 2, 'not tried again');
      assert.match(telling.of('link')[0]?.reason ?? '', /refuses the password/);
      const errors = logger.lines.filter((it) => it.level === 'error');
      assert.deepEqual(errors.map(codeOf), ['pbx-refused']);
      assert.ok(!JSON.stringify(logger.lines).includes('a-wrong-one'));
      assert.equal(pbx.esl.commands.length, 0);
    }));

  test('a host that the access list does not let in is another cause', () =>
    rig({ before: ({ esl }) => Object.assign(esl, { greeting: 'rude' }) }, async ({ telling, logger }) => {
      await telling.until(() => telling.count('down') > 0, 'not down');
      assert.match(telling.of('link')[0]?.reason ?? '', /apply-inbound-acl/);
      assert.deepEqual(logger.lines.filter((it) => it.level === 'error').map(codeOf), ['pbx-refused']);
    }));

  test('an account of the directory logs in by userauth', () =>
    rig(
      { esl: { user: account, password: 'own' }, fake: { users: { [account]: { password: 'own' } } } },
      async (it) => {
        await it.telling.up();
        assert.equal(it.pbx.esl.logins, 1);
      },
    ));

  test('the account of config/freeswitch has the rights for everything, and is no phone itself', () => {
    const xml = readFileSync('config/freeswitch/lamplighter.xml', 'utf8');
    const list = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(xml)?.[1]?.split(',') ?? [];
    const users = { [account]: { password: 'own', api: list('esl-allowed-api'), events: list('esl-allowed-events') } };
    assert.ok(list('esl-allowed-api').length > 5);
    return rig(
      {
        esl: { user: account, password: 'own' },
        fake: { users },
        before: (pbx) => {
          pbx.directory.add('lamplighter', 'lab.test', {});
          pbx.call('1002@lab.test', '1001@lab.test').answer();
          pbx.mailbox('1001@lab.test', { new: 1, old: 0 });
        },
      },
      async ({ pbx, telling, adapter, logger }) => {
        await telling.up();
        const { snapshot } = telling.of('snapshot')[0]!;
        assert.ok(snapshot.dialogs.some((it) => it.aor === user('1001')));
        assert.equal(snapshot.mailboxes.find((it) => it.aor === user('1001'))?.counts.new, 1);
        assert.ok(!snapshot.extensions.some((it) => it.aor.startsWith('lamplighter@')));
        assert.equal((await adapter.setFeature(wish('cfna', true, { target: '1002', ringCount: 3 }), 2000)).ok, true);
        assert.equal((await adapter.credentials('1001', 'lab.test'))?.password, 'pw-1001');
        pbx.dial('1002@lab.test', '*78');
        await telling.until(() => telling.of('feature').some((it) => it.feature === 'dnd'), 'no events');
        assert.equal(logger.lines.filter((it) => it.level === 'error').length, 0);
      },
    );
  });

  describe('whose lists, as they stand in config/freeswitch', () => {
    const xml = readFileSync('config/freeswitch/lamplighter.xml', 'utf8');
    const list = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(xml)?.[1] ?? '';
    const given = { events: list('esl-allowed-events'), api: list('esl-allowed-api') };
    const forHash = { ...given, api: given.api.replace(/\bdb\b/, 'hash') };
    const forLamps = {
      events: given.events.replace('PHONE_FEATURE,PHONE_FEATURE_SUBSCRIBE,', ''),
      api: `${given.api},conference,callcenter_config`,
    };
    const cases = [
      { features: 'db', mode: 'sidecar', lists: given, denied: ['conference', 'callcenter_config'] },
      { features: 'db', mode: 'native', lists: given, denied: ['conference', 'callcenter_config'] },
      { features: 'hash', mode: 'native', lists: forHash, denied: ['conference', 'callcenter_config'] },
      { features: 'hash', mode: 'observe', lists: forHash, denied: ['conference', 'callcenter_config'] },
      { features: 'hash', mode: 'sidecar', lists: { ...forLamps, api: `${forLamps.api},hash` }, denied: [] },
    ];
    for (const { features, mode, lists, denied } of cases) {
      test(`suffice with features ${features} and mode ${mode}, and fit into the answer to the login`, () => {
        const [events, api] = [lists.events.split(','), lists.api.split(',')];
        assert.ok(lists.events.length + lists.api.length <= 434, 'FreeSWITCH would cut off the answer to the login');
        const users = { [account]: { password: 'own', api, events } };
        return rig(
          { esl: { user: account, password: 'own' }, fake: { users }, more: { features, mode } },
          async ({ pbx, telling, adapter }) => {
            await telling.up();
            await adapter.setFeature(wish('cfna', true, { target: '1002', ringCount: 3 }), 2000);
            await adapter.credentials('1001', 'lab.test');
            const asked = pbx.esl.commands.map((it) => /^api (\w+)/.exec(it)?.[1] ?? '').filter((it) => it !== '');
            assert.deepEqual([...new Set(asked)].filter((it) => !api.includes(it)).sort(), [...denied].sort());
          },
        );
      });
    }
  });

  test('a right that the account lacks is named, and nothing is believed until it is there', () =>
    rig({ before: (pbx) => pbx.esl.denied.add('list_users') }, async ({ pbx, telling, logger }) => {
      await telling.until(() => telling.of('link').some((it) => /list_users/.test(it.reason ?? '')), 'not named');
      assert.equal(telling.count('up'), 0);
      assert.ok(logger.lines.some((it) => it.level === 'error' && codeOf(it) === 'pbx-refused'));
      pbx.esl.denied.clear();
      await telling.up();
    }));

  test('an account that may not ask for the Core-UUID learns it from the next event', () =>
    rig({ before: (pbx) => pbx.esl.denied.add('global_getvar') }, async ({ pbx, telling }) => {
      await telling.until(() => telling.of('link').some((it) => /which life/.test(it.reason ?? '')), 'not missed');
      pbx.esl.heartbeat();
      await telling.up();
      assert.equal(telling.of('snapshot')[0]?.epoch, pbx.coreUuid);
    }));

  test('lamps the account may not ask for are left out, nothing else', () =>
    rig({ before: (pbx) => pbx.esl.denied.add('conference').add('valet_info') }, async ({ telling, logger }) => {
      await telling.up();
      assert.equal(logger.lines.filter((it) => it.level === 'error').length, 0);
      assert.equal(logger.lines.filter((it) => /may not ask for these lamps/.test(it.message)).length, 2);
    }));

  test('a FreeSWITCH that stands still in mid-call is given up, and the lamps are right again when it moves', () =>
    rig({ hurry: true }, async ({ pbx, telling, adapter }) => {
      await telling.up();
      const call = pbx.call('1002@lab.test', '1001@lab.test');
      call.answer();
      const legs = () => telling.of('dialogs').filter((it) => it.aor === user('1001'));
      await telling.until(() => legs().at(-1)?.legs[0]?.phase === 'confirmed', 'no call');
      pbx.freeze();
      const late = await adapter.setFeature(wish('dnd', true), 300);
      assert.equal(late.ok ? '' : late.refusal.code, 'pbx-timeout');
      await telling.until(() => telling.count('down') > 0, 'not noticed');
      call.hangup();
      pbx.thaw();
      await telling.up(2);
      const calls = telling
        .of('snapshot')
        .at(-1)
        ?.snapshot.dialogs.filter((it) => !it.aor.includes('+'));
      assert.deepEqual(calls, []);
      // What FreeSWITCH had taken it carried out; nobody said it again.
      const writes = pbx.db.writes.filter((it) => it.includes('insert/dnd'));
      assert.ok(writes.length <= 1, writes.join());
      assert.equal(pbx.esl.clients.length, 1, 'the old connection is left open');
    }));

  test('messages that come while FreeSWITCH cannot be read, on the same connection, are counted when it can', () =>
    rig({ clock: hurried(50_000, 60), more: { pollSeconds: 40 } }, async ({ pbx, telling }) => {
      await telling.up();
      pbx.answers.set('show', '-ERR busy');
      await telling.until(() => telling.count('stale') === 2, 'still believed');
      pbx.mailbox('1001@lab.test', { new: 3, old: 1 });
      pbx.db.set('dnd', '1001@lab.test', 'true');
      pbx.answers.delete('show');
      await telling.up(2);
      const { mailboxes = [], features = [] } = telling.of('snapshot').at(-1)?.snapshot ?? {};
      assert.equal(mailboxes.find((it) => it.aor === user('1001'))?.counts.new, 3);
      assert.equal(features.find((it) => it.aor === user('1001') && it.feature === 'dnd')?.value.enabled, true);
    }));

  test('a connection that is open on one side only is found by the missing heartbeat', async () => {
    const clock = new FakeClock();
    await rig({ clock, more: { pollSeconds: 300 } }, async ({ pbx, telling }) => {
      await telling.up();
      pbx.esl.drop('half-open');
      for (let second = 0; second < 60 && telling.count('down') === 0; second++) await clock.run(1_000, 500);
      assert.match(telling.of('link').at(-1)?.reason ?? '', /no event for 45 s/);
      clock.advance(1_000); // the pause before the next attempt
      await telling.up(2);
    });
  });

  test('another Core-UUID on an open connection is another life: everything is read anew, old calls are over', () =>
    rig({}, async ({ pbx, telling, logger }) => {
      await telling.up();
      const call = pbx.call('1002@lab.test', '1001@lab.test');
      await telling.until(() => telling.of('dialogs').length > 0, 'no call');
      const before = pbx.coreUuid;
      pbx.reborn();
      pbx.esl.heartbeat();
      await telling.up(2);
      assert.notEqual(telling.of('snapshot').at(-1)?.epoch, before);
      assert.deepEqual(telling.of('snapshot').at(-1)?.snapshot.dialogs, []);
      call.hangup();
      assert.ok(logger.lines.some((it) => /started again/.test(it.message)));
      assert.equal(pbx.esl.logins, 1);
    }));

  test('garbage, an answer nobody asked for and a Latin-1 name: a new connection at worst, and all is right', () =>
    rig({}, async ({ pbx, telling }) => {
      await telling.up();
      const name = Buffer.from(
        '{"Event-Name":"CHANNEL_CREATE","Unique-ID":"x","Caller-Caller-ID-Name":"M\xfcller%zz"}',
        'latin1',
      );
      pbx.esl.raw(
        Buffer.concat([Buffer.from(`Content-Length: ${name.length}\nContent-Type: text/event-json\n\n`), name]),
      );
      pbx.call('1002@lab.test', '1001@lab.test');
      await telling.until(() => telling.of('dialogs').length > 0, 'the stream is wedged');
      assert.equal(telling.count('down'), 0);
      pbx.esl.raw('Content-Type: command/reply\nReply-Text: +OK who asked %zz\n\n');
      await telling.up(2);
      pbx.esl.raw('HTTP/1.1 400 Bad Request\n\n');
      await telling.up(3);
      const [leg] =
        telling
          .of('snapshot')
          .at(-1)
          ?.snapshot.dialogs.find((it) => it.aor === user('1001'))?.legs ?? [];
      assert.equal(leg?.phase, 'early');
    }));
});
