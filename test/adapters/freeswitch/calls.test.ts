import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readChannels } from '../../../adapters/freeswitch/listings.ts';
import { called, caller, FakeChannel } from './channel-events.ts';
import { acme, domains, feed, globex, picture, recorded, told, wordsOf } from './recording.ts';

describe('who talks with whom', () => {
  test('a call forked to two devices and another phone is one call; who does not answer is dark again', () => {
    const live = picture();
    const a = caller('a', '201', '600');
    const [desk, mobile, other] = [
      called('b', '202', '201', 'a'),
      called('c', '202', '201', 'a'),
      called('d', '203', '201', 'a'),
    ];
    feed(live, [a.create(), ...[desk, mobile, other].flatMap((it) => [it.create(), it.state('RINGING')])]);
    assert.equal(wordsOf(live.calls.legs(acme('202'))), 'early<201 | early<201');
    assert.deepEqual(new Set(live.calls.legs(acme('202')).map((it) => it.call)), new Set(['a']));
    feed(live, [other.state('ACTIVE'), a.state('ACTIVE'), a.bridge(other), desk.hangup(), mobile.hangup()]);
    assert.deepEqual(live.calls.legs(acme('202')), []);
    assert.equal(wordsOf(live.calls.legs(acme('203'))), 'confirmed<201');
  });

  test('a phone that picks up the ringing of another talks to the caller, and the caller to it', () => {
    const live = picture();
    const a = caller('a', '201', '202');
    const b = called('b', '202', '201', 'a');
    const c = caller('c', '203', '**202');
    feed(live, [a.create(), b.create(), b.state('RINGING'), a.state('RINGING'), c.create(), c.state('ACTIVE')]);
    assert.equal(wordsOf(live.calls.legs(acme('203'))), 'confirmed>**202');
    feed(live, [a.state('ACTIVE'), a.bridge(c), b.hangup()]);
    assert.deepEqual(
      ['201', '202', '203'].map((it) => wordsOf(live.calls.legs(acme(it)))),
      ['confirmed>203', '-', 'confirmed>201'],
    );
  });

  test('an attended transfer leaves the two others talking to each other', () => {
    const live = picture();
    const first = caller('a1', '201', '202');
    const b = called('b', '202', '201', 'a1');
    const second = caller('a2', '201', '203');
    const c = called('c', '203', '201', 'a2');
    for (const [one, other] of [
      [first, b],
      [second, c],
    ] as const) {
      feed(live, [one.create(), other.create(), other.state('ACTIVE'), one.state('ACTIVE'), one.bridge(other)]);
    }
    assert.equal(wordsOf(live.calls.legs(acme('201'))), 'confirmed>202 | confirmed>203');
    feed(live, [b.bridge(c), first.hangup(), second.hangup()]);
    assert.deepEqual(
      ['201', '202', '203'].map((it) => wordsOf(live.calls.legs(acme(it)))),
      ['-', 'confirmed<203', 'confirmed<202'],
    );
  });

  test('a call from a trunk that is fetched shows the number outside', () => {
    const live = picture();
    const trunk = new FakeChannel({ id: 't', direction: 'inbound', from: '+15550100', to: '202' });
    const c = caller('c', '203', '*5901');
    feed(live, [trunk.create(), trunk.state('ACTIVE'), c.create(), c.state('ACTIVE'), trunk.bridge(c)]);
    assert.equal(wordsOf(live.calls.legs(acme('203'))), 'confirmed>+15550100');
  });

  test('what FreeSWITCH writes where it knows no name or number is neither', () => {
    const live = picture();
    const b = called('b', '202', '0000000000', 'x', { 'Caller-Caller-ID-Name': 'FreeSWITCH' });
    const a = caller('a', '201', '203', {
      'Caller-Callee-ID-Number': '203',
      'Caller-Callee-ID-Name': 'Outbound Call',
    });
    feed(live, [b.create(), b.state('RINGING'), a.create()]);
    assert.deepEqual(live.calls.legs(acme('202'))[0]?.remote, { number: null, name: null, presentable: true });
    assert.deepEqual(live.calls.legs(acme('201'))[0]?.remote, { number: '203', name: null, presentable: true });
  });

  test('a call to the own number, as click-to-dial makes it, shows that number', () => {
    const live = picture();
    const b = called('b', '202', '202', 'x');
    feed(live, [b.create(), b.state('RINGING')]);
    assert.equal(wordsOf(live.calls.legs(acme('202'))), 'early<202');
  });
});

