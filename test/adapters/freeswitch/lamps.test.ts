import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EslEvent } from '../../../adapters/freeswitch/esl-event.ts';
import { readEsl } from '../../../adapters/freeswitch/events.ts';
import { isLamp } from '../../../adapters/freeswitch/lamp-events.ts';
import {
  readAgents,
  readChannels,
  readConferences,
  readMembers,
  readParked,
  readQueues,
} from '../../../adapters/freeswitch/listings.ts';
import { extensionsOf, freeswitchOptions } from '../../../adapters/freeswitch/options.ts';
import { Picture, type Reading } from '../../../adapters/freeswitch/picture.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { caller } from './channel-events.ts';
import { domains, feed, now, picture, recorded, told, wordsOf } from './recording.ts';

const lamp = (name: string, domain = 'acme.example') => aorOf(name, domain);

function lit(live: Picture, name: string, domain?: string): string {
  return wordsOf(live.snapshot().dialogs.find((it) => it.aor === lamp(name, domain))?.legs ?? []);
}

const custom = (subclass: string, more: EslEvent): EslEvent => ({
  'Event-Name': 'CUSTOM',
  'Event-Subclass': subclass,
  ...more,
});

const valet = (action: string, more: EslEvent = {}) =>
  custom('valet_parking::info', {
    'Valet-Lot-Name': 'park@acme.example',
    'Valet-Extension': '5901',
    Action: action,
    'Unique-ID': 'a',
    'Caller-Caller-ID-Number': '+15550100',
    'Caller-Caller-ID-Name': 'Zoe',
    ...more,
  });

describe('parking slots', () => {
  test('a parked call lights its slot and its lot with the parked party, until it is fetched', () => {
    const { dialogs } = told(feed(picture(), recorded('park-and-fetch')));
    assert.deepEqual(dialogs['park+5901'], ['confirmed<201', '-']);
    assert.deepEqual(dialogs['park+park'], ['confirmed<201', '-']);
    assert.deepEqual(dialogs['203'], ['trying>5901', 'early>5901', 'confirmed>5901', 'confirmed>201', '-']);
  });

  test('a caller who hangs up while parked is no longer parked, whatever is told of the slot', () => {
    const live = picture();
    const a = caller('a', '201', '5901');
    feed(live, [a.create(), a.state('ACTIVE'), valet('hold')]);
    assert.equal(lit(live, 'park+5901'), 'confirmed<+15550100');
    feed(live, [a.hangup()]);
    assert.equal(lit(live, 'park+5901'), '-');
  });

  test('who is parked while the PBX is read keeps the dialog that was told', () => {
    const live = picture();
    const a = caller('a', '201', '5901');
    const idOf = (from: Picture) => from.snapshot().dialogs.find((it) => it.aor === lamp('park+5901'))?.legs[0]?.id;
    feed(live, [a.create(), a.state('ACTIVE'), valet('hold')]);
    // The slots were listed before that; what happened meanwhile is played on the new picture too.
    const reading = { users: [], facts: [], lamps: [], gap: false, keyLamps: false };
    const next = new Picture('main', { ...reading, lampKinds: ['park'] }, now, live);
    feed(next, [a.create(), a.state('ACTIVE'), valet('hold')]);
    assert.equal(idOf(next), idOf(live));
    feed(next, [valet('exit'), valet('hold')]);
    assert.notEqual(idOf(next), idOf(live), 'once read, it is another dialog');
  });

  test('two calls in one lot light two slots, and the lot until both are gone', () => {
    const live = picture();
    const second = { 'Valet-Extension': '5902', 'Unique-ID': 'b' };
    feed(live, [valet('hold'), valet('hold', second), valet('exit')]);
    assert.deepEqual([lit(live, 'park+5901'), lit(live, 'park+5902')], ['-', 'confirmed<+15550100']);
    assert.equal(lit(live, 'park+park'), 'confirmed<+15550100');
    feed(live, [valet('exit', second)]);
    assert.equal(lit(live, 'park+park'), '-');
  });

  test('a lot without a domain in its name belongs to the tenant of the parked channel', () => {
    const live = picture();
    feed(live, [valet('hold', { 'Valet-Lot-Name': 'lot', variable_domain_name: 'globex.example' })]);
    feed(live, [valet('hold', { 'Valet-Lot-Name': 'hall', 'Channel-Presence-ID': '201@acme.example' })]);
    assert.equal(lit(live, 'park+lot', 'globex.example'), 'confirmed<+15550100');
    assert.equal(lit(live, 'park+5901', 'globex.example'), 'confirmed<+15550100');
    assert.equal(lit(live, 'park+hall'), 'confirmed<+15550100');
    assert.deepEqual(feed(live, [valet('hold', { 'Valet-Lot-Name': 'lot@initech.example' })]), []);
  });

  test('who withholds his number is not named on a slot, neither by an event nor by a list', () => {
    const live = picture();
    const a = caller('a', '201', '5901', { 'Caller-Privacy-Hide-Number': 'true' });
    feed(live, [a.create(), a.state('ACTIVE'), valet('hold')]);
    assert.equal(lit(live, 'park+5901'), 'confirmed<?');
    const list = '<lots>\n<lot name="park@acme.example">\n<extension uuid="a">5901</extension>\n</lot>\n</lots>\n';
    const parked = readParked(list, () => ({ number: '201', name: null }), domains);
    // A row of a channel that is known already tells nothing of privacy.
    const row = { row_count: 1, rows: [{ uuid: 'a', direction: 'inbound', callstate: 'ACTIVE' }] };
    const rows = readChannels(JSON.stringify(row), domains) ?? [];
    assert.equal(lit(picture([...rows, ...(parked?.facts ?? [])], live), 'park+5901'), 'confirmed<?');
  });

  test('no more than a thousand slots that nobody configured are remembered', () => {
    const live = picture();
    for (let n = 0; n < 3000; n++) {
      feed(live, [valet('hold', { 'Valet-Extension': `x${n}` }), valet('exit', { 'Valet-Extension': `x${n}` })]);
    }
    assert.ok(live.snapshot().extensions.length < 1100);
  });
});

