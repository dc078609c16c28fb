import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingHookFiles } from '../../src/config/hook-files.ts';
import { hooksSchema } from '../../src/config/hooks-schema.ts';
import { HookReader, type HookReaderTools } from '../../src/hooks/hook-reader.ts';
import type { Aor } from '../../src/model/aor.ts';
import { type FeatureName, featureNames } from '../../src/model/feature.ts';
import type { HookAdvice } from '../../src/model/hook.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';
import type { PbxEvent } from '../../src/model/pbx-event.ts';
import { HookSide, type HookSideTools, openHooks } from '../../src/wiring/hooks.ts';
import { tools as lineTools } from '../hooks/lines.ts';
import { a1001, a1002, a1003, bench, feature, inStep, snapshot } from '../state/bench.ts';
import { settle } from '../support/fake-clock.ts';

const silent: HookAdvice = { assigned: true, notify: true, handled: false, refusal: null };
const off = { enabled: false, target: null, ringCount: null };

test('without a section hooks nothing is made, and a wrong one names what is wrong', () => {
  assert.equal(openHooks(undefined, lineTools()), null);
  const problems = (hooks: unknown) => hooksSchema.safeParse(hooks).error?.issues.map(({ message }) => message) ?? [];
  assert.deepEqual(problems({ module: './x.mjs' }), []);
  assert.match(problems({})[0]!, /expected one of module, program, webhook/);
  assert.match(problems({ module: 'x', program: ['y'] })[0]!, /there is module already/);
  assert.match(problems({ module: 'x', calls: ['get'] })[0]!, /what it exports/);
  assert.match(problems({ program: ['y'], calls: ['set'], owns: ['cfb'] })[0]!, /needs get and set/);
  for (const url of ['ftp://x', 'file:///etc/passwd', 'https://user:pass@x/', 'not a url', 'http://x/#y']) {
    assert.match(problems({ webhook: { url } })[0]!, /expected http/, url);
  }
  assert.ok(problems({ webhook: { url: 'https://x/' }, timeoutMs: 5000 })[0]!.includes('1800'));
  const missing = (hooks: unknown) => missingHookFiles(hooksSchema.parse(hooks));
  assert.deepEqual(missing({ module: 'package.json' }), []);
  assert.deepEqual(missing({ program: ['node', 'x'] }), []);
  assert.match(missing({ module: '/nowhere/x.mjs' })[0]!, /^hooks.module: there is no file/);
  assert.match(missing({ program: ['/nowhere/x'] })[0]!, /^hooks.program: /);
  assert.deepEqual(missingHookFiles(undefined), []);
  assert.throws(
    () => openHooks(hooksSchema.parse({ webhook: { url: 'https://x/', ca: '/nowhere/ca.pem' } }), lineTools()),
    /nowhere/,
  );
});

test('of features that the hook owns a PBX is not heard, in events and in snapshots', () => {
  const hooks = { owns: new Set(['cfb']) };
  const side = new HookSide({ hooks, hub: bench().hub } as unknown as HookSideTools);
  assert.equal(side.heard(feature(a1001, 'cfb', { enabled: true })), null);
  const other = feature(a1001, 'cfa', { enabled: true });
  assert.equal(side.heard(other), other);
  const features = featureNames.map((name) => ({ aor: a1001, feature: name, value: off }));
  const heard = side.heard(snapshot({ extensions: [], features })) as Extract<PbxEvent, { type: 'snapshot' }>;
  assert.deepEqual(
    heard.snapshot.features.map((one) => one.feature),
    ['dnd', 'cfa', 'cfna'],
  );
  const plain = new HookSide({ hooks: { owns: new Set() }, hub: bench().hub } as unknown as HookSideTools);
  assert.equal(plain.heard(feature(a1001, 'cfb', {}))?.type, 'feature');
});

