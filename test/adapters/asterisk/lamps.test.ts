import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { AgentTable } from '../../../adapters/asterisk/agents.ts';
import { type AmiEvent, readAmi } from '../../../adapters/asterisk/events.ts';
import type { Fact, Member } from '../../../adapters/asterisk/facts.ts';
import { customState, dayNightRows, readQueues } from '../../../adapters/asterisk/lamp-events.ts';
import { Picture, type Reading } from '../../../adapters/asterisk/picture.ts';
import { userOf } from '../../../src/model/aor.ts';
import type { PbxEvent } from '../../../src/model/pbx-event.ts';

const start = 1_700_000_000_000;
const phones = ['1001', '1002', '1003'].map((user) => ({ user, displayName: `Phone ${user}`, mailbox: null }));
const channel: Fact = { fact: 'caller-withheld', id: 'c.1', withheld: false };

function picture(more: Partial<Reading> = {}, older: Picture | null = null, now = () => start): Picture {
  return new Picture('main', 'lab.test', { phones, contacts: new Map(), facts: [], ...more }, now, older);
}

/** `park+701 confirmed Ann<07001>`, `park+701 -`, `agent 1003 ready`: what was told, in order. */
function told(events: readonly PbxEvent[]): readonly string[] {
  return events.flatMap((event) => {
    if (event.type === 'agent')
      return [`agent ${userOf(event.aor)} ${event.agent?.phase} ${event.agent?.reason ?? ''}`.trim()];
    if (event.type !== 'dialogs') return [];
    const legs = event.legs.map(({ phase, holding, remote }) => {
      const who = remote.presentable ? `${remote.name ?? ''}<${remote.number ?? ''}>` : 'withheld';
      return `${phase}${holding ? ' held' : ''} ${who}`;
    });
    return [`${userOf(event.aor)} ${legs.join(' + ') || '-'}`];
  });
}

function feed(to: Picture, ...events: readonly AmiEvent[]): readonly string[] {
  return told(events.flatMap((event) => readAmi(event, false).facts.flatMap((fact) => to.apply(fact))));
}

const inSlot = {
  ParkeeChannel: 'PJSIP/provider-00000001',
  ParkeeUniqueid: 'c.1',
  ParkeeCallerIDNum: '07001',
  ParkeeCallerIDName: 'Ann',
  Parkinglot: 'default',
  ParkingSpace: '701',
};
const inQueue = {
  Queue: 'sales',
  Uniqueid: 'c.1',
  Channel: 'PJSIP/provider-00000001',
  CallerIDNum: '07001',
  CallerIDName: '<unknown>',
};
const inRoom = (id: string) => ({ Conference: '8000', Uniqueid: id, Channel: `PJSIP/1001-0000000${id.slice(-1)}` });

