import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DialogState } from '../../src/sip/dialog.ts';
import { alice, type FakeStore, newDialog, type SentNotify, settle, told, World } from './support.ts';

type Step =
  | { readonly do: 'call'; readonly id: number }
  | { readonly do: 'answer'; readonly status: number; readonly retryAfter: number | null }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'refresh'; readonly phone: number }
  | { readonly do: 'usage'; readonly phone: number }
  | { readonly do: 'unsubscribe'; readonly phone: number }
  | { readonly do: 'move'; readonly phone: number }
  | { readonly do: 'restart' };

const phones = 3;
const phone = fc.nat(phones - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('call' as const), id: fc.nat(4) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      status: fc.constantFrom(200, 200, 200, 408, 500, 503, 401, 481),
      retryAfter: fc.option(fc.nat(40)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40_000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('refresh' as const), phone }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('usage' as const), phone }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unsubscribe' as const), phone }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('move' as const), phone }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

const fatal = new Set([404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604]);

/** Three phones with lamps, and all NOTIFYs ever sent, over restarts. */
class Run {
  world = new World();
  readonly dialogs: DialogState[] = [];
  /** Call-ID to device, of every dialog there ever was: a usage may live on in one whose phone has begun again. */
  readonly devices = new Map<string, string>();
  readonly sent: SentNotify[] = [];
  readonly accepted: SentNotify[] = [];
  /** NOTIFYs whose answer ended their subscription (E65-14). */
  readonly ending = new Set<SentNotify>();
  mostInFlight = 0;
  #port = 10_000;

  async begin(): Promise<void> {
    this.world.sender.hold = true;
    for (let index = 0; index < phones; index += 1) {
      const dialog = newDialog();
      this.dialogs.push(dialog);
      this.devices.set(dialog.callId, `phone-${index}`);
      await this.world.subscribe({ dialog, device: `phone-${index}`, expires: 7200 });
    }
  }

  async take(what: Step): Promise<void> {
    const { world } = this;
    if (what.do === 'call') world.state.calls(alice, ...(what.id === 0 ? [] : [`d${what.id}`]));
    else if (what.do === 'answer') await this.#answer(what.status, what.retryAfter);
    else if (what.do === 'wait') world.clock.advance(what.ms);
    else if (what.do === 'restart') this.#restart(world.store);
    else await this.#subscribe(what);
    await settle();
    this.#note();
  }

  /** Every phone answers 200 from now on, and time passes. */
  async end(): Promise<void> {
    for (let round = 0; round < 50; round += 1) {
      await this.#answer(200, null);
      await this.world.clock.run(70_000, 35_000);
      this.#note();
    }
  }

  async #subscribe({ do: kind, phone: index }: { readonly do: string; readonly phone: number }): Promise<void> {
    const dialog = this.dialogs[index];
    assert.ok(dialog);
    // A real phone hears 481 where its subscription was dropped, and begins again.
    if (kind === 'move') {
      this.#port += 1;
      dialog.flow = { ...dialog.flow, remote: { ...dialog.flow.remote, port: this.#port } };
    }
    const eventId = kind === 'usage' ? 'second' : null;
    const answer = await this.world.again(dialog, {
      eventId,
      device: `phone-${index}`,
      expires: kind === 'unsubscribe' ? 0 : 7200,
    });
    if (answer.status !== 481) return;
    const fresh = newDialog();
    this.dialogs[index] = fresh;
    this.devices.set(fresh.callId, `phone-${index}`);
    await this.world.subscribe({ dialog: fresh, device: `phone-${index}`, expires: 7200 });
  }

  #restart(store: FakeStore): void {
    this.#note();
    const before = this.world;
    void before.notifier.stop();
    for (const dialog of this.dialogs) dialog.note = null; // a new process remembers nothing
    this.world = new World(store);
    this.world.clock.advance(before.clock.now() - this.world.clock.now());
    this.world.sender.hold = true;
    const { views } = before.state;
    for (const [aor, view] of views) this.world.state.views.set(aor, view);
    this.world.notifier.restore([...store.rows.values()], 1000);
    for (const dialog of this.world.sender.restored) {
      const index = this.dialogs.findIndex(({ callId }) => callId === dialog.callId);
      if (index >= 0) this.dialogs[index] = dialog;
    }
    this.world.notifier.start();
  }

  async #answer(status: number, retryAfter: number | null): Promise<void> {
    for (;;) {
      const open = this.world.sender.sent.find((notify) => notify.open());
      if (open === undefined) return;
      if (status === 200) this.accepted.push(open);
      if (fatal.has(status)) this.ending.add(open);
      await open.answer({ status, retryAfter: status === 503 ? retryAfter : null });
      this.#note();
      if (status !== 200) return;
    }
  }

  #note(): void {
    const { sender } = this.world;
    for (const notify of sender.sent) if (!this.sent.includes(notify)) this.sent.push(notify);
    this.mostInFlight = Math.max(this.mostInFlight, sender.mostInFlight);
  }
}

function strictlyGrows(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
}

function grouped<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups.values()];
}

test('whatever happens: CSeq and version only grow, never two in flight, and the last lamp shown is the true one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const run = new Run();
      await run.begin();
      for (const what of steps) await run.take(what);
      await run.end();

      for (const dialog of grouped(run.sent, (notify) => notify.dialog.callId)) {
        assert.ok(strictlyGrows(dialog.map(({ cseq }) => cseq)), 'CSeq');
        for (const usage of grouped(dialog, ({ message }) => message.eventId ?? '')) {
          // A usage that ended and began again in the same dialog is another subscription, with versions of its own.
          const lives = [...usage.entries()].filter(
            ([, notify]) => notify.message.subscription.state === 'terminated' || run.ending.has(notify),
          );
          const from = lives.map(([index]) => index + 1);
          for (const [index, start] of [0, ...from].entries()) {
            const life = usage.slice(start, from[index] ?? usage.length);
            assert.ok(strictlyGrows(life.map((notify) => told(notify).version)), 'version');
          }
        }
      }
      assert.ok(run.mostInFlight <= 1, 'in flight');

      const truth = run.world.state.view(alice).dialogs.map(({ id }) => id);
      for (const view of run.world.notifier.list()) {
        const last = run.accepted.findLast(
          ({ dialog, message }) => message.eventId === view.eventId && run.devices.get(dialog.callId) === view.device,
        );
        assert.deepEqual(told(last).ids, truth, `what ${view.device} shows`);
      }
      await run.world.notifier.stop();
      assert.equal(run.world.clock.pending, 0);
    }),
    { numRuns: 150, verbose: 1 },
  );
});
