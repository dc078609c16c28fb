import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AdapterTools, PbxAdapter } from '../../adapters/adapter.ts';
import type { AgentPhase, AgentState, AgentWish } from '../../src/model/agent.ts';
import { type Aor, domainOf, userOf } from '../../src/model/aor.ts';
import { systemClock } from '../../src/model/clock.ts';
import { featureNames, type Wish } from '../../src/model/feature.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { Leg } from '../../src/model/pbx-event.ts';
import { systemRandom } from '../../src/model/random.ts';
import { Telling } from '../adapters/told.ts';
import { silentLogger } from '../support/silent-logger.ts';

/** A PBX for one test, and the adapter before it. */
export interface AdapterRig {
  /** Called once. */
  adapter(tools: AdapterTools): PbxAdapter;
  /** An extension of that PBX. */
  readonly aor: Aor;
  /** Another extension of that PBX, that may call the first. */
  readonly other: Aor;
  /** Where that extension may forward to. */
  readonly target: string;
  readonly hand: PbxHand;
  /** Absent where the PBX of this rig has no queues, whatever the adapter could. */
  readonly agents?: AgentsHand;
  /** Absent where adapter and PBX are one: neither can be lost. */
  readonly trouble?: PbxTrouble;
  close(): Promise<void>;
}

/** What the phones of a PBX do. */
export interface PbxHand {
  /** `other` calls `aor`, whose phone rings. */
  call(): HandCall;
  /** One phone more of `aor` registers, or that phone goes. */
  register(there: boolean): void;
  /** Messages of `aor`. */
  mailbox(counts: { readonly new: number; readonly old: number }): void;
}

/** What happens to the agents of a PBX's queues. */
export interface AgentsHand {
  /** An agent; logged off when the test begins. He is in one queue at least. */
  readonly agent: Aor;
  /** An extension that is no agent. */
  readonly nobody: Aor;
  /** The phases this PBX has a word for; what is wished beside them becomes `notReady`. */
  readonly phases: readonly AgentPhase[];
  /** Somebody else does it at the PBX: a feature code, the supervisor's page. */
  become(phase: 'ready' | 'notReady' | 'loggedOff'): void;
}

export interface HandCall {
  answer(): void;
  /** `aor` presses hold. */
  hold(): void;
  resume(): void;
  hangup(): void;
}

/** What befalls a PBX that is a process of its own, and who else has his hand on it. */
export interface PbxTrouble {
  /** It accepts everything and answers nothing. */
  freeze(): void;
  thaw(): void;
  /** All connections break; the PBX and its calls go on. */
  breakLinks(): void;
  /** The process dies, and its calls with it. */
  die(): Promise<void>;
  /** Another life of it. */
  rise(): Promise<void>;
  /** Somebody else switches do-not-disturb of `aor` on or off: a feature code, the PBX's web page. */
  setDnd(enabled: boolean): void;
  /** Everything that was written by command, in order. */
  writes(): readonly string[];
}

