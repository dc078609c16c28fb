import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readEsl } from '../../../adapters/freeswitch/events.ts';
import type { Picture } from '../../../adapters/freeswitch/picture.ts';
import type { Leg } from '../../../src/model/pbx-event.ts';
import {
  acme,
  domains,
  dumpFacts,
  feed,
  globex,
  picture,
  play,
  recorded,
  seeded,
  shuffled,
  type Told,
  told,
} from './recording.ts';

const placesACall = ['trying>202', 'early>202', 'confirmed>202', '-'];
const givesUp = { 201: ['trying>202', 'early>202', '-'], 202: ['early<201', '-'] };
const dialsACode = (code: string) => [`trying>${code}`, `early>${code}`, `confirmed>${code}`, '-'];

/** One key per logical call and side: what the hub calls branches. */
function calls({ legs }: Told): readonly string[] {
  const ids = [...new Set(legs.map((it) => it.id))];
  const name = (id: string) => `x${ids.indexOf(id) + 1}`;
  return [...new Set(legs.map((it) => `${name(it.id)} of ${name(it.call)}`))];
}

describe('calls as FreeSWITCH tells them', () => {
  test('hold is shown on the phone whose user pressed it, first the called one, then the caller', () => {
    const { dialogs } = play(recorded('call-hold-by-both'));
    assert.deepEqual(dialogs, {
      201: ['trying>202', 'early>202', 'confirmed>202', 'confirmed>202 holding', 'confirmed>202', '-'],
      202: ['early<201', 'confirmed<201', 'confirmed<201 holding', 'confirmed<201', '-'],
    });
  });

  test('both legs are of one call, and each has Call-ID and tags of its own INVITE, the phone’s tag as the remote one', () => {
    const all = play(recorded('call-hold-by-both'));
    assert.deepEqual(calls(all), ['x1 of x1', 'x2 of x1']);
    const named = new Set(all.legs.flatMap((it) => (it.callId === undefined ? [] : [idsOf(it)])));
    // A re-INVITE by the called phone turns FreeSWITCH's own variables round; ours stay.
    assert.deepEqual([...named], ['hold-call-2 tag-hold-2 tag-hold-3', 'hold-call-1 tag-hold-4 tag-hold-1']);
  });

  test('a reading of the PBX after that re-INVITE finds the tags the right way round too', () => {
    const events = recorded('call-hold-by-both');
    const unheld = events.findIndex((it) => it['Event-Name'] === 'CHANNEL_UNHOLD');
    const live = picture(dumpFacts(events.slice(0, unheld + 1)));
    assert.deepEqual(live.calls.legs(acme('202')).map(idsOf), ['hold-call-2 tag-hold-2 tag-hold-3']);
  });

  test('a phone that rings and then answers busy rings for that long', () => {
    assert.deepEqual(play(recorded('call-busy')).dialogs, givesUp);
  });

  test('a cancelled call ends on both lamps', () => {
    assert.deepEqual(play(recorded('call-cancelled')).dialogs, givesUp);
  });

  test('a call to a phone that is not there, or wants none, lights the caller only', () => {
    assert.deepEqual(play(recorded('call-to-unregistered')).dialogs, { 201: ['trying>204', 'early>204', '-'] });
    assert.deepEqual(play(recorded('call-to-dnd')).dialogs, { 201: ['trying>202', 'early>202', '-'] });
  });

  test('a second call to a talking phone is a second dialog, of another call', () => {
    const all = play(recorded('call-second-waiting'));
    assert.deepEqual(all.dialogs, {
      201: placesACall,
      202: [
        'early<201',
        'confirmed<201',
        'confirmed<201 | early<204',
        'confirmed<201 | confirmed<204',
        'confirmed<204',
        '-',
      ],
      204: placesACall,
    });
    assert.deepEqual(calls(all), ['x1 of x1', 'x2 of x1', 'x3 of x3', 'x4 of x3']);
  });

  test('a blind transfer keeps the transferred leg confirmed throughout, and changes its remote party', () => {
    const { dialogs } = play(recorded('transfer-blind'));
    assert.deepEqual(dialogs, {
      201: placesACall,
      202: ['early<201', 'confirmed<201', 'confirmed<204', '-'],
      204: ['early<202', 'confirmed<202', '-'],
    });
  });

  test('a dialled feature code is a call of its own, and hints at the feature of that user', () => {
    const events = recorded('feature-code-dnd-on-off');
    assert.deepEqual(play(events).dialogs, { 201: [...dialsACode('*78'), ...dialsACode('*79')] });
    const hints = events.flatMap((it) => readEsl(it, domains).changed ?? []);
    const hint = { aor: acme('201'), feature: 'dnd' };
    assert.deepEqual(hints, [hint, hint]);
  });

  test('two tenants with the same numbers never see each other’s calls', () => {
    const { dialogs, events } = play(recorded('two-tenants'));
    assert.deepEqual(dialogs, {
      ...givesUp,
      '201@globex.example': ['trying>202', 'early>202', 'confirmed>202', 'confirmed>202 holding', 'confirmed>202', '-'],
      '202@globex.example': ['early<201', 'confirmed<201', 'confirmed<201 holding', 'confirmed<201', '-'],
    });
    const owners = new Map<string, Set<string>>();
    for (const event of events) {
      if (event.type !== 'dialogs') continue;
      for (const leg of event.legs) owners.set(leg.id, (owners.get(leg.id) ?? new Set()).add(event.aor));
    }
    assert.deepEqual(
      [...owners.values()].map((it) => it.size),
      [1, 1, 1, 1],
    );
    assert.notEqual(acme('202'), globex('202'));
  });
});

