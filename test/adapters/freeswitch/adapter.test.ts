import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { domain, hurried, rig, secondDomain, user, wish } from './rig.ts';

// Each test has a PBX of its own, and waits for it most of the time.
describe('the FreeSWITCH adapter on the wire', { concurrency: 8 }, () => {
  test('asks for few events, in JSON, with CUSTOM last', () =>
    rig({}, async ({ pbx, telling }) => {
      await telling.up();
      const lines = pbx.esl.commands.filter((it) => it.startsWith('event '));
      assert.equal(lines.length, 1);
      const [, format, ...names] = lines[0]?.split(' ') ?? [];
      assert.equal(format, 'json');
      const custom = names.indexOf('CUSTOM');
      assert.ok(custom > 0 && names.slice(0, custom).every((it) => /^[A-Z_]+$/.test(it)));
      assert.ok(names.slice(custom + 1).every((it) => it.includes('::')));
      assert.ok(!names.includes('ALL') && !names.includes('CHANNEL_STATE') && !names.includes('PHONE_FEATURE'));
      assert.equal(pbx.esl.commands.filter((it) => /^(filter|nixevent|bgapi)/.test(it)).length, 0);
    }));

  test('the first picture has the users of each tenant, every device, features, messages and realms', () =>
    rig(
      {
        before: (pbx) => {
          pbx.register('1001@lab.test', 5262, 'Yealink <SIP-T46S> & "x"');
          pbx.register('1001@lab.test', 5265, 'PolycomVVX');
          pbx.db.set('cfwd', '1002@lab.test', '1001');
          pbx.mailbox('1001@t2.test', { new: 3, old: 1, newUrgent: 1 });
        },
      },
      async ({ pbx, telling, adapter }) => {
        await telling.up();
        const { snapshot, epoch } = telling.of('snapshot')[0]!;
        assert.equal(epoch, pbx.coreUuid);
        const phones = snapshot.extensions.filter((it) => it.features === undefined);
        assert.deepEqual(
          phones.map((it) => it.aor).sort(),
          ['1001', '1002', '1003'].flatMap((id) => [user(id), user(id, secondDomain)]).sort(),
        );
        assert.equal(phones.find((it) => it.aor === user('1001'))?.displayName, 'Ext 1001');
        const contacts = snapshot.registrations.filter((it) => it.contacts > 0);
        const uris = contacts[0]?.uris ?? [];
        const { devices = [] } = contacts[0] ?? {};
        assert.deepEqual(contacts, [{ aor: user('1001'), contacts: 2, uris, devices }]);
        assert.deepEqual(
          devices.map(({ uri }) => uri),
          uris,
        );
        assert.ok(devices.every(({ userAgent }) => userAgent !== null && userAgent !== ''));
        assert.deepEqual(uris.map((uri) => /^sip:1001@.*:(526\d)/.exec(uri)?.[1]).sort(), ['5262', '5265']);
        const cfa = snapshot.features.find((it) => it.aor === user('1002') && it.feature === 'cfa');
        assert.deepEqual(cfa?.value, { enabled: true, target: '1001', ringCount: null });
        const mail = snapshot.mailboxes.find((it) => it.aor === user('1001', secondDomain));
        assert.deepEqual(mail?.counts, { new: 3, old: 1, newUrgent: 1, oldUrgent: 0 });
        assert.deepEqual(adapter.digest(domain), { realm: domain, md5Only: false });
        assert.deepEqual(adapter.digest(secondDomain), { realm: secondDomain, md5Only: true });
      },
    ));

  test('a password is that of the user in his own domain, and an MD5 one comes as it is kept', () =>
    rig({}, async ({ pbx, telling, adapter }) => {
      await telling.up();
      assert.deepEqual(await adapter.credentials('1001', domain), { realm: domain, password: 'pw-1001' });
      const tenant = await adapter.credentials('1001', secondDomain);
      assert.deepEqual(tenant, { realm: secondDomain, password: 'pw-t2-1001' });
      const ha1 = 'b1a6d3c2f00d4e5f8899aabbccddeeff';
      assert.deepEqual(await adapter.credentials('1003', secondDomain), { realm: secondDomain, ha1 });
      const before = pbx.esl.commands.length;
      for (const evil of [
        '1001@t2.test',
        '1001\n\napi reloadxml',
        '1001 param vm-password',
        '',
        '*',
        '../1001',
        '1001|x',
      ]) {
        assert.equal(await adapter.credentials(evil, domain), null, JSON.stringify(evil));
      }
      const sent = pbx.esl.commands.slice(before);
      assert.ok(
        sent.every((it) => /^api user_data \S+@lab\.test param (password|a1-hash)$/.test(it)),
        sent.join(' | '),
      );
    }));

  test('equal numbers of two tenants never meet: a call of the one is none of the other', () =>
    rig({}, async ({ pbx, telling }) => {
      await telling.up();
      const call = pbx.call('1002@t2.test', '1001@t2.test');
      call.answer();
      pbx.register('1001@t2.test');
      pbx.mailbox('1001@t2.test', { new: 1, old: 0 });
      pbx.hash.set('dnd', '1001@t2.test', 'true');
      const ours = () => telling.events.filter((it) => 'aor' in it && it.aor === user('1001', secondDomain));
      await telling.until(() => ours().some((it) => it.type === 'mailbox'), 'nothing told');
      const strange = telling.events.filter((it) => 'aor' in it && it.aor.endsWith(`@${domain}`));
      assert.deepEqual(strange, []);
      assert.ok(ours().some((it) => it.type === 'dialogs' && it.legs[0]?.phase === 'confirmed'));
    }));

  test('the leg of a phone that registered with an address belongs to the domain it is an alias of', () =>
    rig({}, async ({ pbx, telling }) => {
      await telling.up();
      pbx.call('1001@127.0.0.1', '1002@lab.test');
      const about = (aor: string) => telling.of('dialogs').filter((it) => it.aor === aor);
      await telling.until(() => about('1002@lab.test').length > 0, 'no call');
      assert.ok(about('1001@lab.test').length > 0);
      assert.equal(about('1001@127.0.0.1').length, 0);
    }));

  test('a phone counts until it goes, falls silent, or vanished while nobody listened; tries count nothing', () =>
    rig({}, async ({ pbx, telling }) => {
      await telling.up();
      const devices = [5262, 5263, 5264].map((port) => pbx.register('1001@lab.test', port));
      const contacts = () => telling.of('registration').flatMap((it) => (it.aor === user('1001') ? [it.contacts] : []));
      await telling.until(() => contacts().at(-1) === 3, 'not three');
      pbx.register('1001@lab.test', 5262);
      const attempt = { 'Event-Name': 'CUSTOM', 'to-user': '1001', 'to-host': domain, 'call-id': 'a-stranger' };
      for (const noise of ['pre_register', 'register_attempt', 'register_failure']) {
        pbx.esl.emit({ ...attempt, 'Event-Subclass': `sofia::${noise}` });
      }
      pbx.phones.expire(devices[0]!);
      await telling.until(() => contacts().at(-1) === 2, 'not expired');
      pbx.phones.unregister(devices[1]!);
      await telling.until(() => contacts().at(-1) === 1, 'not gone');
      pbx.drop();
      pbx.phones.forget(devices[2]!);
      await telling.up(2);
      const known = telling.of('snapshot').at(-1)?.snapshot.registrations;
      assert.equal(known?.find((it) => it.aor === user('1001'))?.contacts, 0);
      assert.deepEqual(contacts(), [1, 2, 3, 2, 1]);
    }));

  test('messages of another voicemail, which only events tell of, outlive the reading of every minute', () =>
    rig({ clock: hurried(60_000, 60) }, async ({ pbx, telling }) => {
      await telling.up();
      const counts = () =>
        telling
          .of('snapshot')
          .at(-1)
          ?.snapshot.mailboxes.find((it) => it.aor === user('1001'))?.counts;
      assert.equal(counts()?.new, 0);
      const told = { 'MWI-Messages-Waiting': 'yes', 'MWI-Message-Account': 'sip:1001@lab.test' };
      pbx.esl.emit({ 'Event-Name': 'MESSAGE_WAITING', ...told, 'MWI-Voice-Message': '4/2 (1/0)' });
      await telling.until(() => telling.of('mailbox').length > 0, 'not told');
      await telling.until(() => telling.count('snapshot') > 1, 'not read again');
      assert.deepEqual(counts(), { new: 4, old: 2, newUrgent: 1, oldUrgent: 0 });
      assert.equal(telling.of('mailbox').length, 1);
    }));

  test('a feature code is seen by the event the dialplan fires, and read from where it wrote', () =>
    rig({ more: { pollSeconds: 300 } }, async ({ pbx, telling }) => {
      await telling.up();
      const dnd = () => telling.of('feature').filter((it) => it.aor === user('1001'));
      pbx.dial('1001@lab.test', '*78');
      await telling.until(() => dnd().at(-1)?.value.enabled === true, 'not on');
      pbx.dial('1001@lab.test', '*79');
      await telling.until(() => dnd().at(-1)?.value.enabled === false, 'not off');
      assert.ok(dnd().every((it) => it.feature === 'dnd'));
    }));

  test('what nobody tells is found by polling, also where that is slower than the reading of every minute', () =>
    // A minute takes 0.6 s.
    rig({ more: { pollSeconds: 200 }, clock: hurried(60_000, 100) }, async ({ pbx, telling }) => {
      await telling.up();
      pbx.db.set('dnd', '1002@lab.test', 'true');
      await telling.until(() => telling.of('feature').some((it) => it.aor === user('1002')), 'never polled');
      assert.ok(telling.of('snapshot').length >= 3, 'readings in between');
    }));

  test('the word of an event is not believed: what counts is what the store holds', () =>
    rig({ more: { pollSeconds: 300 } }, async ({ pbx, telling }) => {
      await telling.up();
      const said = { 'Event-Name': 'CUSTOM', 'Event-Subclass': 'lamplighter::changed', user: '1001', host: domain };
      const before = pbx.esl.commands.length;
      pbx.esl.emit({ ...said, feature: 'dnd', enabled: 'true' });
      await telling.until(
        () => pbx.esl.commands.slice(before).some((it) => it.includes('select/dnd/1001')),
        'not read',
      );
      pbx.dial('1002@lab.test', '*78');
      await telling.until(() => telling.of('feature').length > 0, 'no feature');
      assert.deepEqual(
        telling.of('feature').map((it) => it.aor),
        [user('1002')],
      );
    }));

  test('what FreeSWITCH or the dialplan could misread is refused, and nothing of it is sent', () =>
    rig({}, async ({ pbx, telling, adapter }) => {
      await telling.up();
      const targets = ['1002\n\napi fsctl shutdown', 'a/b', `${'$'}{system(id)}`, 'x y', "1'2", '', 'a,b', '1;2', '|'];
      for (const target of targets) {
        const answer = await adapter.setFeature(wish('cfa', true, { target }), 2000);
        assert.equal(answer.ok, false, JSON.stringify(target));
      }
      const evil = user('1001\n\napi fsctl shutdown');
      assert.equal((await adapter.setFeature(wish('dnd', true, { aor: evil }), 2000)).ok, false);
      const stranger = await adapter.setFeature(wish('dnd', true, { aor: user('1001', 'elsewhere.test') }), 2000);
      assert.equal(stranger.ok ? '' : stranger.refusal.code, 'pbx-refused');
      assert.deepEqual([...pbx.db.writes, ...pbx.fired], []);
      assert.equal(pbx.esl.commands.filter((it) => it.includes('fsctl')).length, 0);
    }));

  test('users that the directory does not list are found by their registrations and by the configuration', () =>
    rig(
      {
        more: { extensions: ['1003', '1001-1002@t2.test', '7777@nowhere.test'] },
        before: (pbx) => {
          pbx.directory.listed = false;
          pbx.register('1002@lab.test');
          pbx.register('9999@lab.test');
        },
      },
      async ({ pbx, telling }) => {
        await telling.up();
        const { extensions } = telling.of('snapshot')[0]!.snapshot;
        const phones = extensions.filter((it) => it.features === undefined);
        assert.deepEqual(
          phones.map((it) => [it.aor, it.displayName]).sort(),
          [
            [user('1001', secondDomain), 'Ext 1001'],
            [user('1002'), 'Ext 1002'],
            [user('1002', secondDomain), 'Ext 1002'],
            [user('1003'), 'Ext 1003'],
          ].sort(),
        );
        assert.ok(pbx.esl.commands.includes('api user_data 9999@lab.test attr id'), 'a registration is no user yet');
      },
    ));

  test('in a directory that cannot be listed a user is known as soon as his phone registers, and while he is one', () =>
    rig({ before: ({ directory }) => Object.assign(directory, { listed: false }) }, async ({ pbx, telling }) => {
      await telling.up();
      const known = () =>
        (telling.of('snapshot').at(-1)?.snapshot.extensions ?? [])
          .filter((it) => it.features === undefined)
          .map((it) => it.aor)
          .sort();
      assert.deepEqual(known(), []);
      const phone = pbx.register('1001@lab.test', 5261);
      await telling.until(() => known().includes(user('1001')), 'not known');
      pbx.phones.unregister(phone);
      pbx.register('1002@lab.test', 5262);
      await telling.until(() => known().includes(user('1002')), 'not known');
      assert.deepEqual(known(), [user('1001'), user('1002')], 'his phone is away, and he is watched');
      pbx.directory.remove('1001@lab.test');
      pbx.register('1003@t2.test', 5263);
      await telling.until(() => known().includes(user('1003', secondDomain)), 'not known');
      assert.deepEqual(known(), [user('1002'), user('1003', secondDomain)]);
      const readings = telling.of('snapshot').length;
      pbx.register('9999@lab.test', 5264);
      await telling.until(() => telling.of('snapshot').length > readings, 'not looked up');
      const asked = () => pbx.esl.commands.filter((it) => it === 'api user_data 9999@lab.test attr id').length;
      const once = asked();
      pbx.register('9999@lab.test', 5265);
      pbx.register('1002@lab.test', 5262);
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(asked(), once, 'a registration that means no user is looked up once');
    }));

  test('a domain that the admin forgot is named, once', () =>
    rig(
      {
        before: (pbx) => {
          pbx.directory.add('1001', 'forgotten.test', { password: 'x' });
          pbx.directory.add('1002', 'forgotten.test', { password: 'x' });
        },
      },
      async ({ pbx, telling, logger, adapter }) => {
        await telling.up();
        pbx.drop();
        await telling.up(2);
        const said = logger.lines.filter((it) => /not served here/.test(it.message));
        assert.deepEqual(
          said.map((it) => [it.level, it.fields]),
          [['warn', { domains: ['forgotten.test'] }]],
        );
        assert.equal(await adapter.credentials('1001', 'forgotten.test'), null);
      },
    ));

  test('a module that is not loaded takes nothing else with it', () =>
    rig(
      {
        more: { profiles: ['internal', 'nosuch'] },
        before: (pbx) => {
          for (const command of ['vm_boxcount', 'valet_info', 'conference']) pbx.answers.set(command, null);
          pbx.answers.delete('conference json_list');
        },
      },
      async ({ pbx, telling, logger }) => {
        await telling.up();
        assert.deepEqual(telling.of('snapshot')[0]?.snapshot.mailboxes, []);
        assert.equal(pbx.esl.commands.filter((it) => it.startsWith('api vm_boxcount')).length, 1, 'asked once');
        assert.ok(logger.lines.some((it) => it.level === 'warn' && /profile does not run/.test(it.message)));
      },
    ));

  test('a call that was there before us has its Call-ID, its tags and its other side', () =>
    rig(
      {
        before: (pbx) => {
          pbx.call('1002@lab.test', '1001@lab.test').answer();
        },
      },
      async ({ telling }) => {
        await telling.up();
        const { dialogs } = telling.of('snapshot')[0]!.snapshot;
        const legs = new Map(dialogs.map((it) => [it.aor, it.legs]));
        const [called] = legs.get(user('1001')) ?? [];
        const [calling] = legs.get(user('1002')) ?? [];
        assert.deepEqual([called?.phase, called?.direction, called?.remote.number], ['confirmed', 'recipient', '1002']);
        assert.deepEqual(
          [calling?.phase, calling?.direction, calling?.remote.number],
          ['confirmed', 'initiator', '1001'],
        );
        assert.equal(called?.call, calling?.call);
        assert.ok(called?.callId && called.localTag && called.remoteTag);
        assert.match(called.remoteTag, /^phone-/);
        assert.match(calling?.remoteTag ?? '', /^phone-/);
      },
    ));

  test('a wish that FusionPBX does not take, for want of a registered phone, is refused with the reason', () =>
    rig({ more: { features: 'fusionpbx' }, fake: { fusionpbx: true } }, async ({ pbx, telling, adapter }) => {
      await telling.up();
      const answer = await adapter.setFeature(wish('dnd', true), 2000);
      assert.equal(answer.ok ? '' : answer.refusal.code, 'pbx-refused');
      assert.match(answer.ok ? '' : answer.refusal.message, /registered/);
      assert.deepEqual(pbx.hook?.writes, []);
    }));

  test("FusionPBX's forward does not take do-not-disturb with it, unless all calls go elsewhere", () =>
    rig({ more: { features: 'fusionpbx' }, fake: { fusionpbx: true } }, async ({ pbx, telling, adapter }) => {
      pbx.register('1001@lab.test');
      await telling.up();
      const dnd = () => telling.of('feature').filter((it) => it.feature === 'dnd');
      await adapter.setFeature(wish('dnd', true), 5000);
      await adapter.setFeature(wish('cfb', true, { target: '1002' }), 5000);
      assert.equal(pbx.directory.get('1001@lab.test')?.variables.get('do_not_disturb'), 'true');
      assert.equal(dnd().at(-1)?.value.enabled, true);
      await adapter.setFeature(wish('cfa', true, { target: '1003' }), 5000);
      await telling.until(() => dnd().at(-1)?.value.enabled === false, 'the exclusion is not told');
    }));

  test('observed only: nothing is ever written, and what the hook tells its phones is told here', () =>
    rig(
      { more: { mode: 'observe', features: 'fusionpbx', pollSeconds: 300 }, fake: { fusionpbx: true } },
      async ({ pbx, telling, adapter }) => {
        pbx.register('1001@lab.test');
        await telling.up();
        const phone = pbx.subscribeFeatures('1001@lab.test');
        phone.setDnd(true);
        await telling.until(() => telling.of('feature').some((it) => it.value.enabled), 'not learned');
        const refusal = await adapter.setFeature(wish('dnd', false), 2000);
        assert.equal(refusal.ok ? '' : refusal.refusal.code, 'not-writable');
        assert.deepEqual([...pbx.db.writes, ...pbx.fired], []);
      },
    ));
});
