import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { AstdbFeatures } from '../../adapters/asterisk/features/astdb.ts';
import { asteriskOptions } from '../../adapters/asterisk/options.ts';
import { aorOf } from '../../src/model/aor.ts';
import { Fault } from '../../src/model/errors.ts';
import { type FeatureName, featureOff, type Wish } from '../../src/model/feature.ts';
import { ScriptedEsl } from '../adapters/freeswitch/features/scripted.ts';
import { GlobalVariables } from './global-variables.ts';

const aor = aorOf('1001', 'pbx.example.com');
const backend = new GlobalVariables();

function wish(feature: FeatureName, enabled: boolean, target?: string): Wish {
  return { aor, feature, enabled, target, origin: { kind: 'api', who: 'test', from: null, userAgent: null } };
}

/** FreeSWITCH's global variables in small. */
function variables() {
  const kept = new Map<string, string>();
  const esl = new ScriptedEsl();
  esl.answer = (command) => {
    const [, word = '', name = '', value] = /^(\w+) ([^=]*)(?:=(.*))?$/.exec(command) ?? [];
    if (word === 'global_getvar') return kept.get(name) || '-ERR no reply';
    kept.set(name, value ?? '');
    return '+OK';
  };
  return { kept, esl };
}

test('the backend of docs/extending writes, reads back, and takes back', async () => {
  const { kept, esl } = variables();
  const on = { enabled: true, target: '1002', ringCount: null };
  assert.deepEqual(await backend.write(esl, wish('cfa', true, '1002'), featureOff, 1000), { ok: true, value: on });
  assert.equal(kept.get('cfa_1001@pbx.example.com'), '1002');
  assert.deepEqual((await backend.read(esl, aor)).get('cfa'), on);
  const off = await backend.write(esl, wish('cfa', false), on, 1000);
  assert.deepEqual(off, { ok: true, value: featureOff });
  const dnd = await backend.write(esl, wish('dnd', true), featureOff, 1000);
  assert.deepEqual(dnd, { ok: true, value: { ...featureOff, enabled: true } });
});

test('it lets nothing through that FreeSWITCH could take for something else, and believes no such value', async () => {
  const { kept, esl } = variables();
  for (const target of ['1002 XML evil', '1002\n\napi shutdown', '$(system x)', '']) {
    const outcome = await backend.write(esl, wish('cfa', true, target), featureOff, 1000);
    assert.equal(outcome.ok ? '' : outcome.refusal.code, 'pbx-refused', target);
  }
  const stranger = { ...wish('dnd', true), aor: aorOf('1001=on\n', 'pbx.example.com') };
  const outcome = await backend.write(esl, stranger, featureOff, 1000);
  assert.equal(outcome.ok ? '' : outcome.refusal.code, 'pbx-refused');
  assert.deepEqual(esl.asked, []);
  kept.set('cfa_1001@pbx.example.com', '1002 XML evil');
  assert.deepEqual((await backend.read(esl, aor)).get('cfa'), featureOff);
});

test('what it does not keep is refused, and a FreeSWITCH that does not take it is a fault', async () => {
  const { esl } = variables();
  const outcome = await backend.write(esl, wish('cfb', true, '1002'), featureOff, 1000);
  assert.equal(outcome.ok ? '' : outcome.refusal.code, 'not-writable');
  esl.answer = () => '-ERR permission denied';
  await assert.rejects(
    backend.write(esl, wish('dnd', true), featureOff, 1000),
    (error) => error instanceof Fault && error.code === 'pbx-refused',
  );
});

test('the places of the page are options of an Asterisk, and lead to the rows that it says', () => {
  const page = readFileSync('docs/extending/add-a-feature-backend.md', 'utf8');
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const { pbx } = parse(yaml) as { pbx: [Record<string, unknown>] };
  const [{ name: _name, type: _type, ...rest }] = pbx;
  const ami = { ...(rest['ami'] as object), password: 'x', passwordFile: undefined };
  const options = asteriskOptions.parse({ ...rest, ami: JSON.parse(JSON.stringify(ami)) });
  assert.equal(options.features, 'astdb');
  const features = new AstdbFeatures(options.astdb!, options.secondsPerRing, false);
  assert.deepEqual(features.names, ['dnd', 'cfa']);
  assert.deepEqual(features.steps('1001', 'dnd', 'on', ['1001']), [
    { do: 'put', family: 'users', key: '1001/quiet', value: 'yes' },
    { do: 'state', device: 'Custom:QUIET1001', state: 'INUSE' },
  ]);
  assert.deepEqual(features.steps('1001', 'cfa', null, ['1001']), [
    { do: 'del', family: 'users', key: '1001/forward' },
  ]);
});
