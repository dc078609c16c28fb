import assert from 'node:assert/strict';
import { Socket } from 'node:dgram';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { configSchema } from '../../src/config/schema.ts';
import { silentLogger } from '../../src/log.ts';
import { systemClock } from '../../src/model/clock.ts';
import { systemRandom } from '../../src/model/random.ts';
import { type RehearsalOptions, rehearse } from '../../src/rehearsal/rehearsal.ts';
import { rehearsedRooms } from '../../src/wiring/rehearsal.ts';

const home = mkdtempSync(join(tmpdir(), 'lamplighter-'));
process.env['TMPDIR'] = home; // of this process alone
const active = () => process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap' || name === 'Timeout').length;
after(() => rmSync(home, { recursive: true }));

function rehearsed(longestMs: number, digest = false): Promise<number> {
  const config = configSchema.parse({
    version: 1,
    domain: 'pbx.test',
    sip: { listen: ['udp:127.0.0.1:5060'], auth: digest ? 'pbx' : 'trusted' },
    pbx: [{ name: 'pbx', type: 'simulated' }],
  });
  const tools = { clock: systemClock, random: systemRandom, logger: silentLogger() };
  const rooms: RehearsalOptions['rooms'] = (...given) => rehearsedRooms({ ...tools, config, version: '0' }, ...given);
  return rehearse({ ...tools, rooms, longestMs });
}

for (const digest of [false, true]) {
  test(`a rehearsal ${digest ? 'with' : 'without'} passwords is answered in full and leaves nothing behind`, async () => {
    const before = active();
    assert.equal(await rehearsed(60_000, digest), 4_500);
    assert.deepEqual(readdirSync(home), []);
    while (active() > before) await new Promise((resolve) => setImmediate(resolve)); // closed handles go a turn later
  });
}

test('a rehearsal that takes too long ends where it is', async () => {
  assert.ok((await rehearsed(1)) < 4_500);
});

test('where a burst is more than the kernel has room for, what it loses is asked again', async () => {
  const { setRecvBufferSize } = Socket.prototype;
  Socket.prototype.setRecvBufferSize = function (this: Socket) {
    setRecvBufferSize.call(this, 40_000);
  };
  try {
    assert.equal(await rehearsed(60_000), 4_500);
  } finally {
    Socket.prototype.setRecvBufferSize = setRecvBufferSize;
  }
});
