import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Page } from '../support/browser.ts';
import { card, it, Show, skip } from './panel-scene.ts';

/** 1,000 extensions and 50 changes a second: what a page has to stand that an admin leaves open. */
const first = 1001;
const count = 1000;
const changesPerSecond = 50;
/** The others have no calls. */
const traffickers = count - 2;

let show: Show;
let page: Page;

before(async () => {
  if (skip !== null) return;
  show = await Show.open({ extensions: `${first}-${first + count - 1}` });
  page = await show.page('#/', { width: 1400, height: 900 });
  await page.until('all cards are there', `document.querySelectorAll('.card').length === ${count}`);
});
after(() => show?.close());

/** Calls that come, are answered, held, and go, each at two extensions, until it is stopped. */
class Traffic {
  /** Changes so far: each step of a call is one at each of its two sides. */
  changes = 0;
  readonly #ended: Promise<void>;
  #stopped = false;

  constructor(more: () => Promise<number>) {
    this.#ended = this.#run(more);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #run(more: () => Promise<number>): Promise<void> {
    for (let due = Date.now(); !this.#stopped; ) {
      const made = await more();
      this.changes += made;
      due = Math.max(due, Date.now() - 1000) + (made * 1000) / changesPerSecond;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())));
    }
  }
}

/** Goes round the extensions in pairs; each pair's call goes through all its states, 60 pairs at a time. */
function rounds(): () => Promise<number> {
  const calls: { id: string; to: string; step: number }[] = [];
  let next = 0;
  let turn = 0;
  return async () => {
    if (calls.length < 60) {
      const from = String(first + (next % traffickers));
      const to = String(first + ((next + 1) % traffickers));
      next += 2;
      const { id } = await show.simulate('call', { from, to, fromName: `Caller ${next}` });
      calls.push({ id, to, step: 0 });
      return 3; // off-hook, ringing, and the other phone
    }
    turn = (turn + 1) % calls.length;
    const call = calls[turn]!;
    const { id, to } = call;
    if (call.step === 0) await show.simulate('answer', { id });
    if (call.step === 1) await show.simulate('hold', { id, by: to });
    if (call.step === 2) await show.simulate('resume', { id, by: to });
    if (call.step === 3) {
      await show.simulate('hangup', { id });
      calls.splice(turn, 1);
    }
    call.step++;
    return call.step === 2 || call.step === 3 ? 1 : 2;
  };
}

const measure = `(() => {
  const seen = { frames: [], busy: 0, redrawn: 0 };
  window.seen = seen;
  const cardOf = (node) => (node.nodeType === 1 ? node : node.parentElement)?.closest('.card');
  new MutationObserver((records) => {
    seen.redrawn += new Set(records.map((record) => cardOf(record.target)).filter(Boolean)).size;
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.busy += entry.duration;
  }).observe({ type: 'longtask' });
  let last = performance.now();
  const frame = (at) => {
    seen.frames.push(at - last);
    last = at;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})()`;

