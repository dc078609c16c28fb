import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Domains } from '../../../adapters/freeswitch/domains.ts';
import { pictureEvents, pictureSubclasses, readEsl } from '../../../adapters/freeswitch/events.ts';
import { readChannels } from '../../../adapters/freeswitch/listings.ts';
import { readRegistrations } from '../../../adapters/freeswitch/registrations.ts';
import { caller } from './channel-events.ts';
import { acme, domains, dumpFacts, feed, fixture, globex, picture, recorded, wordsOf } from './recording.ts';

describe('which domain a host means', () => {
  test('its name or an alias, in any case, with or without a port; nothing else', () => {
    assert.equal(domains.canonical('ACME.example'), 'acme.example');
    assert.equal(domains.canonical('192.0.2.5'), 'acme.example');
    assert.equal(domains.canonical('192.0.2.5:5060'), 'acme.example');
    for (const host of [
      '',
      'example',
      'x.acme.example',
      'acme.example.',
      'acme.example:x',
      '192.0.2.50',
      '__proto__',
    ]) {
      assert.equal(domains.canonical(host), null, host);
    }
  });

  test('a name is stronger than an alias of the same spelling, and the first alias stronger than the next', () => {
    const some = new Domains([
      { name: 'a.example', aliases: ['b.example', '192.0.2.1'] },
      { name: 'b.example', aliases: ['192.0.2.1'] },
    ]);
    assert.equal(some.canonical('b.example'), 'b.example');
    assert.equal(some.canonical('192.0.2.1'), 'a.example');
  });

  test('an address is split at its last @; the user keeps his case', () => {
    assert.equal(domains.parse('sip:Ann@ACME.example'), 'Ann@acme.example');
    assert.equal(domains.parse('sips:201@acme.example'), acme('201'));
    assert.equal(domains.parse('park+*5901@globex.example'), globex('park+*5901'));
    for (const text of [null, undefined, '', '201', '@acme.example', '201@', 'a b@acme.example', '2\n1@acme.example']) {
      assert.equal(domains.parse(text), null, String(text));
    }
    assert.equal(domains.parse(`${'9'.repeat(129)}@acme.example`), null);
  });
});

describe('what an event means', () => {
  test('names and subclasses that are not known mean nothing', () => {
    for (const event of [
      {},
      { 'Event-Name': 'HEARTBEAT' },
      { 'Event-Name': 'PRESENCE_IN', from: '201@acme.example', 'Unique-ID': 'a', 'Answer-State': 'confirmed' },
      { 'Event-Name': 'channel_create', 'Unique-ID': 'a' },
      { 'Event-Name': 'CHANNEL_CREATE' },
      { 'Event-Name': 'CUSTOM' },
      { 'Event-Name': 'CUSTOM', 'Event-Subclass': 'sofia::reinvite', 'Unique-ID': 'a' },
      { 'Event-Name': 'CUSTOM', 'Event-Subclass': 'SOFIA::REGISTER', 'from-user': '201', 'from-host': 'acme.example' },
    ]) {
      assert.deepEqual(readEsl(event as Record<string, string>, domains), { facts: [] }, JSON.stringify(event));
    }
  });

  test('a presence that anybody may publish lights nothing', () => {
    const presence = recorded('call-hold-by-both').filter((it) => it['Event-Name'] === 'PRESENCE_IN');
    assert.ok(presence.length > 0);
    assert.deepEqual(feed(picture(), presence), []);
  });

  test('a hint names the user of the event and the phone that dialled, where they differ', () => {
    const hint = (more: Record<string, string>) =>
      readEsl({ 'Event-Name': 'CUSTOM', 'Event-Subclass': 'lamplighter::changed', ...more }, domains).changed;
    const phone = { 'Channel-Presence-ID': '202@acme.example' };
    assert.deepEqual(hint({ user: '201', host: 'acme.example', feature: 'cfa', ...phone }), [
      { aor: acme('201'), feature: 'cfa' },
      { aor: acme('202'), feature: 'cfa' },
    ]);
    assert.deepEqual(hint({ user: '202', host: 'acme.example', feature: 'all?', ...phone }), [
      { aor: acme('202'), feature: null },
    ]);
    assert.deepEqual(hint({ user: '201', host: 'initech.example' }), []);
  });

  test('line breaks, quotes and novels in a number are carried as text and never as an AOR', () => {
    const live = picture();
    const evil = '201\n\napi shutdown';
    const a = caller('a', '201', evil, { 'Caller-Callee-ID-Name': `"<&>\r\n${'x'.repeat(5000)}` });
    feed(live, [a.create()]);
    assert.equal(live.calls.legs(acme('201'))[0]?.remote.number, evil);
    assert.deepEqual(
      feed(live, [{ ...a.create(), 'Unique-ID': 'b', 'Channel-Presence-ID': `${evil}@acme.example` }]),
      [],
    );
  });

  test('header names of objects are no facts', () => {
    const live = picture();
    const event = JSON.parse(
      '{"__proto__":"x","Event-Name":"CHANNEL_CREATE","Unique-ID":"__proto__","constructor":"y"}',
    );
    assert.deepEqual(feed(live, [event]), []);
    assert.deepEqual(live.snapshot().dialogs, []);
  });

  test('the subscription has what is read, and nothing twice', () => {
    for (const list of [pictureEvents, pictureSubclasses]) assert.equal(new Set(list).size, list.length);
    assert.ok(!pictureEvents.includes('CUSTOM') && !pictureEvents.includes('ALL'));
  });
});

