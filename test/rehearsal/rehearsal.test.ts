import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '../../src/model/clock.ts';
import { systemRandom } from '../../src/model/random.ts';
import { rehearse } from '../../src/rehearsal/rehearsal.ts';
import { FakeClock } from '../support/fake-clock.ts';

const home = mkdtempSync(join(tmpdir(), 'lamplighter-'));
process.env['TMPDIR'] = home; // of this process alone
const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;
after(() => rmSync(home, { recursive: true }));

for (const digest of [false, true]) {
  test(`a rehearsal ${digest ? 'with' : 'without'} passwords is answered in full and leaves nothing behind`, async () => {
    const before = sockets();
    // a clock that stands still: no limit in time, however slow the machine is
    const clock = new FakeClock(systemClock.now());
    assert.equal(await rehearse({ clock, random: systemRandom, digest, version: '0' }), 3_000);
    assert.equal(clock.pending, 0);
    assert.deepEqual(readdirSync(home), []);
    while (sockets() > before) await new Promise((resolve) => setImmediate(resolve)); // closed handles go a turn later
  });
}

test('a rehearsal that takes too long ends where it is', async () => {
  const clock = new FakeClock();
  const rehearsal = rehearse({ clock, random: systemRandom, digest: false, version: '0' });
  await new Promise((resolve) => setTimeout(resolve, 1)); // it is under way by the second turn of the loop
  clock.advance(60_000);
  assert.ok((await rehearsal) < 3_000);
});
