import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { hep } from '../../src/examination/hep.ts';
import { hook } from '../../src/examination/hook.ts';
import type { HookSettings, OnFailure } from '../../src/hooks/hooks.ts';
import { HookFailure, type HookLine } from '../../src/hooks/line.ts';
import type { HookCall } from '../../src/model/hook.ts';
import { configOf } from '../cli/seen.ts';
import { hooksOn, question } from '../hooks/lines.ts';
import { inStep } from '../state/bench.ts';
import { RecordingLogger } from '../support/silent-logger.ts';
import { look, said } from './seen.ts';

const { hub } = inStep();
const extensions = hub.list().map((aor) => hub.view(aor));

/** A hook that fails at these calls, and the calls that came. */
function hookOf(failing: readonly HookCall[], takes: readonly HookCall[] = ['get', 'set'], set: OnFailure = 'refuse') {
  const asked: HookCall[] = [];
  const line: HookLine = {
    name: 'program check.py',
    takes: (call) => takes.includes(call),
    start: () => undefined,
    stop: async () => undefined,
    ask: async (call) => {
      asked.push(call);
      if (failing.includes(call)) throw new HookFailure('the program ended (1)');
      return {};
    },
  };
  const settings: Partial<HookSettings> = { onFailure: { set, get: 'pass' } };
  return { hooks: hooksOn(line, new RecordingLogger(), settings), asked };
}

describe('a hook examined', () => {
  test('where there is none nothing is said, and one that answers is well', async () => {
    assert.deepEqual(await look(hook), []);
    const { hooks, asked } = hookOf([]);
    assert.deepEqual(said(await look(hook, { hook: hooks, extensions })), ['ok: program check.py answers']);
    assert.deepEqual(asked, ['get'], 'one question, which changes nothing');
  });

  test('one that always fails is found before the first wish', async () => {
    const { hooks } = hookOf(['get', 'set']);
    const [finding, ...more] = await look(hook, { hook: hooks, extensions });
    assert.deepEqual(more, []);
    assert.equal(finding?.level, 'fail');
    assert.match(
      finding.text,
      /^program check\.py fails at get, once since \S+Z: the program ended \(1\); phones are told/,
    );
    assert.match(finding.fix ?? '', /hooks/);
  });

  test('one that fails at wishes alone is told with what becomes of them, until one is answered', async () => {
    const failing: HookCall[] = ['set'];
    const { hooks } = hookOf(failing);
    for (let wish = 0; wish < 3; wish += 1) await hooks.set(question(), 1_000);
    await hooks.get(question());
    const [text = ''] = said(await look(hook, { hook: hooks, extensions }));
    assert.match(text, /^fail: program check\.py fails at set, 3 times in a row since .*\(1\); wishes are refused$/);
    failing.pop();
    await hooks.set(question(), 1_000);
    assert.deepEqual(said(await look(hook, { hook: hooks, extensions })), ['ok: program check.py answers']);
    const passing = hookOf(['set'], ['set'], 'pass').hooks;
    await passing.set(question(), 1_000);
    assert.match(said(await look(hook, { hook: passing, extensions }))[0]!, /; wishes go on without it$/);
  });

  test('one that takes wishes alone is not asked, nor is any where nobody is there to ask about', async () => {
    const { hooks, asked } = hookOf(['set'], ['set']);
    assert.deepEqual(said(await look(hook, { hook: hooks, extensions })), [
      'ok: program check.py: no question to it has failed',
    ]);
    const lonely = hookOf(['get']);
    assert.equal(
      (
        await look(hook, {
          hook: lonely.hooks,
          extensions: [],
        })
      )[0]?.level,
      'ok',
    );
    assert.deepEqual([...asked, ...lonely.asked], []);
  });
});

describe('a HEP collector examined', () => {
  const at = async (to: string) => said(await look(hep, { config: configOf(`trace: { hep: { to: '${to}' } }`) }));

  test('where there is none nothing is said', async () => {
    assert.deepEqual(await look(hep), []);
  });

  test('one that listens hears nothing it would keep; where none listens any more, it is told', async () => {
    const collector = createSocket('udp4');
    const heard: number[] = [];
    collector.on('message', ({ length }) => heard.push(length));
    collector.bind(0, '127.0.0.1');
    await once(collector, 'listening');
    const to = `127.0.0.1:${collector.address().port}`;
    assert.deepEqual(await at(to), [`ok: nothing refuses what is sent to the collector ${to}`]);
    assert.deepEqual(heard, [0]);
    collector.close();
    await once(collector, 'close');
    assert.deepEqual(await at(to), [
      `fail: SIP messages to the collector ${to} are lost: nothing listens there (ECONNREFUSED)`,
    ]);
  });

  test('a name without an address', async () => {
    assert.deepEqual(await at('homer.invalid:9060'), [
      'fail: homer.invalid has no address: no SIP message goes to the collector',
    ]);
  });
});