it('1,000 extensions and 50 changes a second: only what changed is drawn again, and a card follows its extension', async (t) => {
  await page.evaluate(measure);
  const traffic = new Traffic(rounds());
  const lags: number[] = [];
  const start = Date.now();
  try {
    // An extension without calls goes and comes, 20 times.
    for (let round = 0; round < 20; round++) {
      const began = Date.now();
      await show.simulate('register', { ext: '2000', registered: round % 2 === 1 });
      const wanted = round % 2 === 1 ? 'free' : 'not registered';
      await page.until(
        `2000 is ${wanted}`,
        `${card('2000')}.querySelector('.state').textContent.startsWith('${wanted}')`,
      );
      lags.push(Date.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  } finally {
    await traffic.stop();
  }
  const seconds = (Date.now() - start) / 1000;
  const { frames, busy, redrawn } = await page.evaluate<{ frames: number[]; busy: number; redrawn: number }>('seen');
  frames.sort((a, b) => a - b);
  lags.sort((a, b) => a - b);
  const at = (list: readonly number[], part: number) => Math.round(list[Math.floor((list.length - 1) * part)]!);
  t.diagnostic(`${Math.round(traffic.changes / seconds)} changes a second for ${Math.round(seconds)} s`);
  t.diagnostic(`frames: ${at(frames, 0.5)} ms, 99 %: ${at(frames, 0.99)} ms, longest ${at(frames, 1)} ms`);
  t.diagnostic(`long tasks: ${Math.round(busy)} ms in all; shown after ${at(lags, 0.5)} ms, at most ${at(lags, 1)} ms`);
  t.diagnostic(`${traffic.changes} changes, ${redrawn} cards drawn again`);
  assert.ok(traffic.changes > 0, 'there was traffic');
  // 2.6 with the clocks of the calls; 1,000 where each change draws the grid
  assert.ok(redrawn < traffic.changes * 20, 'what did not change is not drawn again');
  assert.deepEqual(
    page.problems.filter((one) => !one.includes('404')),
    [],
  );
});

it('when the calls are over, the grid shows what the PBX holds, card for card', async () => {
  const { body } =
    await show.daemon.api<{ aor: string; dialogs: { held: boolean; state: string }[] }[]>('/api/v1/extensions');
  const busy = body.filter(({ dialogs }) => dialogs.length > 0).map(({ aor }) => aor);
  assert.ok(busy.length > 50);
  const shown = `[...document.querySelectorAll('.card')].filter((one) => one.querySelector('.talk')).map((one) => one.dataset.aor)`;
  await page.until(`${busy.length} in calls`, `(${shown}).length === ${busy.length}`);
  assert.deepEqual((await page.evaluate<string[]>(shown)).sort(), busy.sort());
  const chips = await page.text('.states');
  assert.match(chips, new RegExp(`in calls\\s+${busy.length}\\b`));
});

it('a page left open does not grow: elements and heap stay where they were over thousands of changes', async (t) => {
  // As fast as the daemon takes them: what piles up, piles up sooner.
  const more = rounds();
  const run = async (changes: number) => {
    for (let made = 0; made < changes; ) made += await more();
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))');
  };
  await run(1000);
  const seen: { heap: number; nodes: number; listeners: number }[] = [];
  for (let i = 0; i < 6; i++) {
    await run(800);
    seen.push(await page.inUse());
  }
  // What is about to be collected comes and goes: the least of three is what stays.
  const least = (part: typeof seen, of: 'heap' | 'nodes' | 'listeners') => Math.min(...part.map((one) => one[of]));
  const [early, late] = [seen.slice(0, 3), seen.slice(3)];
  t.diagnostic(
    `heap ${seen.map(({ heap }) => mb(heap)).join(', ')} MB; nodes ${seen.map(({ nodes }) => nodes).join(', ')}`,
  );
  assert.ok(least(late, 'heap') < least(early, 'heap') * 1.5 + 1_000_000, 'heap');
  assert.ok(least(late, 'nodes') < least(early, 'nodes') * 1.05 + 200, 'nodes');
  assert.ok(least(late, 'listeners') < least(early, 'listeners') * 1.05 + 50, 'listeners');
});

it('going through all views and back leaves nothing behind', async (t) => {
  const tour = async () => {
    for (const hash of ['#/ext/1001', '#/subscriptions', '#/audit', '#/links', '#/setup', '#/']) {
      await page.evaluate(`location.hash = '${hash}'`);
      await page.until(`${hash} is shown`, `document.querySelector('main h1') && location.hash === '${hash}'`);
      if (hash === '#/') await page.until('cards', `document.querySelectorAll('.card').length === ${count}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  for (let i = 0; i < 2; i++) await tour();
  const one = await page.inUse();
  for (let i = 0; i < 5; i++) await tour();
  const two = await page.inUse();
  t.diagnostic(`heap ${mb(one.heap)} → ${mb(two.heap)} MB, nodes ${one.nodes} → ${two.nodes}`);
  assert.ok(two.heap < one.heap * 1.3 + 1_000_000, `heap ${one.heap} → ${two.heap}`);
  assert.ok(two.nodes < one.nodes * 1.3 + 500, `nodes ${one.nodes} → ${two.nodes}`);
});

function mb(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}