describe('parking', () => {
  test('a parked call lights slot and lot with the caller, once it is known that he may be shown', () => {
    const it = picture();
    assert.deepEqual(feed(it, { Event: 'ParkedCall', ...inSlot }), [
      'park+701 confirmed withheld',
      'park+default confirmed withheld',
    ]);
    assert.deepEqual(
      it.unaskedCallers.map((caller) => caller.channel),
      ['c.1', 'c.1'],
    );
    assert.deepEqual(told(it.apply(channel)), ['park+701 confirmed Ann<07001>', 'park+default confirmed Ann<07001>']);
    assert.deepEqual(it.unaskedCallers, []);
  });

  test('a caller who withholds himself is nobody', () => {
    const it = picture();
    feed(it, { Event: 'ParkedCall', ...inSlot });
    assert.deepEqual(told(it.apply({ ...channel, withheld: true })), []);
    const lamp = it.snapshot().dialogs.find((one) => one.aor === 'park+701@lab.test');
    assert.deepEqual(lamp?.legs[0]?.remote, { number: null, name: null, presentable: false });
  });

  for (const end of ['UnParkedCall', 'ParkedCallTimeOut', 'ParkedCallGiveUp']) {
    test(`${end} puts both lamps out, and is harmless when repeated`, () => {
      const it = picture();
      feed(it, { Event: 'ParkedCall', ...inSlot }, { Event: 'ParkedCall', ...inSlot });
      assert.deepEqual(feed(it, { Event: end, ...inSlot }), ['park+701 -', 'park+default -']);
      assert.deepEqual(feed(it, { Event: end, ...inSlot }), []);
    });
  }

  test('a channel that takes the place of a parked one is who is parked; the lot forgets the other when it hangs up', () => {
    const it = picture();
    feed(it, { Event: 'ParkedCall', ...inSlot });
    const other = { ...inSlot, ParkeeUniqueid: 'c.2', ParkeeChannel: 'PJSIP/1002-00000002', ParkeeCallerIDNum: '1002' };
    feed(it, { Event: 'ParkedCallSwap', ...other });
    it.apply({ fact: 'gone', id: 'c.1' });
    it.apply({ ...channel, id: 'c.2' });
    assert.deepEqual(
      it.snapshot().dialogs.map(({ aor, legs }) => `${userOf(aor)} ${legs.map((leg) => leg.remote.number)}`),
      ['park+701 1002', 'park+default 1002'],
    );
  });

  test('two lots that number their slots alike: the slot is lit while one of them has somebody there', () => {
    const it = picture();
    const other = { ...inSlot, ParkeeUniqueid: 'c.2', ParkeeCallerIDNum: '1002', Parkinglot: 'tenant2' };
    feed(it, { Event: 'ParkedCall', ...inSlot }, { Event: 'ParkedCall', ...other });
    assert.deepEqual(feed(it, { Event: 'UnParkedCall', ...other }), ['park+701 confirmed withheld', 'park+tenant2 -']);
    assert.deepEqual(feed(it, { Event: 'UnParkedCall', ...inSlot }), ['park+701 -', 'park+default -']);
  });

  test('who hung up is parked nowhere, whichever link says so first', () => {
    const it = picture();
    feed(it, { Event: 'ParkedCall', ...inSlot });
    assert.deepEqual(told(it.apply({ fact: 'gone', id: 'c.1' })), ['park+701 -', 'park+default -']);
    assert.deepEqual(feed(it, { Event: 'ParkedCall', ...inSlot }), []);
  });

  test('a lamp that goes on again is another dialog; a reading keeps the dialog of one that stays on', () => {
    const it = picture();
    const legOf = (from: Picture) => from.snapshot().dialogs.find(({ aor }) => aor === 'park+701@lab.test')?.legs[0];
    feed(it, { Event: 'ParkedCall', ...inSlot });
    it.apply(channel);
    const first = legOf(it);
    const facts = readAmi({ Event: 'ParkedCall', ...inSlot }, false).facts;
    const next = picture({ facts }, it, () => start + 60_000);
    assert.deepEqual(legOf(next), first);
    feed(next, { Event: 'UnParkedCall', ...inSlot }, { Event: 'ParkedCall', ...inSlot });
    assert.notEqual(legOf(next)?.id, first?.id);
  });

  test('who is parked while the PBX is read keeps the dialog that was told, and his name', () => {
    const it = picture();
    const legOf = (from: Picture) => from.snapshot().dialogs.find(({ aor }) => aor === 'park+701@lab.test')?.legs[0];
    // After the slots were listed; what happened meanwhile is played on the new picture too.
    feed(it, { Event: 'ParkedCall', ...inSlot });
    it.apply(channel);
    const next = picture({}, it, () => start + 50);
    feed(next, { Event: 'ParkedCall', ...inSlot });
    assert.deepEqual(legOf(next), legOf(it));
    feed(next, { Event: 'UnParkedCall', ...inSlot }, { Event: 'ParkedCall', ...inSlot });
    assert.notEqual(legOf(next)?.id, legOf(it)?.id, 'once read, it is another dialog');
  });

  test('an end that no event told is found by the next reading; the slot stays known', () => {
    const it = picture();
    feed(it, { Event: 'ParkedCall', ...inSlot });
    const next = picture({}, it).snapshot();
    assert.deepEqual(next.dialogs, []);
    assert.ok(next.extensions.some(({ aor, lamp }) => aor === 'park+701@lab.test' && lamp === true));
  });

  test('a slot or lot whose name cannot be an address lights nothing', () => {
    const it = picture();
    const odd = { ...inSlot, ParkingSpace: '701@evil"<', Parkinglot: 'a b\u0000' };
    assert.deepEqual(feed(it, { Event: 'ParkedCall', ...odd }), []);
    assert.deepEqual(
      it.snapshot().extensions.filter(({ lamp }) => lamp),
      [],
    );
  });
});