describe('conferences', () => {
  const conference = (action: string, size: number, name = '3001-acme.example') =>
    custom('conference::maintenance', {
      Action: action,
      'Conference-Name': name,
      'Conference-Domain': 'acme.example',
      'Conference-Size': String(size),
      'Conference-Unique-ID': 'c',
    });

  test('who is alone is early, first or last, two are confirmed, and it ends with the last', () => {
    const { dialogs } = told(
      feed(picture(), [
        conference('conference-create', 0),
        conference('add-member', 1),
        conference('add-member', 2),
        conference('start-talking', 2),
        conference('del-member', 1),
        conference('del-member', 0),
        conference('conference-destroy', 0),
      ]),
    );
    const course = ['early<?', 'early<? | confirmed<?', 'confirmed<?', 'confirmed<? | early<?', 'early<?', '-'];
    assert.deepEqual(dialogs, { 'conf+3001-acme.example': course, 'conf+3001': course });
  });

  test('a conference of a domain that is not ours is none of ours', () => {
    const event = { ...conference('add-member', 1, '3001'), 'Conference-Domain': 'initech.example' };
    assert.deepEqual(feed(picture(), [event]), []);
  });

  test('a tenant who dials another one’s conference lights no lamp of his own with it', () => {
    const other = domains.names.find((name) => name !== 'acme.example');
    assert.ok(other);
    const event = { ...conference('add-member', 1), 'Conference-Domain': other };
    const lit = feed(picture(), [event]).map((it) => ('aor' in it ? it.aor : it.type));
    assert.deepEqual(lit.sort(), ['conf+3001-acme.example@acme.example', 'conf+3001@acme.example']);
  });
});

