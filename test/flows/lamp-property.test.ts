import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { extensions, LampWorld } from '../support/lamps/world.ts';

/*
 * Phones of six makes watch four extensions of a PBX that does whatever PBXs do, and of another one that publishes its calls
 * (RFC 3903), over a network that loses NOTIFYs and their answers, while Lamplighter is killed and started again and phones
 * lose their power. At the end every lamp is what the PBXs say, and no phone was ever sent what it cannot take: no version,
 * CSeq or dialog that goes back, no second dialog for a Cisco SPA, no end of a call that a Yealink was never shown.
 */

const which = fc.nat(5);
const ext = fc.constantFrom(...extensions);

/** At the PBX, or at another one that publishes its calls. */
const published = fc.boolean();

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('ring' as const),
      published,
      from: ext,
      to: ext,
      branches: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const), published, which, branch: fc.nat(2) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('hangUp' as const), published, which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('hold' as const), published, which, byCaller: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('blindTransfer' as const), published, which, to: ext }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('attendedTransfer' as const), published, which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pickUp' as const), published, which, by: ext }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('dropBranch' as const), published, which, branch: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('dnd' as const), ext }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sync' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pbxRestart' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), which, from: ext, to: ext }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('refresh' as const), key: fc.nat(11) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reboot' as const), key: fc.nat(11) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(10, 300, 1000, 3000, 40_000) }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(world: LampWorld, what: Step): Promise<void> {
  const pbx = 'published' in what && what.published ? world.branch : world.pbx;
  switch (what.do) {
    case 'ring':
      return pbx.ring(what.from, what.to, what.branches);
    case 'answer':
      return pbx.answer(what.which, what.branch);
    case 'hangUp':
      return pbx.hangUp(what.which);
    case 'hold':
      return pbx.hold(what.which, what.byCaller);
    case 'blindTransfer':
      return pbx.blindTransfer(what.which, what.to);
    case 'attendedTransfer':
      return pbx.attendedTransfer(what.which);
    case 'pickUp':
      return pbx.pickUp(what.which, what.by);
    case 'dropBranch':
      return pbx.dropBranch(what.which, what.branch);
    case 'dnd':
      return pbx.dnd(what.ext);
    case 'sync':
      return pbx.sync();
    case 'pbxRestart':
      return pbx.restart();
    case 'flush':
      return world.flush();
    case 'wait':
      return world.wait(what.ms, what.ms > 5000 ? 2000 : 250);
    case 'kill':
      return world.restart(() => {
        pbx.hangUp(what.which);
        pbx.ring(what.from, what.to, 1);
        pbx.answer(what.which, 0);
      });
    case 'refresh':
      return world.subscribe(world.keys[what.key]!);
    case 'reboot':
      world.keys[what.key]!.phone.reboot();
      return world.subscribe(world.keys[what.key]!);
  }
}

const scenario = fc.record({
  steps: fc.array(step, { minLength: 10, maxLength: 70, size: 'max' }),
  seed: fc.nat(),
  loss: fc.constantFrom(0, 0.1, 0.4),
  intervalMs: fc.constantFrom(0, 1000, 5000),
});

async function play({
  steps,
  seed,
  loss,
  intervalMs,
}: typeof scenario extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const world = new LampWorld(seed, intervalMs);
  try {
    for (const key of world.keys) await world.subscribe(key);
    world.network.loss = loss;
    for (const each of steps) {
      await take(world, each);
      assert.deepEqual(world.violations(), []);
    }
    // The network is well again; what is unanswered is given up after 32 s and tried again after 30 more.
    world.network.loss = 0;
    await world.wait(8000, 500);
    if (world.network.lost === 0) assert.deepEqual(world.wrong(), [], 'nothing was lost, and nobody had to ask again');
    await world.wait(72_000, 4000);
    assert.deepEqual(
      world.wrong((key) => world.isServed(key)),
      [],
      'nobody had to ask again',
    );
    // Whom Lamplighter gave up hears so from his next refresh.
    for (const key of world.keys) await world.subscribe(key);
    await world.wait(8000, 1000);
    assert.deepEqual(world.wrong(), []);
    assert.deepEqual(world.violations(), []);
    assert.ok(world.network.delivered > world.keys.length);
  } finally {
    await world.close();
  }
}

/** `LAMP_RUNS` for a longer look. */
const numRuns = Number(process.env['LAMP_RUNS'] ?? 70);
const random = Math.floor(Math.random() * 2 ** 31);

describe('lamps of six makes of phones, whatever the PBX, the network and the power do,', () => {
  for (const [seed, name] of [
    [1, 'seed 1'],
    [20_260_101, 'seed 20260101'],
    [random, 'a random seed'],
  ] as const) {
    it(`show at the end what the PBX says (${name})`, async (t) => {
      t.diagnostic(`seed ${seed}`);
      await fc.assert(fc.asyncProperty(scenario, play), { seed, numRuns });
    });
  }
});