describe('queues', () => {
  test('each caller who waits is a dialog, until he is served, leaves or hangs up', () => {
    const it = picture();
    feed(it, { Event: 'QueueCallerJoin', ...inQueue });
    it.apply(channel);
    const second = { ...inQueue, Uniqueid: 'c.2', CallerIDNum: '07002' };
    feed(it, { Event: 'QueueCallerJoin', ...second });
    assert.deepEqual(told(it.apply({ ...channel, id: 'c.2' })), ['queue+sales confirmed <07001> + confirmed <07002>']);
    assert.deepEqual(feed(it, { Event: 'QueueCallerLeave', ...inQueue }), ['queue+sales confirmed <07002>']);
    assert.deepEqual(feed(it, { Event: 'QueueCallerAbandon', ...second }, { Event: 'QueueCallerLeave', ...second }), [
      'queue+sales -',
    ]);
  });

  test('a list of all queues is taken as a difference: who is not in it waits no more', () => {
    const it = picture();
    feed(it, { Event: 'QueueCallerJoin', ...inQueue });
    const rows = [
      { Event: 'QueueParams', Queue: 'sales' },
      { Event: 'QueueParams', Queue: 'support' },
      { Event: 'QueueEntry', ...inQueue, Uniqueid: 'c.9', ConnectedLineNum: 'unknown' },
    ];
    assert.deepEqual(told(it.apply(readQueues(rows))), ['queue+sales -', 'queue+sales confirmed withheld']);
    assert.deepEqual(told(it.apply(readQueues(rows))), []);
    assert.ok(it.snapshot().extensions.some(({ aor }) => aor === 'queue+support@lab.test'));
  });
});

describe('conferences', () => {
  test('one alone is early, two are confirmed, who stays alone is early again, the end is dark; twice announced is once', () => {
    const it = picture();
    assert.deepEqual(feed(it, { Event: 'ConfbridgeStart', Conference: '8000' }), []);
    assert.deepEqual(feed(it, { Event: 'ConfbridgeJoin', ...inRoom('c.1') }), ['conf+8000 early <>']);
    assert.deepEqual(feed(it, { Event: 'ConfbridgeJoin', ...inRoom('c.1') }), []);
    assert.deepEqual(feed(it, { Event: 'ConfbridgeJoin', ...inRoom('c.2') }), ['conf+8000 confirmed <>']);
    assert.deepEqual(feed(it, { Event: 'ConfbridgeLeave', ...inRoom('c.1') }), ['conf+8000 early <>']);
    assert.deepEqual(feed(it, { Event: 'ConfbridgeLeave', ...inRoom('c.2') }), ['conf+8000 -']);
    assert.deepEqual(feed(it, { Event: 'ConfbridgeEnd', Conference: '8000' }), []);
  });

  test('a reading, and what happened during it, leave the dialog of a room as it was told', () => {
    const it = picture({ facts: [born('c.1'), born('c.2')] });
    feed(it, { Event: 'ConfbridgeJoin', ...inRoom('c.1') }, { Event: 'ConfbridgeJoin', ...inRoom('c.2') });
    const legs = (of: typeof it) => of.snapshot().dialogs.find(({ aor }) => aor === 'conf+8000@lab.test')?.legs;
    const both = legs(it);
    const members = ['c.1', 'c.2'].map((channel) => ({ fact: 'room', room: '8000', channel, inside: true }) as const);
    assert.deepEqual(legs(picture({ facts: [born('c.1'), born('c.2'), ...members] }, it)), both);
    feed(it, { Event: 'ConfbridgeLeave', ...inRoom('c.2') });
    const next = picture({ facts: [born('c.1'), born('c.2'), ...members] }, it);
    feed(next, { Event: 'ConfbridgeLeave', ...inRoom('c.2') });
    assert.deepEqual(legs(next), legs(it));
  });

  test('ConfbridgeEnd empties a room whose leaving nobody told, and so does the end of its channels', () => {
    const it = picture();
    feed(it, { Event: 'ConfbridgeJoin', ...inRoom('c.1') });
    assert.deepEqual(feed(it, { Event: 'ConfbridgeEnd', Conference: '8000' }), ['conf+8000 -']);
    feed(it, { Event: 'ConfbridgeJoin', ...inRoom('c.2') });
    assert.deepEqual(told(it.apply({ fact: 'gone', id: 'c.2' })), ['conf+8000 -']);
  });

  test('where rooms cannot be listed, what events told stands as long as the channels do', () => {
    const it = picture({ facts: [born('c.1'), born('c.2')] });
    feed(it, { Event: 'ConfbridgeJoin', ...inRoom('c.1') }, { Event: 'ConfbridgeJoin', ...inRoom('c.2') });
    const next = picture({ facts: [born('c.1')], unread: ['conf'] }, it);
    assert.equal(next.snapshot().dialogs.filter(({ aor }) => aor === 'conf+8000@lab.test').length, 1);
    assert.deepEqual(feed(next, { Event: 'ConfbridgeLeave', ...inRoom('c.1') }), ['conf+8000 -']);
  });

  test('where rooms cannot be listed, one whose channels are all gone is dark', () => {
    const it = picture({ facts: [born('c.1')] });
    feed(it, { Event: 'ConfbridgeJoin', ...inRoom('c.1') });
    assert.deepEqual(picture({ unread: ['conf'] }, it).snapshot().dialogs, []);
  });
});

