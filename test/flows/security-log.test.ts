import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeFilter } from '../support/fail2ban.ts';
import { attack, culprits } from './attacks.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
  await attack(stage);
});
after(() => stage.close());

for (const mode of ['normal', 'aggressive'] as const) {
  test(`the filter in mode ${mode} finds every attacker in the log of the running daemon, and nobody else`, () => {
    const ban = makeFilter(mode);
    const found = new Set(stage.daemon.output.map(ban).filter((address) => address !== null));
    assert.deepEqual([...found].sort(), [...culprits[mode]].sort());
  });
}

test('the security log holds no secret, and each of its lines is printable ASCII with the source in front', () => {
  const lines = stage.daemon.output.filter((line) => line.includes('"room":"security"'));
  assert.ok(lines.length >= 10, lines.join('\n'));
  for (const line of lines) {
    assert.match(line, /^[\x20-\x7e]+$/);
    assert.match(
      line,
      /^\{"level":"warn","time":"[^"]+","room":"security","event":"[a-z-]+","source":"[0-9a-f.:]+","proven":(true|false),"count":\d+,/,
    );
    assert.doesNotMatch(line, /nonce="|response=|"secret|guess"/);
  }
});