/** What every adapter must do, whatever its PBX. `make` is called for each test. */
export function adapterContract(name: string, make: () => Promise<AdapterRig>): void {
  async function run(work: (rig: AdapterRig, adapter: PbxAdapter, telling: Telling) => Promise<void>): Promise<void> {
    const rig = await make();
    // Telling clones each event as a thread boundary would: what cannot cross it fails here.
    const telling = new Telling();
    let adapter: PbxAdapter | undefined;
    try {
      adapter = rig.adapter({ clock: systemClock, random: systemRandom, logger: silentLogger });
      adapter.start(telling.tell);
      await telling.up();
      await work(rig, adapter, telling);
    } finally {
      await adapter?.stop();
      await rig.close();
    }
  }

  const wish = (rig: AdapterRig, feature: Wish['feature'], enabled: boolean, target?: string): Wish => ({
    aor: rig.aor,
    feature,
    enabled,
    ...(target === undefined ? {} : { target }),
    origin: { kind: 'api', who: 'contract', from: null, userAgent: null },
  });

  const noTrouble = 'adapter and PBX are one: neither can be lost';
  const noAgents = 'this PBX has no agents';
  const notTaken = 'declared: this PBX does not take this feature from us';

  // Each test has a PBX of its own, and waits for it most of the time.
  describe(`the port to a PBX: ${name}`, { concurrency: 8 }, () => {
    test('sends a NOTIFY to every phone of a user and of nobody else, or declares that it cannot', () =>
      run(async (rig, adapter, telling) => {
        const notice = { event: 'check-sync;reboot=false', contentType: null, body: '' };
        const code = async (aor: Aor, event = notice.event): Promise<string> => {
          const outcome = await adapter.notifyPhones?.(aor, { ...notice, event }, 5_000);
          return outcome === undefined ? 'not-writable' : outcome.ok ? 'sent' : outcome.refusal.code;
        };
        if (adapter.capabilities.notifiesPhones !== true) {
          assert.equal(await code(rig.aor), 'not-writable');
          return;
        }
        const before = telling.of('registration').length;
        rig.hand.register(true);
        await telling.until(() => telling.of('registration').length > before, 'no registration was told');
        const contacts = telling.of('registration').at(-1)?.contacts ?? 0;
        const outcome = await adapter.notifyPhones?.(rig.aor, notice, 5_000);
        assert.ok(outcome?.ok);
        assert.equal(outcome.value.length, contacts);
        for (const { contact } of outcome.value) assert.match(contact, /^sips?:/);
        assert.equal(await code(`nobody@${domainOf(rig.aor)}` as Aor), 'pbx-refused');
        assert.equal(await code(`${userOf(rig.aor)}@elsewhere.test` as Aor), 'pbx-refused');
        assert.equal(await code(rig.aor, 'check-sync\r\nEvil: 1'), 'pbx-refused');
      }));

    test('start tells stale, one snapshot, and only then up', () =>
      run(async (rig, _adapter, telling) => {
        const course = telling.course.filter((it) => it !== 'down');
        assert.deepEqual(course, ['stale', 'snapshot', 'up']);
        const [first] = telling.of('snapshot');
        assert.ok(first?.epoch);
        assert.ok(first.snapshot.extensions.some((it) => it.aor === rig.aor));
        assert.equal(new Set(telling.events.map((it) => it.source)).size, 1);
      }));

    test('setFeature answers what the PBX holds afterwards, and tells it, without an origin, before it answers', (context) =>
      run(async (rig, adapter, telling) => {
        if (!adapter.capabilities.features.cfa.writable) return context.skip(notTaken);
        const on = await adapter.setFeature(wish(rig, 'cfa', true, rig.target), 5000);
        assert.deepEqual(on, { ok: true, value: { enabled: true, target: rig.target, ringCount: null } });
        const told = telling.of('feature').filter((it) => it.aor === rig.aor && it.feature === 'cfa');
        assert.deepEqual(
          told.map((it) => [it.value.enabled, it.value.target, it.origin]),
          [[true, rig.target, undefined]],
        );
        const off = await adapter.setFeature(wish(rig, 'cfa', false), 5000);
        assert.equal(off.ok && off.value.enabled, false);
      }));

    test('an equal value is granted and told to nobody', (context) =>
      run(async (rig, adapter, telling) => {
        if (!adapter.capabilities.features.dnd.writable) return context.skip(notTaken);
        const first = await adapter.setFeature(wish(rig, 'dnd', true), 5000);
        const told = telling.of('feature').length;
        const second = await adapter.setFeature(wish(rig, 'dnd', true), 5000);
        assert.deepEqual(second, first);
        assert.equal(telling.of('feature').length, told);
      }));

    test('each feature is written where the PBX says it is writable, and refused where not', () =>
      run(async (rig, adapter) => {
        for (const feature of featureNames) {
          const target = feature === 'dnd' ? undefined : rig.target;
          const answer = await adapter.setFeature(wish(rig, feature, true, target), 5000);
          assert.equal(answer.ok, adapter.capabilities.features[feature].writable, feature);
          if (!answer.ok) assert.equal(answer.refusal.code, 'not-writable');
        }
      }));

    test('an extension that the PBX does not have is a refusal', (context) =>
      run(async (rig, adapter) => {
        if (!adapter.capabilities.features.dnd.writable) return context.skip(notTaken);
        const answer = await adapter.setFeature(
          { ...wish(rig, 'dnd', true), aor: `nobody-here@lab.test` as Aor },
          5000,
        );
        assert.equal(answer.ok ? '' : answer.refusal.code, 'pbx-refused');
      }));

    test('credentials of nobody are null, and the realm is known', () =>
      run(async (rig, adapter) => {
        const domain = domainOf(rig.aor);
        assert.equal(await adapter.credentials('nobody-here', domain), null);
        assert.ok(adapter.digest(domain)?.realm);
      }));

    test('a user is one of his domain: of a domain that is not served there are no credentials and no realm', () =>
      run(async (rig, adapter) => {
        const [user, domain] = [userOf(rig.aor), domainOf(rig.aor)];
        assert.equal(await adapter.credentials(user, 'elsewhere.test'), null);
        assert.equal(adapter.digest('elsewhere.test'), null);
        for (const name of [rig.aor, `${user}@elsewhere.test`, `@${domain}`, '', `${user}@`]) {
          assert.equal(await adapter.credentials(name, domain), null, `a user called ${name}`);
          assert.equal(await adapter.credentials(name, 'elsewhere.test'), null, `elsewhere: ${name}`);
        }
      }));

    test('a call is told leg by leg: it rings, is answered, held by who pressed the key, and over', (context) =>
      run(async (rig, adapter, telling) => {
        if (!adapter.capabilities.calls) return context.skip('declared: this PBX tells no calls');
        const legs = (aor: Aor) => legsOf(telling, aor);
        const call = rig.hand.call();
        await telling.until(
          () => legs(rig.aor)[0]?.phase === 'early' && legs(rig.other)[0] !== undefined,
          'no ringing',
        );
        const [rung, calling] = [legs(rig.aor)[0], legs(rig.other)[0]];
        assert.deepEqual([rung?.direction, calling?.direction], ['recipient', 'initiator']);
        assert.notEqual(calling?.phase, 'confirmed', 'nobody has answered yet');
        assert.equal(rung?.call, calling?.call, 'two legs of one call');
        assert.equal(rung?.remote.number, userOf(rig.other));

        call.answer();
        const both = [rig.aor, rig.other];
        await telling.until(() => both.every((it) => legs(it)[0]?.phase === 'confirmed'), 'not answered');
        call.hold();
        await telling.until(() => legs(rig.aor)[0]?.holding === true, 'not held');
        assert.equal(legs(rig.other)[0]?.holding, false, 'the held side is not the holder');
        call.resume();
        await telling.until(() => legs(rig.aor)[0]?.holding === false, 'held for ever');
        assert.deepEqual([legs(rig.aor)[0]?.id, legs(rig.aor)[0]?.since], [rung?.id, rung?.since]);
        if (adapter.capabilities.tags) {
          await telling.until(() => hasTags(legs(rig.aor)[0]), 'no Call-ID and tags of the leg that may be taken over');
        }

        call.hangup();
        await telling.until(() => both.every((it) => legs(it).length === 0), 'never over');
        const phases = telling.of('dialogs').flatMap(({ aor, legs: [leg] }) => (aor === rig.aor ? [leg?.phase] : []));
        assert.equal(phases.indexOf(undefined), phases.length - 1, 'what has ended stays so');
      }));

    test('a phone that registers is counted, and one that goes', (context) =>
      run(async (rig, adapter, telling) => {
        if (!adapter.capabilities.registrations) return context.skip('declared: this PBX tells no registrations');
        const there = () => telling.of('registration').flatMap((it) => (it.aor === rig.aor ? [it.contacts] : []));
        rig.hand.register(false);
        rig.hand.register(true);
        await telling.until(() => (there().at(-1) ?? 0) > 0, 'nobody registered');
        const before = there().at(-1) ?? 0;
        rig.hand.register(false);
        await telling.until(() => there().at(-1) === before - 1, 'nobody went');
      }));

    test('messages are told with their counts', (context) =>
      run(async (rig, adapter, telling) => {
        if (!adapter.capabilities.mailboxes) return context.skip('declared: this PBX tells no mailboxes');
        rig.hand.mailbox({ new: 5, old: 7 });
        await telling.until(() => telling.of('mailbox').some((it) => it.aor === rig.aor), 'no mailbox');
        const counts = { new: 5, old: 7, newUrgent: 0, oldUrgent: 0 };
        assert.deepEqual(telling.of('mailbox').at(-1)?.counts, counts);
      }));

    test('what somebody else switches at the PBX is told, without an origin', (context) =>
      run(async ({ trouble, aor }, adapter, telling) => {
        if (trouble === undefined) return context.skip(noTrouble);
        if (!adapter.capabilities.features.dnd.readable) return context.skip('declared: this PBX tells no features');
        const told = () => telling.of('feature').filter((it) => it.aor === aor && it.feature === 'dnd');
        trouble.setDnd(true);
        await telling.until(() => told().at(-1)?.value.enabled === true, 'not on');
        trouble.setDnd(false);
        await telling.until(() => told().at(-1)?.value.enabled === false, 'not off');
        assert.ok(told().every((it) => it.origin === undefined));
      }));

    test('a PBX that answers nothing is a refusal within the deadline, and no command is repeated', (context) =>
      run(async (rig, adapter) => {
        const { trouble } = rig;
        if (trouble === undefined) return context.skip(noTrouble);
        if (!adapter.capabilities.features.dnd.writable) return context.skip(notTaken);
        trouble.freeze();
        const answer = await adapter.setFeature(wish(rig, 'dnd', true), 300);
        assert.equal(answer.ok ? '' : answer.refusal.code, 'pbx-timeout');
        trouble.thaw();
        const next = await adapter.setFeature(wish(rig, 'dnd', false), 10_000);
        assert.equal(next.ok && next.value.enabled, false);
        const writes = trouble.writes();
        assert.equal(new Set(writes).size, writes.length, `written twice: ${writes.join(' | ')}`);
      }));

    const agentWish = (aor: Aor, phase: AgentPhase, reason: string | null = null): AgentWish => ({
      aor,
      phase,
      reason,
      origin: { kind: 'api', who: 'contract', from: null, userAgent: null },
    });

    test('agents are in the snapshot, those who are logged off too, and nobody else is', (context) =>
      run(async ({ agents }, adapter, telling) => {
        if (agents === undefined) return context.skip(noAgents);
        assert.equal(adapter.capabilities.agents, true);
        const listed = telling.of('snapshot')[0]?.snapshot.agents ?? [];
        const loggedOff = { aor: agents.agent, agent: { phase: 'loggedOff', reason: null } };
        assert.deepEqual(
          listed.filter(({ aor }) => aor === agents.agent || aor === agents.nobody),
          [loggedOff],
        );
      }));

    test('setAgent answers what the PBX holds afterwards, and tells it before it answers', (context) =>
      run(async ({ agents }, adapter, telling) => {
        if (agents === undefined) return context.skip(noAgents);
        const told = () => telling.of('agent').findLast(({ aor }) => aor === agents.agent)?.agent;
        const phases = ['ready', 'notReady', 'ready', 'workingAfterCall', 'notReady', 'loggedOff'] as const;
        for (const phase of phases) {
          const reason = phase === 'notReady' ? '7' : null;
          const answer: Outcome<AgentState> | undefined = await adapter.setAgent?.(
            agentWish(agents.agent, phase, reason),
            5000,
          );
          assert.ok(answer?.ok, `${phase}: ${JSON.stringify(answer)}`);
          const { phase: held, reason: why }: AgentState = answer.value;
          assert.equal(held, agents.phases.includes(phase) ? phase : 'notReady');
          assert.ok(why === reason || why === null, `${phase} for no other reason than was given: ${why}`);
          assert.deepEqual(told(), answer.value);
        }
      }));

    test('what the agent is already is granted and told to nobody', (context) =>
      run(async ({ agents }, adapter, telling) => {
        if (agents === undefined) return context.skip(noAgents);
        for (const phase of ['ready', 'notReady'] as const) {
          const first: Outcome<AgentState> | undefined = await adapter.setAgent?.(agentWish(agents.agent, phase), 5000);
          const told = telling.of('agent').length;
          const second: Outcome<AgentState> | undefined = await adapter.setAgent?.(
            agentWish(agents.agent, phase),
            5000,
          );
          assert.deepEqual(second, first);
          assert.equal(telling.of('agent').length, told, phase);
        }
      }));

    test('who is no agent, or nobody at all, is refused as such', (context) =>
      run(async ({ agents }, adapter) => {
        if (agents === undefined) return context.skip(noAgents);
        for (const aor of [agents.nobody, 'nobody-here@lab.test' as Aor]) {
          const answer = await adapter.setAgent?.(agentWish(aor, 'ready'), 5000);
          assert.equal(answer?.ok === false ? answer.refusal.code : '', 'no-agent', aor);
        }
      }));

    test('what somebody else makes of an agent at the PBX is told, and is not put back', (context) =>
      run(async ({ agents }, adapter, telling) => {
        if (agents === undefined) return context.skip(noAgents);
        const told = () => telling.of('agent').findLast(({ aor }) => aor === agents.agent)?.agent?.phase;
        await adapter.setAgent?.(agentWish(agents.agent, 'notReady', 'lunch'), 5000);
        for (const phase of ['ready', 'notReady', 'loggedOff'] as const) {
          agents.become(phase);
          await telling.until(() => told() === phase, `not ${phase}`);
        }
        const again = await adapter.setAgent?.(agentWish(agents.agent, 'notReady'), 5000);
        assert.deepEqual(
          again,
          { ok: true, value: { phase: 'notReady', reason: null } },
          'the old reason is forgotten',
        );
      }));

    test('an agent and his reason are the same after the connection broke', (context) =>
      run(async ({ agents, trouble }, adapter, telling) => {
        if (agents === undefined) return context.skip(noAgents);
        if (trouble === undefined) return context.skip(noTrouble);
        const held = await adapter.setAgent?.(agentWish(agents.agent, 'notReady', 'lunch'), 5000);
        trouble.breakLinks();
        await telling.up(2);
        const now: AgentState | undefined = telling
          .of('snapshot')
          .at(-1)
          ?.snapshot.agents?.find(({ aor }) => aor === agents.agent)?.agent;
        assert.deepEqual({ ok: true, value: now }, held);
      }));

    test('an agent whose PBX answers nothing, or is away, is a refusal within the deadline', (context) =>
      run(async ({ agents, trouble }, adapter, telling) => {
        if (agents === undefined) return context.skip(noAgents);
        if (trouble === undefined) return context.skip(noTrouble);
        trouble.freeze();
        const late = await adapter.setAgent?.(agentWish(agents.agent, 'ready'), 300);
        assert.equal(late?.ok === false ? late.refusal.code : '', 'pbx-timeout');
        trouble.thaw();
        await trouble.die();
        await telling.until(() => telling.count('down') > 0, 'not told');
        const away = await adapter.setAgent?.(agentWish(agents.agent, 'ready'), 5000);
        assert.equal(away?.ok === false ? away.refusal.code : '', 'pbx-away');
      }));

    test('a connection that breaks is told, comes back by itself, and brings what happened meanwhile', (context) =>
      run(async ({ hand, trouble, aor }, _adapter, telling) => {
        if (trouble === undefined) return context.skip(noTrouble);
        const lasting = hand.call();
        lasting.answer();
        const legs = () => legsOf(telling, aor);
        await telling.until(() => legs()[0]?.phase === 'confirmed', 'no call');
        const id = legs()[0]?.id;

        trouble.breakLinks();
        await telling.until(() => telling.count('down') > 0, 'not told');
        await telling.up(2);
        assert.deepEqual(telling.course.slice(-3), ['stale', 'snapshot', 'up']);
        assert.deepEqual([legs()[0]?.id, legs()[0]?.phase], [id, 'confirmed'], 'the call goes on');

        trouble.breakLinks();
        lasting.hangup();
        await telling.up(3);
        assert.deepEqual(legs(), [], 'it ended while nobody listened');
        const epochs = telling.of('snapshot').map((it) => it.epoch);
        assert.equal(new Set(epochs).size, 1, 'the same life of the PBX');
      }));

    test('a PBX that is started again in mid-call is another one: its calls are over, its features serve again', (context) =>
      run(async (rig, adapter, telling) => {
        const { hand, trouble, aor } = rig;
        if (trouble === undefined) return context.skip(noTrouble);
        hand.call().answer();
        await telling.until(() => legsOf(telling, aor)[0]?.phase === 'confirmed', 'no call');
        await trouble.die();
        await telling.until(() => telling.count('down') > 0, 'not told');
        const { writable } = adapter.capabilities.features.dnd;
        const away = await adapter.setFeature(wish(rig, 'dnd', true), 5000);
        assert.equal(away.ok ? '' : away.refusal.code, writable ? 'pbx-away' : 'not-writable');
        await trouble.rise();
        await telling.up(2);
        assert.deepEqual(legsOf(telling, aor), []);
        const epochs = telling.of('snapshot').map((it) => it.epoch);
        assert.notEqual(epochs.at(-1), epochs[0]);
        assert.deepEqual(trouble.writes(), [], 'what was refused is not done later');
        const back = await adapter.setFeature(wish(rig, 'dnd', true), 5000);
        assert.equal(back.ok, writable);
      }));

    test('checks tell what they find within their time, with a fix where something is wrong, and move nothing', (context) =>
      run(async (_rig, adapter, telling) => {
        if (adapter.checks === undefined) return context.skip('declared: there is nothing to examine');
        const before = telling.events.length;
        const findings = await adapter.checks(20_000);
        assert.deepEqual(structuredClone(findings), findings, 'plain data');
        for (const { check, level, text, fix } of findings) {
          assert.match(check, /^[a-z]+(-[a-z]+)*$/);
          assert.ok(text !== '' && (fix === null) === (level === 'ok'), check);
        }
        const moved = telling.events.slice(before).filter(({ type }) => type !== 'link' && type !== 'snapshot');
        assert.deepEqual(moved, []);
      }));

    test('checks of a PBX that answers nothing, or is gone, end within their time and say so', (context) =>
      run(async (rig, adapter) => {
        const { trouble } = rig;
        if (adapter.checks === undefined || trouble === undefined) return context.skip(noTrouble);
        for (const spoil of [() => trouble.freeze(), () => trouble.die()]) {
          await spoil();
          const started = Date.now();
          const findings = await adapter.checks(9_000);
          assert.ok(findings.some(({ level }) => level === 'fail'));
          assert.ok(Date.now() - started < 20_000, 'far beyond its time');
        }
      }));

    test('after stop nothing is told any more, and stopping twice is harmless', () =>
      run(async (rig, adapter, telling) => {
        await adapter.stop();
        const told = telling.events.length;
        const { writable } = adapter.capabilities.features.dnd;
        const answer = await adapter.setFeature(wish(rig, 'dnd', true), 500);
        assert.equal(answer.ok ? '' : answer.refusal.code, writable ? 'pbx-away' : 'not-writable');
        await adapter.stop();
        assert.equal(telling.events.length, told);
      }));
  });
}

/** What the last word on an extension's calls is. */
function legsOf(telling: Telling, aor: Aor): readonly Leg[] {
  let legs: readonly Leg[] = [];
  for (const event of telling.events) {
    if (event.type === 'dialogs' && event.aor === aor) legs = event.legs;
    if (event.type === 'snapshot') legs = event.snapshot.dialogs.find((it) => it.aor === aor)?.legs ?? [];
  }
  return legs;
}

function hasTags(leg: Leg | undefined): boolean {
  return Boolean(leg?.callId && leg.localTag && leg.remoteTag);
}