describe('states of the dialplan', () => {
  const states: readonly [string, string][] = [
    ['INUSE', 'confirmed <>'],
    ['BUSY', 'confirmed <>'],
    ['ONHOLD', 'confirmed held <>'],
    ['RINGING', 'early <>'],
    ['RINGINUSE', 'early <>'],
  ];
  for (const [state, words] of states) {
    test(`${state} is ${words}`, () => {
      assert.deepEqual(feed(picture(), change('Custom:Open', state)), [`custom+Open ${words}`]);
    });
  }

  for (const state of ['NOT_INUSE', 'UNAVAILABLE', 'UNKNOWN', 'INVALID', '']) {
    test(`${state || 'no state'} is dark`, () => {
      const it = picture();
      feed(it, change('Custom:Open', 'INUSE'));
      assert.deepEqual(feed(it, change('Custom:Open', state)), ['custom+Open -']);
    });
  }

  test('the case of letters is part of the name', () => {
    const it = picture();
    feed(it, change('Custom:Open', 'INUSE'), change('Custom:open', 'NOT_INUSE'));
    assert.deepEqual(
      it.snapshot().extensions.flatMap(({ aor, lamp }) => (lamp ? [aor] : [])),
      ['custom+Open@lab.test', 'custom+open@lab.test'],
    );
    assert.deepEqual(
      it.snapshot().dialogs.map(({ aor }) => aor),
      ['custom+Open@lab.test'],
    );
  });

  test('what rings after it was lit is another dialog: phases never go back', () => {
    const it = picture();
    const ids = ['INUSE', 'RINGING', 'INUSE', 'ONHOLD'].map((state) => {
      feed(it, change('Custom:Open', state));
      const [leg] = it.snapshot().dialogs[0]?.legs ?? [];
      return `${leg?.phase} ${leg?.id}`;
    });
    assert.equal(new Set(ids.slice(0, 3)).size, 3);
    assert.equal(ids[3], ids[2]);
  });

  test('other devices are no lamps, nor are names that cannot be an address', () => {
    for (const device of [
      'PJSIP/1001',
      'Queue:sales',
      'park:701@parkedcalls',
      'Custom:',
      'Custom:a b',
      'Custom:a@b<>',
    ]) {
      assert.deepEqual(customState(device, 'INUSE'), [], device);
    }
  });

  test('a day/night switch is lit at night, by its state at once and by its row for good', () => {
    const it = picture();
    assert.deepEqual(feed(it, change('Custom:DAYNIGHT3', 'INUSE')), [
      'custom+DAYNIGHT3 confirmed <>',
      'flow+3 confirmed <>',
    ]);
    const rows = (value: string) =>
      dayNightRows(
        new Map([
          ['DAYNIGHT/C3', value],
          ['DAYNIGHT/other', 'NIGHT'],
        ]),
      );
    assert.deepEqual(told(rows('NIGHT').flatMap((fact) => it.apply(fact))), []);
    assert.deepEqual(told(rows('DAY').flatMap((fact) => it.apply(fact))), ['flow+3 -']);
  });
});