describe('queues and agents', () => {
  const info = (action: string, more: EslEvent) => custom('callcenter::info', { 'CC-Action': action, ...more });
  const member = (action: string, id: string) =>
    info(action, {
      'CC-Queue': 'support@acme.example',
      'CC-Member-UUID': `m${id}`,
      'CC-Member-Session-UUID': id,
      'CC-Member-CID-Number': `+1555010${id}`,
    });
  const status = (text: string) =>
    info('agent-status-change', { 'CC-Agent': '203@acme.example', 'CC-Agent-Status': text });

  test('a queue is lit by those who wait in it, and dark when they are served or gone', () => {
    const { dialogs } = told(
      feed(picture(), [
        member('member-queue-start', '1'),
        member('member-queue-start', '2'),
        member('bridge-agent-start', '1'),
        member('member-queue-end', '1'),
        member('member-queue-end', '2'),
      ]),
    );
    assert.deepEqual(dialogs, {
      'queue+support': ['confirmed<+15550101', 'confirmed<+15550101 | confirmed<+15550102', 'confirmed<+15550102', '-'],
    });
  });

  test('a count of none clears what was lost', () => {
    const live = picture();
    feed(live, [member('member-queue-start', '1')]);
    const count = (n: string) => info('members-count', { 'CC-Queue': 'support@acme.example', 'CC-Count': n });
    assert.deepEqual(feed(live, [count('1')]), []);
    assert.deepEqual(told(feed(live, [count('0'), count('0')])).dialogs, { 'queue+support': ['-'] });
  });

  test('an agent who takes calls is on, one on a break blinks, one who is logged out is off', () => {
    const { dialogs, legs } = told(
      feed(picture(), [
        status('Available'),
        status('Available'),
        status('On Break'),
        status('Available (On Demand)'),
        status('Logged Out'),
      ]),
    );
    assert.deepEqual(dialogs, { 'agent+203': ['confirmed<?', 'early<?', 'confirmed<?', '-'] });
    // Going back is another dialog: phases only move forward.
    assert.equal(new Set(legs.map((it) => it.id)).size, 3);
  });
});

