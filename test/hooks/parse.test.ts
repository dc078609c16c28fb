import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAnswer } from '../../src/hooks/parse.ts';
import { messageOf } from '../../src/hooks/words.ts';
import { aorOf } from '../../src/model/aor.ts';

const silent = { assigned: true, notify: true, handled: false, refusal: null };

test('an answer is read in the words of $dfks, nested or with a slash, with 0 and 1 or false and true', () => {
  const said = { ...silent, enabled: true, target: 'sip:bob@10.0.0.11', ringCount: 3 };
  for (const raw of [
    { status: 1, value: { forwardTo: 'sip:bob@10.0.0.11', ringCount: '3' } },
    { status: '1', 'value/forwardTo': ' sip:bob@10.0.0.11 ', 'value/ringCount': 3 },
    { status: true, value: { forwardTo: 'sip:bob@10.0.0.11', ringCount: 3 }, assigned: 1, notify: true, refuse: null },
  ]) {
    assert.deepEqual(parseAnswer('get', raw), { ok: true, value: said });
  }
});

test('nothing said is nothing: null, true, an empty object, and the question sent back', () => {
  for (const raw of [null, undefined, true]) assert.deepEqual(parseAnswer('set', raw), { ok: true, value: null });
  assert.deepEqual(parseAnswer('set', {}), { ok: true, value: silent });
  const question = messageOf({
    aor: aorOf('1001', 'pbx.example.com'),
    feature: 'cfna',
    value: { enabled: true, target: '1002', ringCount: 4 },
    current: { enabled: false, target: null, ringCount: null },
    origin: { kind: 'phone', who: '1001' },
    param: 'x',
  });
  const echoed = parseAnswer('set', { id: 7, call: 'set', ...question });
  assert.deepEqual(echoed, { ok: true, value: { ...silent, enabled: true, target: '1002', ringCount: 4 } });
});

test('false refuses a wish and unassigns a feature; a refusal may be a text or have a code of its own', () => {
  const no = parseAnswer('set', false);
  assert.equal(no.ok && no.value?.refusal?.code, 'hook-refused');
  const unassigned = parseAnswer('assigned', false);
  assert.equal(unassigned.ok && unassigned.value?.assigned, false);
  const text = parseAnswer('set', { refuse: 'not\r\non Fridays' });
  assert.deepEqual(text.ok && text.value?.refusal, { code: 'hook-refused', message: 'not on Fridays', status: 403 });
  const coded = parseAnswer('set', { refuse: { reason: 'busy season', code: 'season', status: 409 } });
  assert.deepEqual(coded.ok && coded.value?.refusal, { code: 'hook-season', message: 'busy season', status: 409 });
});

for (const [what, raw] of [
  ['a text', 'ok'],
  ['a number', 1],
  ['a list', [{ status: 1 }]],
  ['false for get', false],
  ['a misspelt field', { forwardto: '1002' }],
  ['a status that is none', { status: 7 }],
  ['a target that is no text', { value: { forwardTo: 1002 } }],
  ['an endless target', { value: { forwardTo: '1'.repeat(600) } }],
  ['too many rings', { value: { ringCount: 21 } }],
  ['a code that could be ours', { refuse: { reason: 'x', code: 'Not A Code' } }],
  ['a status nobody expects', { refuse: { reason: 'x', status: 200 } }],
] as const) {
  test(`${what} is no answer`, () => {
    const parsed = parseAnswer('get', raw);
    assert.equal(parsed.ok ? 'taken' : parsed.refusal.code, 'bad-answer');
  });
}

test('a question has the fields of $dfks: presentity, feature, status, value/forwardTo, value/ringCount, param', () => {
  const aor = aorOf('1001', 'pbx.example.com');
  const off = { enabled: false, target: null, ringCount: null };
  const rest = { current: null, origin: null, param: null };
  assert.deepEqual(messageOf({ aor, feature: 'dnd', value: { ...off, enabled: true }, ...rest }), {
    presentity: 'sip:1001@pbx.example.com',
    feature: 'DoNotDisturb',
    status: 1,
    param: null,
  });
  assert.deepEqual(messageOf({ aor, feature: 'cfb', value: { ...off, target: '1002' }, ...rest }), {
    presentity: 'sip:1001@pbx.example.com',
    feature: 'CallForwardingBusy',
    status: 0,
    value: { forwardTo: '1002' },
    param: null,
  });
});