describe('hints of the dialplan', () => {
  test('a lamp is told under the number of its hint too, as dialogs of their own; a phone keeps its number', () => {
    const aliases = new Map([
      ['*281', 'custom+DAYNIGHT1'],
      ['1001', 'custom+DAYNIGHT1'],
    ]);
    const it = picture({ aliases, lamps: ['custom+DAYNIGHT1'] });
    assert.deepEqual(feed(it, change('Custom:DAYNIGHT1', 'INUSE')), [
      'custom+DAYNIGHT1 confirmed <>',
      '*281 confirmed <>',
      'flow+1 confirmed <>',
    ]);
    const { extensions, dialogs } = it.snapshot();
    assert.deepEqual(
      extensions.filter(({ lamp }) => lamp).map(({ aor }) => userOf(aor)),
      ['custom+DAYNIGHT1', 'flow+1', '*281'],
    );
    assert.equal(new Set(dialogs.flatMap(({ legs }) => legs.map(({ id }) => id))).size, 3);
    assert.deepEqual(feed(it, change('Custom:DAYNIGHT1', 'NOT_INUSE')), ['custom+DAYNIGHT1 -', '*281 -', 'flow+1 -']);
  });
});

describe('members of queues', () => {
  const member = (more: Partial<Member> = {}): Member => ({
    queue: 'sales',
    interface: 'PJSIP/1001',
    stateInterface: '',
    fixed: false,
    penalty: '0',
    paused: false,
    pauseReason: '',
    lastPause: 0,
    inCall: false,
    lastCall: 0,
    wrapUp: 0,
    ...more,
  });
  const event = (name: string, more: Readonly<Record<string, string>> = {}): AmiEvent => ({
    Event: name,
    Queue: 'sales',
    Interface: 'PJSIP/1001',
    StateInterface: 'PJSIP/1001',
    Membership: 'dynamic',
    Paused: '0',
    PausedReason: '',
    InCall: '0',
    LastCall: '0',
    ...more,
  });

  test('login, break with a reason, back, a call, logout: agent and lamp follow', () => {
    const it = picture();
    assert.deepEqual(feed(it, event('QueueMemberAdded')), ['agent+1001 confirmed <>', 'agent 1001 ready']);
    assert.deepEqual(feed(it, event('QueueMemberPause', { Paused: '1', PausedReason: 'lunch' })), [
      'agent+1001 early <>',
      'agent 1001 notReady lunch',
    ]);
    assert.deepEqual(feed(it, event('QueueMemberPause')), ['agent+1001 confirmed <>', 'agent 1001 ready']);
    assert.deepEqual(feed(it, event('AgentConnect')), ['agent+1001 confirmed <sales>']);
    // what app_queue says of a member in these moments was true a moment before
    assert.deepEqual(feed(it, event('QueueMemberStatus', { InCall: '0' })), []);
    assert.deepEqual(feed(it, event('AgentComplete')), ['agent+1001 confirmed <>']);
    assert.deepEqual(feed(it, event('QueueMemberStatus', { InCall: '1' })), []);
    assert.deepEqual(feed(it, event('AgentComplete')), []);
    assert.deepEqual(feed(it, event('QueueMemberRemoved')), ['agent+1001 -', 'agent 1001 loggedOff']);
    assert.deepEqual(it.snapshot().agents, [{ aor: '1001@lab.test', agent: { phase: 'loggedOff', reason: null } }]);
  });

  test('of several queues: one that is open makes him ready, else one that wraps up, else the newest reason', () => {
    const table = new AgentTable(() => start, new Map([['sales', 30]]), []);
    const lastCall = start / 1000 - 10;
    const state = (...members: readonly Member[]) => {
      table.replace(members);
      const { phase, reason } = table.state('1001') ?? {};
      return `${phase} ${reason}`;
    };
    const paused = member({ paused: true, pauseReason: 'lunch', lastPause: 5 });
    const later = member({ queue: 'vip', paused: true, pauseReason: 'meeting', lastPause: 9 });
    assert.equal(state(paused, member({ queue: 'support' })), 'ready null');
    assert.equal(state(paused, later), 'notReady meeting');
    assert.equal(state(paused, member({ queue: 'vip', paused: true, lastPause: 9 })), 'notReady lunch');
    assert.equal(state(later, member({ lastCall })), 'workingAfterCall null');
    assert.equal(state(member({ lastCall }), member({ queue: 'support', lastCall })), 'ready null');
    assert.equal(state(member({ paused: true, pauseReason: 'workingAfterCall' }), later), 'workingAfterCall null');
    assert.equal(state(member({ fixed: true, paused: true, pauseReason: 'loggedOff' })), 'loggedOff null');
    assert.equal(state(), 'loggedOff null');
  });

  test('a wrap-up ends by the clock, and by ours where that of the PBX goes ahead', () => {
    let now = start;
    const it = picture({ wrapUps: new Map([['sales', 30]]) }, null, () => now);
    const ahead = { LastCall: String(start / 1000 + 3600) };
    feed(it, event('QueueMemberAdded'));
    assert.deepEqual(feed(it, event('QueueMemberStatus', ahead)), ['agent 1001 workingAfterCall']);
    assert.equal(it.agents.nextEnd, start + 30_000);
    now += 29_000;
    assert.deepEqual(told(it.apply({ fact: 'tick' })), []);
    const next = picture(
      { wrapUps: new Map([['sales', 30]]), facts: readAmi(event('QueueMemberStatus', ahead), false).facts },
      it,
      () => now,
    );
    assert.equal(next.agents.nextEnd, start + 30_000);
    now += 1_000;
    assert.deepEqual(told(next.apply({ fact: 'tick' })), ['agent 1001 ready']);
    assert.equal(next.agents.nextEnd, null);
  });

  test('a call that ends begins a wrap-up at once, whatever is still told of the call before', () => {
    const it = picture({ wrapUps: new Map([['sales', 30]]) });
    feed(it, event('QueueMemberAdded'), event('AgentConnect'));
    assert.deepEqual(feed(it, event('AgentComplete')), ['agent+1001 confirmed <>', 'agent 1001 workingAfterCall']);
    assert.deepEqual(feed(it, event('QueueMemberStatus', { LastCall: '0' })), []);
  });

  test('a list says who is in a call', () => {
    const it = picture();
    const rows = (InCall: string) => [{ ...event('QueueMember', { InCall }), Location: 'PJSIP/1001' }];
    assert.deepEqual(told(it.apply(readQueues(rows('1')))), ['agent+1001 confirmed <sales>', 'agent 1001 ready']);
    assert.deepEqual(told(it.apply(readQueues(rows('0')))), ['agent+1001 confirmed <>']);
  });

  test('a member who is no phone here has a lamp, and is no agent', () => {
    const it = picture();
    assert.deepEqual(feed(it, event('QueueMemberAdded', { Interface: 'PJSIP/4711', StateInterface: 'PJSIP/4711' })), [
      'agent+4711 confirmed <>',
    ]);
    assert.deepEqual(it.snapshot().agents, []);
  });
});