describe('what a reading means', () => {
  test('rows of channels show the same lamps as the events before', () => {
    const rows = readChannels(fixture('show-channels.json'), domains);
    const live = picture(rows ?? []);
    assert.equal(wordsOf(live.calls.legs(globex('201'))), 'confirmed>202');
    assert.equal(wordsOf(live.calls.legs(globex('202'))), 'confirmed<201 holding');
    assert.deepEqual(live.calls.legs(acme('201')), []);
    assert.deepEqual(
      live.calls.legs(globex('202')).map((it) => [it.call, it.remote.name, it.since]),
      [['7d1c0000-0000-4000-8000-00000000000a', 'Ann', 1_700_600_000_000]],
    );
  });

  test('no channels are an answer without rows; anything else is no answer', () => {
    assert.deepEqual(readChannels('{"row_count":0}\n', domains), []);
    assert.deepEqual(readChannels('{"row_count":1,"rows":[null,{"uuid":7},{"direction":"inbound"}]}', domains), []);
    for (const text of ['-USAGE: codec|endpoint', '-ERR permission denied', '', '[]', 'null', '{"rows":[]}']) {
      assert.equal(readChannels(text, domains), null, text);
    }
  });

  test('a row after a dump takes nothing away', () => {
    const events = recorded('call-hold-by-both').slice(0, 30);
    const live = picture(dumpFacts(events));
    const before = live.snapshot();
    const rows = {
      row_count: 1,
      rows: [{ uuid: events[0]?.['Unique-ID'], direction: 'inbound', callstate: 'ACTIVE' }],
    };
    for (const row of readChannels(JSON.stringify(rows), domains) ?? []) live.apply(row);
    assert.deepEqual(live.snapshot(), before);
  });

  test('a Call-ID that looks like elements makes nobody else registered', () => {
    const evil = 'x</call-id><user>201@acme.example</user><contact>sip:evil</contact><call-id>y';
    const rows = ['</registration>', evil, 'honest'].map(
      (callId, at) => `    <registration>
        <call-id>${callId}</call-id>
        <user>20${at + 2}@acme.example</user>
        <contact>&quot;&quot; &lt;sip:20${at + 2}@192.0.2.1&gt;</contact>
        <agent>&lt;user&gt;201@acme.example&lt;/user&gt;</agent>
        <status>Registered(UDP)(unknown) exp(2023-11-21 20:53:20) expsecs(358)</status>
    </registration>\n`,
    );
    const xml = `<profile>\n  <registrations>\n${rows.join('')}  </registrations>\n</profile>\n`;
    const live = picture(readRegistrations(xml, 'internal', domains));
    assert.deepEqual(
      ['201', '202', '203', '204'].map((it) => live.contactsOf(acme(it))),
      [[], ...['202', '203', '204'].map((it) => [`"" <sip:${it}@192.0.2.1>`])],
    );
  });

  test('what is complete need not be asked for again', () => {
    const events = recorded('call-hold-by-both');
    const live = picture();
    feed(live, events.slice(0, 10));
    const [first] = live.calls.ids;
    assert.equal(live.calls.isComplete(first ?? ''), false);
    feed(live, events.slice(10, 30));
    assert.equal(live.calls.isComplete(first ?? ''), true);
    assert.equal(live.calls.isComplete('nobody'), false);
  });
});
