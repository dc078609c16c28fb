import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../src/log.ts';

function capture(format: 'json' | 'text'): { lines: string[]; write: (line: string) => void; format: typeof format } {
  const lines: string[] = [];
  return { lines, write: (line) => lines.push(line), format };
}

test('a caller name with line breaks and escapes stays one line in both formats', () => {
  for (const format of ['json', 'text'] as const) {
    const out = capture(format);
    createLogger({ level: 'info', ...out }).info(
      { name: 'Eve\r\n12:00:00 INFO  fake\u001b[2J \u009b2J \u202etxt.exe \u{e0041}' },
      'rings\nnow\u2066',
    );
    assert.equal(out.lines.length, 1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not come through
    assert.doesNotMatch(out.lines[0]!.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Cf}/u);
  }
});

test('secrets put into fields by mistake are hidden', () => {
  const out = capture('json');
  createLogger({ level: 'info', ...out })
    .child('sip')
    .warn({ password: 'hunter2', ami: { password: 'hunter2' }, token: 'hunter2' }, 'look');
  assert.doesNotMatch(out.lines.join(''), /hunter2/);
  assert.match(out.lines[0]!, /"room":"sip"/);
});

test('text is for people: time, level, room, message, fields', () => {
  const out = capture('text');
  createLogger({ level: 'info', ...out })
    .child('notifier')
    .info({ aor: '1001@example.com', n: 3 }, 'told');
  assert.match(out.lines[0]!, /^\d\d:\d\d:\d\d INFO {2}notifier: told aor=1001@example\.com n=3\n$/);
});

test('a room within a room has one name, its own', () => {
  const out = capture('json');
  createLogger({ level: 'info', ...out })
    .child('sip')
    .child('inline')
    .info({}, 'here');
  assert.deepEqual(out.lines[0]!.match(/"room":"[^"]*"/g), ['"room":"inline"']);
});