test('a recorded afternoon: every lamp that was lit is dark in the end, and nothing is told twice when all is said twice', () => {
  const lines = readFileSync(new URL('../../../../test/fixtures/asterisk/lamps.jsonl', import.meta.url), 'utf8');
  const events = lines
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly ami: AmiEvent }).ami);
  const play = (list: readonly AmiEvent[]) => {
    const it = picture();
    const words = feed(it, ...list);
    return { words, dialogs: it.snapshot().dialogs.map(({ aor }) => aor), agents: it.snapshot().agents };
  };
  const live = play(events);
  for (const lamp of [
    'park+71',
    'park+default',
    'conf+8000',
    'queue+support',
    'agent+1003',
    'custom+Open1',
    'flow+1',
  ]) {
    assert.ok(
      live.words.some((it) => it.startsWith(`${lamp} confirmed`)),
      `${lamp} was never lit`,
    );
    assert.ok(
      live.words.some((it) => it === `${lamp} -`),
      `${lamp} never went out`,
    );
  }
  assert.deepEqual(live.dialogs, []);
  assert.deepEqual(
    live.words.filter((it) => it.startsWith('agent 1003')),
    ['agent 1003 ready', 'agent 1003 notReady lunch', 'agent 1003 ready', 'agent 1003 loggedOff'],
  );
  assert.deepEqual(play(events.flatMap((it) => [it, it])).words, live.words);
});

function change(device: string, state: string): AmiEvent {
  return { Event: 'DeviceStateChange', Device: device, State: state };
}

function born(id: string): Fact {
  return {
    fact: 'channel',
    id,
    name: `Local/x-${id}`,
    state: 'Up',
    connectedNumber: null,
    connectedName: null,
    exten: null,
    app: null,
    since: start,
    callId: null,
    linkedid: null,
  };
}