describe('who may be told', () => {
  const hidden = { 'Caller-Privacy-Hide-Name': 'true', 'Caller-Privacy-Hide-Number': 'true' };

  test('a caller who withholds his number is not presentable on the phone he calls; whom he calls is on his own', () => {
    const live = picture();
    const a = caller('a', '201', '202', hidden);
    // The PBX may make the second leg without the privacy of the first.
    const b = called('b', '202', '201', 'a');
    feed(live, [a.create(), b.create(), b.state('RINGING')]);
    assert.equal(wordsOf(live.calls.legs(acme('202'))), 'early<withheld');
    assert.equal(wordsOf(live.calls.legs(acme('201'))), 'trying>202');
  });

  test('nor is he after a pickup', () => {
    const live = picture();
    const a = caller('a', '201', '202', hidden);
    const c = caller('c', '203', '**202');
    feed(live, [a.create(), c.create(), c.state('ACTIVE'), a.state('ACTIVE'), a.bridge(c)]);
    assert.equal(wordsOf(live.calls.legs(acme('203'))), 'confirmed>withheld');
  });

  test('who hides his name only shows his number', () => {
    const live = picture();
    const b = called('b', '202', '201', 'a', {
      'Caller-Caller-ID-Name': 'Ann',
      'Caller-Privacy-Hide-Name': 'true',
    });
    feed(live, [b.create(), b.state('RINGING')]);
    assert.deepEqual(live.calls.legs(acme('202'))[0]?.remote, { number: '201', name: null, presentable: true });
  });
});

describe('whose call it is', () => {
  test('the legs of a forced domain carry an address; its alias leads to the tenant', () => {
    const live = picture();
    const a = new FakeChannel({ id: 'a', presence: '201@192.0.2.5', direction: 'inbound', from: '201', to: '202' });
    feed(live, [a.create()]);
    assert.equal(wordsOf(live.calls.legs(acme('201'))), 'trying>202');
    assert.deepEqual(live.calls.legs(globex('201')), []);
  });

  test('a domain that is nobody’s lights no lamp, not even one with the same number', () => {
    const live = picture();
    const foreign = (presence: string) =>
      new FakeChannel({ id: presence, presence, direction: 'outbound', from: '201', to: '202' });
    const events = ['202@initech.example', '202', '@acme.example', '202@acme.example.evil.example', '202@'].flatMap(
      (it) => [foreign(it).create(), foreign(it).state('RINGING')],
    );
    assert.deepEqual(feed(live, events), []);
  });

  const authenticated = (user: string, from: string) => ({
    variable_sip_authorized: 'true',
    variable_user_name: user,
    variable_domain_name: 'acme.example',
    variable_sip_from_user: from,
    variable_sip_from_host: 'acme.example',
  });

  test('a phone that writes another user into From lights its own lamp, and only that', () => {
    const live = picture();
    const spoof = caller('a', '201', '203');
    const events = [spoof.event('CHANNEL_CREATE', authenticated('202', '201')), spoof.state('RINGING')];
    const { dialogs } = told(feed(live, events));
    assert.deepEqual(dialogs, { 202: ['trying>203', 'early>203'] });
    // Rows tell the From again; the older picture knows better.
    const row = { uuid: 'a', direction: 'inbound', callstate: 'RINGING', presence_id: '201@acme.example', dest: '203' };
    const rows = readChannels(JSON.stringify({ row_count: 1, rows: [row] }), domains) ?? [];
    assert.deepEqual(picture(rows, live).snapshot().dialogs, live.snapshot().dialogs);
  });

  test('nor the lamp of the same number in another tenant, whose domain it writes there', () => {
    const live = picture();
    const spoof = new FakeChannel({
      id: 'a',
      presence: '202@globex.example',
      direction: 'inbound',
      from: '202',
      to: '203',
      more: { ...authenticated('202', '202'), variable_sip_from_host: 'globex.example' },
    });
    assert.deepEqual(told(feed(live, [spoof.create()])).dialogs, { 202: ['trying>203'] });
  });

  test('a From that is the alias of the user, or a presence that the directory names, is believed', () => {
    const live = picture();
    const alias = caller('a', '201', '1').event('CHANNEL_CREATE', {
      ...authenticated('alice', '201'),
      variable_number_alias: '201',
    });
    const shared = caller('b', '203', '2').event('CHANNEL_CREATE', authenticated('202', '202'));
    feed(live, [alias, shared]);
    assert.equal(wordsOf(live.calls.legs(acme('201'))), 'trying>1');
    assert.equal(wordsOf(live.calls.legs(acme('203'))), 'trying>2');
  });

  test('a profile that manages no presence names the authenticated user only', () => {
    const live = picture();
    const { 'Channel-Presence-ID': _, ...event } = caller('a', '201', '202').create();
    feed(live, [{ ...event, ...authenticated('201', '201') }]);
    assert.equal(wordsOf(live.calls.legs(acme('201'))), 'trying>202');
  });

  test('a channel of the PBX to itself is no phone, whatever presence it inherits', () => {
    const loop = called('l', '202', '201', 'a', { 'Channel-Name': 'loopback/202-a' });
    assert.deepEqual(feed(picture(), [loop.create(), loop.state('RINGING')]), []);
    const row = { uuid: 'l', name: 'loopback/202-a', direction: 'outbound', callstate: 'RINGING' };
    const rows = readChannels(
      JSON.stringify({ row_count: 1, rows: [{ ...row, presence_id: '202@acme.example' }] }),
      domains,
    );
    assert.deepEqual(
      rows?.map((it) => it.aor),
      [null],
    );
  });

  test('an event without the AOR, as the first one of a channel, loses nothing', () => {
    const live = picture();
    const a = caller('a', '201', '202');
    const { 'Channel-Presence-ID': _, ...first } = a.create();
    assert.deepEqual(feed(live, [first]), []);
    feed(live, [a.create()]);
    assert.equal(wordsOf(live.calls.legs(acme('201'))), 'trying>202');
  });

  test('a channel that becomes another one’s leaves the first lamp', () => {
    const live = picture();
    const a = caller('a', '201', '202');
    feed(live, [a.create()]);
    const { dialogs } = told(feed(live, [{ ...a.create(), 'Channel-Presence-ID': '203@acme.example' }]));
    assert.deepEqual(dialogs, { 201: ['-'], 203: ['trying>202'] });
  });

  test('somebody who is no user of the directory is not told', () => {
    const a = new FakeChannel({ id: 'a', presence: '999@acme.example', direction: 'inbound', from: '999', to: '1' });
    assert.deepEqual(feed(picture(), [a.create(), a.state('ACTIVE')]), []);
  });
});