test('exposed users are told one after the other, however many, and a stop ends it', async () => {
  const { hub } = inStep();
  const waiting: (() => void)[] = [];
  const told: string[] = [];
  const hooks = {
    owns: new Set(),
    stop: async () => undefined,
    tell: ({ aor, feature: name, param }: { aor: string; feature: string; param: string }) => {
      told.push(`${aor} ${name} ${param}`);
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
  const side = new HookSide({ hooks, hub } as unknown as HookSideTools);
  for (const aor of [a1001, a1002, a1002, a1003]) side.expose(aor);
  await settle();
  assert.deepEqual(
    told,
    featureNames.map((name) => `${a1001} ${name} expose`),
  );
  for (const go of waiting.splice(0)) go();
  await settle();
  assert.equal(told.length, 8);
  await side.stop();
  for (const go of waiting.splice(0)) go();
  await settle();
  assert.equal(told.length, 8);
});

test('a phone that subscribes to its PBX is told after the hook was asked; its key waits for nobody', async () => {
  const { hub, clock, logger } = inStep();
  const asked: string[] = [];
  const hooks = {
    owns: new Set(),
    takes: () => true,
    onFailure: { get: 'pass' },
    get: async ({ feature: name }: { feature: string }) => {
      asked.push(name);
      return granted(name === 'dnd' ? { ...silent, enabled: true } : null);
    },
    assigned: async () => granted(null),
  };
  const gate = {
    inTurn: (_aor: Aor, task: () => Promise<boolean>) => task(),
    judge: ({ enabled }: { enabled: boolean }) => granted({ ...off, enabled }),
  };
  const side = new HookSide({ hooks, hub, gate, clock, logger } as unknown as HookSideTools);
  const told: string[] = [];
  const pressed = side.beforeTelling(async ({ phone }) => {
    told.push(`${phone} ${hub.view(a1001).features.dnd.enabled}`);
  });
  const event = { type: 'phone-key', source: 'main', aor: a1001 } as const;
  const origin = { kind: 'phone', who: '1001', from: null, userAgent: null } as const;
  await pressed({ ...event, phone: 'key', wishes: [{ aor: a1001, feature: 'dnd', enabled: false, origin }] });
  assert.equal(asked.length, 0);
  await pressed({ ...event, phone: 'ear', wishes: [] });
  assert.deepEqual(asked, [...featureNames]);
  assert.deepEqual(told, ['key false', 'ear true']);
});

/** A reader on a hub, whose hook answers when the test says so. */
function reader(more: Partial<HookReaderTools> = {}) {
  const made = inStep();
  const asked: { readonly key: string; answer(outcome: Outcome<HookAdvice | null>): void }[] = [];
  const turns: string[] = [];
  const made2 = new HookReader({
    hooks: {
      name: 'test',
      takes: () => true,
      get: ({ aor, feature: name }) => new Promise((answer) => asked.push({ key: `${aor} ${name}`, answer })),
      assigned: async () => granted(null),
    },
    clock: made.clock,
    logger: made.logger,
    view: (aor) => made.hub.view(aor),
    sourceFor: (aor) => made.hub.ownerOf(aor),
    apply: (event) => made.hub.apply(event),
    judge: ({ enabled, target, ringCount }) =>
      granted({ enabled, target: target ?? null, ringCount: ringCount ?? null }),
    inTurn: async (aor, task) => {
      turns.push(aor);
      return task();
    },
    ...more,
  });
  return { ...made, reader: made2, asked, turns };
}

test('who asks while a user is being read gets the same reading', async () => {
  const { reader: it, asked, hub } = reader();
  const both = [it.readWithin(a1001, ['dnd'], 60_000), it.readWithin(a1001, ['dnd'], 60_000)];
  await settle();
  assert.equal(asked.length, 1);
  asked[0]!.answer(granted({ ...silent, enabled: true }));
  assert.deepEqual(await Promise.all(both), [true, true]);
  assert.equal(hub.view(a1001).features.dnd.enabled, true);
  assert.equal(hub.view(a1001).features.dnd.updatedBy, 'hook');
});

test('whoever has no more patience goes on; what is said later enters as news', async () => {
  const { reader: it, asked, clock, hub, heard } = reader();
  const first = it.readWithin(a1001, ['dnd'], 300);
  await settle();
  clock.advance(300);
  assert.equal(await first, false);
  asked[0]!.answer(granted({ ...silent, enabled: true }));
  await settle();
  assert.equal(hub.view(a1001).features.dnd.enabled, true);
  assert.deepEqual(heard(), ['features 1001 dnd']);
});

test('a hook that did not say changes nothing, and one that has nothing to say shows what it hid', async () => {
  const { reader: it, asked, hub } = reader();
  hub.apply({ type: 'assignment', source: 'main', aor: a1001, feature: 'dnd', assigned: false });
  const failed = it.readWithin(a1001, ['dnd'], 60_000);
  await settle();
  asked.shift()!.answer(refused('hook-failed', 'away'));
  assert.equal(await failed, false);
  assert.equal(hub.view(a1001).features.dnd.assigned, false);
  const silence = it.readWithin(a1001, ['dnd'], 60_000);
  await settle();
  asked.shift()!.answer(granted(null));
  assert.equal(await silence, true);
  assert.equal(hub.view(a1001).features.dnd.assigned, true);
});

test('a forbidden value is not taken and complained of once', async () => {
  const { reader: it, asked, hub, logger } = reader({ judge: () => refused('premium', 'no') });
  for (let round = 0; round < 3; round++) {
    const reading = it.readWithin(a1001, ['cfa'], 60_000);
    await settle();
    asked.shift()!.answer(granted({ ...silent, enabled: true, target: '0900' }));
    await reading;
  }
  assert.equal(hub.view(a1001).features.cfa.rev, 0);
  assert.equal(logger.lines.filter(({ level }) => level === 'warn').length, 1);
});

test('a storm of phones is no outage: a few users are read at once, the others wait for their turn', async () => {
  const { reader: it, asked } = reader();
  const many = Array.from({ length: 40 }, (_none, index) => `${3000 + index}@pbx.example.com` as Aor);
  const said = many.map((aor) => it.readWithin(aor, ['dnd'], 60_000));
  await settle();
  assert.equal(asked.length, 12);
  for (let count = 0; count < 40; count++) {
    asked.shift()!.answer(granted(null));
    await settle();
  }
  assert.ok((await Promise.all(said)).every((one) => one));
  const left = many.map((aor) => it.readWithin(aor, ['dnd'], 60_000));
  await settle();
  it.stop();
  for (const one of asked.splice(0)) one.answer(granted(null));
  assert.ok(
    (await Promise.all(left)).every((one) => !one),
    'after a stop nothing is taken',
  );
});

test('in the background a few users are read at a time, each once, and a stop ends it', async () => {
  const { reader: it, asked } = reader();
  const many = Array.from({ length: 30 }, (_none, index) => `${3000 + index}@pbx.example.com` as Aor);
  it.readLater(many, ['cfb']);
  it.readLater(many.slice(10), ['cfb']);
  it.readLater([a1002, a1003], []);
  await settle();
  assert.equal(asked.length, 8);
  const seen = new Set<string>();
  for (let one = asked.shift(); one !== undefined; one = asked.shift()) {
    assert.ok(!seen.has(one.key), one.key);
    seen.add(one.key);
    if (seen.size === 20) it.stop();
    one.answer(granted(null));
    await settle();
  }
  assert.ok(seen.size >= 20 && seen.size < 30, String(seen.size));
  const names: readonly FeatureName[] = ['cfb'];
  it.readLater(many, names);
  await settle();
  assert.equal(asked.length, 0);
});