describe('lamps that were read', () => {
  const read = (reading: Partial<Reading>, older: Picture | null = null) =>
    new Picture(
      'main',
      { users: [], facts: [], lamps: [], lampKinds: [], gap: false, keyLamps: false, ...reading },
      now,
      older,
    );
  const nobody = () => ({ number: '+15550100', name: null });

  test('lists say the same as events', () => {
    const parked = readParked(
      '<lots>\n  <lot name="park@acme.example">\n    <extension uuid="a">5901</extension>\n  </lot>\n</lots>\n',
      nobody,
      domains,
    );
    const conferences = readConferences(
      '[{"conference_name":"3001-acme.example","member_count":2,"conference_uuid":"c"},{"conference_name":"3002"},7]',
      domains,
    );
    const agents = readAgents(
      'name|instance_id|uuid|type|contact|status|state\n203@acme.example|single_box||callback|user/203|On Break|Waiting\nbad|row\n+OK\n',
      domains,
    );
    const members = readMembers(
      'queue|instance_id|uuid|session_uuid|cid_number|cid_name|state\nsupport@acme.example|single_box|m1|s1|+1555|Zoe|Waiting\nsupport@acme.example|single_box|m2|s2|+1556|Yan|Answered\n+OK\n',
      domains,
    );
    const queues = readQueues('name|strategy|moh\nsales@acme.example|ring-all|x\n+OK\n', domains);
    const lists = [parked, conferences, agents, members, queues];
    const live = read({
      facts: lists.flatMap((it) => it?.facts ?? []),
      lamps: lists.flatMap((it) => it?.known ?? []),
      lampKinds: ['park', 'conf', 'queue', 'agent'],
    });
    assert.deepEqual(
      ['park+5901', 'park+park', 'conf+3001', 'agent+203', 'queue+support', 'queue+sales'].map((it) => lit(live, it)),
      ['confirmed<+15550100', 'confirmed<+15550100', 'confirmed<?', 'early<?', 'confirmed<+1555', '-'],
    );
    assert.ok(live.snapshot().extensions.some((it) => it.aor === lamp('queue+sales')));
  });

  test('an answer that is no list is none, an empty list is empty', () => {
    const error = '-ERR callcenter_config Command not found!';
    assert.deepEqual(
      [readParked(error, nobody, domains), readConferences('+OK No active conferences.', domains)],
      [null, null],
    );
    assert.deepEqual(
      [readAgents, readMembers, readQueues].map((it) => it(error, domains)),
      [null, null, null],
    );
    assert.deepEqual(readParked('<lots>\n</lots>\n', nobody, domains)?.facts, []);
    assert.deepEqual(readConferences('[]', domains)?.facts, []);
  });

  test('a kind that was read is as read; one that was not stands while its channel lives', () => {
    const before = picture();
    const a = caller('a', '201', '5901');
    feed(before, [a.create(), a.state('ACTIVE'), valet('hold'), valet('hold', { 'Unique-ID': 'gone' })]);
    const id = before.snapshot().dialogs.find((it) => it.aor === lamp('park+5901'))?.legs[0]?.id;
    const unread = read({ facts: readEsl(a.create(), domains).facts }, before);
    const legs = unread.snapshot().dialogs.find((it) => it.aor === lamp('park+5901'))?.legs;
    assert.deepEqual(
      legs?.map((it) => it.id),
      [id],
    );
    const anew = read({ facts: readEsl(a.create(), domains).facts, lampKinds: ['park'] }, before);
    assert.equal(lit(anew, 'park+5901'), '-');
    assert.ok(anew.snapshot().extensions.some((it) => it.aor === lamp('park+5901')));
  });
});

test('a conference that may have ended while nobody listened is dark, unless it was read; one of a minute ago stands', () => {
  const before = picture();
  const alone = { 'Conference-Name': '3001', 'Conference-Domain': 'acme.example', 'Conference-Unique-ID': 'c1' };
  const member = { 'Event-Name': 'CUSTOM', 'Event-Subclass': 'conference::maintenance', Action: 'add-member' };
  feed(before, [{ ...member, ...alone, 'Conference-Size': '2' }]);
  const again = (gap: boolean) =>
    new Picture('main', { users: [], facts: [], lamps: [], lampKinds: [], gap, keyLamps: false }, now, before);
  const lit = (it: Picture) => it.snapshot().dialogs.some(({ aor }) => aor === 'conf+3001@acme.example');
  assert.equal(lit(again(false)), true);
  assert.equal(lit(again(true)), false);
});

describe('lamps that are configured', () => {
  const parse = (extensions: readonly string[]) =>
    freeswitchOptions.safeParse({ esl: { password: 'x' }, extensions }).data?.extensions ?? [];

  test('stand among the extensions, ranges, domains and the star of FusionPBX included', () => {
    const entries = parse(['201', 'park+5901-5902', 'park+*5901@globex.example', 'queue+sales']);
    const aors = extensionsOf(entries, 'acme.example');
    const names = ['201', 'park+5901', 'park+5902', 'queue+sales'].map((it) => lamp(it));
    assert.deepEqual([...aors].sort(), [...names, lamp('park+*5901', 'globex.example')].sort());
    assert.deepEqual(
      aors.map((it) => isLamp(it)),
      [false, true, true, true, true],
    );
  });

  test('a lamp without a name, or of no kind, is refused', () => {
    for (const entry of ['park+', 'park+*', 'queue+@acme.example', 'park+5902-5901']) {
      assert.deepEqual(parse([entry]), [], entry);
    }
    // A user may have a plus in his name.
    assert.equal(isLamp(extensionsOf(parse(['201', 'a+b']), 'acme.example')[1] ?? lamp('')), false);
  });
});