describe('the life of a leg', () => {
  test('phases only move forward, whatever comes late', () => {
    const live = picture();
    const a = caller('a', '201', '202');
    feed(live, [a.create(), a.state('ACTIVE')]);
    assert.deepEqual(feed(live, [a.event('CHANNEL_CALLSTATE', { 'Channel-Call-State': 'RINGING' })]), []);
    assert.equal(wordsOf(live.calls.legs(acme('201'))), 'confirmed>202');
  });

  test('a channel that is gone stays gone, also in a picture read from a list that still has it', () => {
    const live = picture();
    const a = caller('a', '201', '202');
    const facts = [a.create(), a.state('ACTIVE')];
    feed(live, [...facts, a.hangup()]);
    assert.deepEqual(feed(live, [caller('a', '201', '202').state('ACTIVE')]), []);
    const next = picture([], live);
    assert.deepEqual(feed(next, facts), []);
  });

  test('each way to say that a channel is over ends it', () => {
    for (const end of [
      { 'Event-Name': 'CHANNEL_CALLSTATE', 'Channel-Call-State': 'HANGUP' },
      { 'Event-Name': 'CALL_UPDATE', 'Answer-State': 'hangup' },
      { 'Event-Name': 'CHANNEL_HANGUP_COMPLETE' },
      { 'Event-Name': 'CHANNEL_DESTROY' },
    ]) {
      const live = picture();
      const a = caller('a', '201', '202');
      feed(live, [a.create(), { ...a.event(''), ...end } as Record<string, string>]);
      assert.deepEqual(live.snapshot().dialogs, [], JSON.stringify(end));
    }
  });

  test('Event-Sequence says nothing: the order of arrival counts', () => {
    const events = recorded('call-hold-by-both').map((it, at) => ({ ...it, 'Event-Sequence': String(9000 - at) }));
    assert.deepEqual(feed(picture(), events), feed(picture(), recorded('call-hold-by-both')));
  });

  test('a call state that is not known changes nothing', () => {
    const live = picture();
    const a = caller('a', '201', '202');
    feed(live, [a.create(), a.state('HELD', { 'Answer-State': 'answered' })]);
    assert.deepEqual(feed(live, [a.state('WHATEVER', { 'Answer-State': '?' })]), []);
  });

  test('ten thousand calls leave nothing behind', () => {
    const live = picture();
    for (let n = 0; n < 10_000; n++) {
      const a = caller(`a${n}`, '201', '202');
      feed(live, [a.create(), a.hangup()]);
    }
    assert.deepEqual([...live.calls.ids], []);
    assert.deepEqual(live.snapshot().dialogs, []);
  });
});