describe('registrations and messages as FreeSWITCH tells them', () => {
  test('a refreshed registration tells nothing; tries without a password are none', () => {
    assert.deepEqual(play(recorded('register')).contacts, ['201 1', '201 0']);
    const tries = recorded('register').filter((it) => /pre_register|attempt/.test(it['Event-Subclass'] ?? ''));
    assert.deepEqual([tries.length, play(tries).events], [6, []]);
  });

  test('a phone that went silent is gone when its registration expires', () => {
    assert.deepEqual(play(recorded('register-expire')).contacts, ['201 1', '201 0']);
  });

  test('messages that come and go tell all four counts', () => {
    assert.deepEqual(play(recorded('mwi')).mailboxes, [
      '201 0/0 (0/0)',
      '201 1/0 (0/0)',
      '201 0/0 (0/0)',
      '201 3/1 (1/0)',
    ]);
  });
});

const callRecordings = [
  'call-hold-by-both',
  'call-busy',
  'call-cancelled',
  'call-to-unregistered',
  'call-to-dnd',
  'call-second-waiting',
  'transfer-blind',
  'feature-code-dnd-on-off',
  'two-tenants',
];
const allRecordings = [...callRecordings, 'register', 'register-expire', 'mwi'];

describe('every recording, disturbed', () => {
  for (const name of callRecordings) {
    test(`${name}: in any order that keeps each channel’s own, every leg lives the same life`, () => {
      const events = recorded(name);
      const lives = livesOf(play(events).legs);
      for (let seed = 1; seed <= 50; seed++) {
        const live = picture();
        const mixed = told(feed(live, shuffled(events, seeded(seed))));
        assert.deepEqual(livesOf(mixed.legs), lives, `seed ${seed}`);
        assert.deepEqual(live.snapshot().dialogs, [], `seed ${seed}`);
      }
    });

    test(`${name}: cut anywhere and read anew, the lamps show the same from then on`, () => {
      const events = recorded(name);
      for (let cut = 0; cut <= events.length; cut++) {
        const whole = picture();
        feed(whole, events.slice(0, cut));
        const late = picture(dumpFacts(events.slice(0, cut)));
        const resumed = picture(dumpFacts(events.slice(0, cut)), whole);
        assert.deepEqual(resumed.snapshot().dialogs, whole.snapshot().dialogs, `resumed at ${cut}`);
        for (const event of events.slice(cut)) {
          for (const it of [whole, late, resumed]) feed(it, [event]);
          // The call key as told before a transfer is what nobody can ask for.
          assert.deepEqual(withoutCall(late), withoutCall(whole), `cut at ${cut}`);
          assert.deepEqual(resumed.snapshot().dialogs, whole.snapshot().dialogs, `resumed at ${cut}`);
        }
      }
    });
  }

  for (const name of allRecordings) {
    test(`${name}: each event twice tells nothing twice`, () => {
      const events = recorded(name);
      assert.deepEqual(play(events.flatMap((it) => [it, it])).events, play(events).events);
    });
  }

  for (const name of callRecordings) {
    test(`${name}: heard once more after its end, it revives nothing`, () => {
      const live = picture();
      feed(live, recorded(name));
      assert.deepEqual(feed(live, recorded(name)), []);
    });
  }
});

/** What each leg went through, without the other party: that one depends on other channels. */
function livesOf(legs: readonly Leg[]): Readonly<Record<string, readonly string[]>> {
  const lives: Record<string, string[]> = {};
  for (const { id, phase, direction, holding } of legs) {
    const life = lives[id] ?? [];
    lives[id] = life;
    const words = `${phase} ${direction}${holding ? ' holding' : ''}`;
    if (life.at(-1) !== words) life.push(words);
  }
  return Object.fromEntries(Object.entries(lives).sort());
}

function withoutCall(live: Picture): unknown {
  return live.snapshot().dialogs.map(({ aor, legs }) => ({ aor, legs: legs.map((it) => ({ ...it, call: '' })) }));
}

function idsOf({ callId, localTag, remoteTag }: Leg): string {
  return `${callId} ${localTag} ${remoteTag}`;
}
