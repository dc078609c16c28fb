import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EslEvent } from '../../../adapters/freeswitch/esl-event.ts';
import { readEsl } from '../../../adapters/freeswitch/events.ts';
import { isLamp } from '../../../adapters/freeswitch/lamp-events.ts';
import { extensionsOf, freeswitchOptions } from '../../../adapters/freeswitch/options.ts';
import { feed, picture } from './recording.ts';
import { rig, user } from './rig.ts';

/** As FusionPBX's presence_in.lua fires it. */
const thrown = (night: boolean, more: EslEvent = {}): EslEvent => ({
  'Event-Name': 'PRESENCE_IN',
  proto: 'flow',
  from: '*800@acme.example',
  login: '*800@acme.example',
  event_type: 'presence',
  alt_event_type: 'dialog',
  'Presence-Call-Direction': 'outbound',
  'unique-id': '5e0f2f6a-8a7c-4e52-8f1f-7f7a4bb9d9c1',
  status: 'Active (1 waiting)',
  'answer-state': night ? 'confirmed' : 'terminated',
  ...more,
});

describe('call flows of FusionPBX', () => {
  test('by night the flow is lit, by day it is dark, and the same said twice is no news', () => {
    const live = picture();
    const phases = [true, true, false, false, true].map((night) =>
      feed(live, [thrown(night)]).map((event) =>
        event.type === 'dialogs' ? `${event.aor} ${event.legs.length}` : event.type,
      ),
    );
    const lamp = 'flow+*800@acme.example';
    assert.deepEqual(phases, [[`${lamp} 1`], [], [`${lamp} 0`], [], [`${lamp} 1`]]);
  });

  test('the presence of calls and of other lamps, of domains that are not ours, and nonsense light no flow', () => {
    const live = picture();
    const others: readonly EslEvent[] = [
      { proto: 'sip' },
      { proto: 'any' },
      { proto: 'agent' },
      { from: '*800@nobody.example' },
      { from: '' },
      { 'answer-state': 'ringing' },
      { 'answer-state': '' },
    ];
    for (const more of others) assert.deepEqual(feed(live, [thrown(true, more)]), [], JSON.stringify(more));
    assert.deepEqual(readEsl({ 'Event-Name': 'PRESENCE_IN' }, { parse: () => null } as never).facts, []);
  });

  test('a flow that is named with its prefix is the same flow', () => {
    const [event] = feed(picture(), [thrown(true, { from: 'flow+*800@acme.example' })]);
    assert.equal(event?.type === 'dialogs' && event.aor, 'flow+*800@acme.example');
  });

  test('the configuration may name flows, which are lamps and no users', () => {
    const { extensions } = freeswitchOptions.parse({
      esl: { password: 'x' },
      extensions: ['flow+*800', 'flow+30@t2.test'],
    });
    const aors = extensionsOf(extensions, 'lab.test');
    assert.deepEqual(aors, ['flow+*800@lab.test', 'flow+30@t2.test']);
    assert.ok(aors.every(isLamp));
  });
});

describe('call flows on the wire', { concurrency: 4 }, () => {
  test('flows that are known are asked for once a connection, and told when thrown', () =>
    rig(
      { more: { features: 'fusionpbx', extensions: ['flow+*800'] }, fake: { fusionpbx: true } },
      async ({ pbx, telling }) => {
        await telling.up();
        assert.ok(telling.of('snapshot')[0]?.snapshot.extensions.some((it) => it.aor === user('flow+*800') && it.lamp));
        const probes = () => pbx.fired.filter((it) => it.startsWith('PRESENCE_PROBE')).length;
        for (const end = Date.now() + 10_000; probes() === 0 && Date.now() < end; ) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        assert.equal(probes(), 1);
        pbx.esl.emit({ ...thrown(true), from: '*800@lab.test' } as Record<string, string>);
        const lit = () => telling.of('dialogs').some((it) => it.aor === user('flow+*800') && it.legs.length === 1);
        await telling.until(lit, 'the flow stays dark');
      },
    ));

  test('who has no FusionPBX is not burdened with the presence of every call', () =>
    rig({ more: { extensions: ['flow+*800'] } }, async ({ pbx, telling }) => {
      await telling.up();
      assert.equal(
        pbx.esl.commands.some((it) => it.startsWith('event json') && it.includes('PRESENCE_IN')),
        false,
      );
      assert.equal(
        pbx.fired.some((it) => it.startsWith('PRESENCE_PROBE')),
        false,
      );
    }));
});
