import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { running, viewOf } from '../ops/fake-deps.ts';
import type { Page } from '../support/browser.ts';
import { card, isLive, it, phoneOf, Show, skip } from './panel-scene.ts';

/** The panel as somebody uses it: with the keyboard alone, with hostile names, through a lost connection. */
let show: Show;

before(async () => {
  if (skip === null) show = await Show.open();
});
after(() => show?.close());

/** What has the focus, in words, and whether that can be seen. */
const focused = `(() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  const on = box.width > 0 && box.top < innerHeight && box.bottom > 0;
  // what has come into view with the focus has no innerText before the next frame (content-visibility)
  const text = one.innerText || one.textContent;
  const name = one.getAttribute('aria-label') || one.labels?.[0]?.innerText || text || one.name || one.tagName;
  return { name: name.trim(), tag: one.tagName, seen: seen && on };
})()`;

interface Focus {
  readonly name: string;
  readonly tag: string;
  readonly seen: boolean;
}

/** Waits until what has this name has the focus. */
async function focusOn(page: Page, name: RegExp): Promise<void> {
  await page.until(`the focus is on ${name}`, `${name}.test(${focused}.name)`);
}

/** Presses Tab until it is there; answers all it came by. */
async function tabTo(page: Page, fits: (focus: Focus) => boolean, most = 60): Promise<Focus[]> {
  const way: Focus[] = [];
  for (let i = 0; i < most; i++) {
    await page.press('Tab');
    const focus = await page.evaluate<Focus>(focused);
    way.push(focus);
    if (fits(focus)) return way;
  }
  return assert.fail(`not reached by Tab; came by ${way.map(({ name }) => name).join(' | ')}`);
}

async function feature(ext: string, name: string): Promise<{ enabled: boolean; target?: string }> {
  const { body } = await show.daemon.api<{ features: Record<string, { enabled: boolean; target?: string }> }>(
    `/api/v1/extensions/${ext}`,
  );
  return body.features[name]!;
}

it('with the keyboard alone: to the grid, from card to card, a key pressed, a forward given, a view opened and left', async () => {
  const page = await show.page();
  await page.until('ten cards', `document.querySelectorAll('.card').length === 10`);
  const way = await tabTo(page, ({ name }) => name === '1001');
  const names = way.map(({ name }) => name);
  for (const wanted of ['To the content', 'Extensions', 'Subscriptions', 'Audit', 'Health', 'Setup', 'Call']) {
    assert.ok(names.includes(wanted), `${wanted} is reached: ${names.join(' | ')}`);
  }
  assert.deepEqual(
    way.filter(({ seen }) => !seen).map(({ name }) => name),
    [],
    'the focus can always be seen',
  );

  await page.press('ArrowRight');
  await focusOn(page, /^1002$/);
  await page.press('End');
  await focusOn(page, /^1010$/);
  await page.press('Home');
  await focusOn(page, /^1001$/);
  await page.press('ArrowRight');
  await focusOn(page, /^1002$/);

  await page.press('Tab');
  await focusOn(page, /^1002, Do not disturb: off$/);
  await page.press('Enter');
  await page.until('DND of 1002 is on', `${card('1002')}.dataset.lamp === 'dnd'`);
  assert.equal((await feature('1002', 'dnd')).enabled, true);
  await page.press('Enter');
  await page.until('DND of 1002 is off', `${card('1002')}.dataset.lamp === 'free'`);

  await page.press('Tab');
  await focusOn(page, /^1002, Forward always/);
  await page.press('Enter');
  await page.until('it asks where to', `document.querySelector('dialog[open] input') === document.activeElement`);
  await page.press('Escape');
  await page.until('it is closed', `document.querySelector('dialog') === null`);
  await focusOn(page, /^1002, Forward always/); // back where it was
  await page.press('Enter');
  await page.until('it asks again', `document.querySelector('dialog[open] input') === document.activeElement`);
  await page.type('1003');
  await page.press('Enter');
  await page.until('1002 is forwarded', `${card('1002')}.innerText.includes('1003')`);
  await focusOn(page, /^1002, Forward always/);
  assert.deepEqual(await feature('1002', 'cfa'), { enabled: true, target: '1003' });
  await page.press('Enter');
  await page.until('it is not', `${card('1002')}.dataset.lamp === 'free'`);

  await page.press('Tab', { shift: true });
  await focusOn(page, /^1002, Do not disturb/);
  await page.press('Tab', { shift: true });
  await focusOn(page, /^1002$/);
  await page.press('Enter');
  await page.until('the page of 1002', `location.hash === '#/ext/1002' && document.querySelector('.now')`);
  await tabTo(page, ({ name }) => name === '1002, Do not disturb: off', 30);
  await page.evaluate('history.back()');
  await page.until('the grid again', `document.querySelectorAll('.card').length === 10`);
  assert.deepEqual(
    page.problems.filter((one) => !one.includes('404')),
    [],
  );
  await page.close();
});

it('/ leads to the search of the view, what is typed narrows the grid, Esc clears it', async () => {
  const page = await show.page();
  await page.until('ten cards', `document.querySelectorAll('.card').length === 10`);
  await page.press('/');
  await page.type('1004');
  await page.until('one card', `document.querySelectorAll('.card').length === 1`);
  assert.equal(await page.evaluate('location.hash'), '#/?find=1004', 'it can be linked');
  await page.until(
    'it is said aloud',
    `document.querySelector('.summary [role=status]').textContent.startsWith('1 of')`,
  );
  await page.press('Escape');
  await page.until('ten cards', `document.querySelectorAll('.card').length === 10`);
  await page.press('/');
  await page.type('nobody');
  await page.until('it says why nothing is there', `document.body.innerText.includes('No extension fits')`);
  await page.close();
});

it('the grid is narrowed to a state by a press, and follows the calls', async () => {
  const page = await show.page('#/?state=ringing');
  await page.until('nothing rings', `document.body.innerText.includes('No extension fits')`);
  const { id } = await show.simulate('call', { from: '1001', to: '1002' });
  await page.until('1002 rings', `document.querySelectorAll('.card').length === 1 && ${card('1002')}`);
  await show.simulate('hangup', { id });
  await page.until('it does not', `document.querySelectorAll('.card').length === 0`);
  await page.click('.chip[aria-pressed=true]');
  await page.until('all', `document.querySelectorAll('.card').length === 10`);
  await page.close();
});

it('the grid is narrowed to a group, and that can be linked', async () => {
  const page = await show.page('#/?group=front');
  await page.until('three cards', `document.querySelectorAll('.card').length === 3`);
  await page.evaluate(`(() => {
    const choice = [...document.querySelectorAll('.tools select')].at(-1);
    choice.value = '';
    choice.dispatchEvent(new Event('change', { bubbles: true }));
  })()`);
  await page.until('all', `document.querySelectorAll('.card').length === 10`);
  await page.close();
});

it('a PBX that is away is said above every view and on its cards, with its last truth; an occupied parking slot is a card too, a key lamp is not', async () => {
  await running(async (at) => {
    const remote = { number: '1009', name: 'Ann', presentable: true };
    const call = { id: 'x', phase: 'confirmed', direction: 'recipient', holding: false, remote, since: 0 } as const;
    const slot = { ...viewOf('park+701'), contacts: 0, lamp: true as const, dialogs: [call] };
    const lit = { ...call, remote: { number: null, name: null, presentable: true } };
    const key = { ...viewOf('custom+CF1001'), contacts: 0, lamp: true as const, dialogs: [lit] };
    Object.assign(at.hub, { lamps: () => [slot, key, { ...viewOf('park+702'), lamp: true as const }] });
    const page = await show.browser.page(`${at.url}/`);
    await page.until('three cards', `document.querySelectorAll('.card').length === 3`);
    assert.match(await page.text('.card[data-lamp=parked]'), /park\+701\s+parked[\s\S]*Ann \(1009\)/);
    assert.match(await page.text('.summary'), /^2 extensions, 1 lamp$/m);
    assert.match(await page.text('.states'), /in calls\s*0[\s\S]*held, parked\s*1[\s\S]*lamp keys\s*3/);
    await page.click('.chip:last-child');
    await page.until('the lamps alone', `location.hash === '#/?state=lamps' && ${card('custom+CF1001')}`);
    const texts = `[...document.querySelectorAll('.card')].map((one) => one.innerText)`;
    // a card that came into view has its words with the next frame
    await page.until(
      'their words',
      `${texts}.length === 3 && ${texts}.every((text) => text.length > 'park+701'.length)`,
    );
    const lamps = await page.evaluate<string[]>(texts);
    assert.deepEqual(
      lamps.map((one) => /^(\S+)\s+(on|off|parked)/.exec(one)?.slice(1).join(' ')),
      ['custom+CF1001 on', 'park+701 parked', 'park+702 off'],
    );
    assert.doesNotMatch(lamps.join(), /talk|withheld|DND/);
    await page.click('.chip:last-child');
    await page.until('three cards again', `document.querySelectorAll('.card').length === 3`);
    at.hub.put('1001', { stale: true, dialogs: [call] }, 'extension');
    at.hub.linkIs('stale', 'connection refused');
    await page.until(
      'it is said',
      `document.querySelector('.banner')?.innerText.includes('demo is away (connection refused)')`,
    );
    await page.until('on the card', `${card('1001')}.innerText.includes('talking (last known)')`);
    await page.evaluate(`location.hash = '#/audit'`);
    await page.until(
      'in every view',
      `document.querySelector('h1').innerText === 'Audit' && document.querySelector('.banner')`,
    );
    at.hub.linkIs('up', null);
    await page.until('it is over', `document.querySelector('.banner') === null`);
    await page.close();
  });
});

it('a refused wish is said, and the key shows what the PBX holds', async () => {
  const page = await show.page();
  await page.click('.card[data-aor^="1005@"] [aria-label*="Forward always"]');
  await page.until('it asks', `document.querySelector('dialog[open] input')`);
  await page.type('1005');
  await page.press('Enter');
  await page.until('it is refused', `document.querySelector('.banner[role=alert]')`);
  assert.equal(
    await page.evaluate(`${card('1005')}.querySelector('[aria-label*="Forward always"]').ariaPressed`),
    'false',
  );
  await page.press('Escape');
  await page.until('it is put away', `document.querySelector('.banner[role=alert]') === null`);
  await page.close();
});

it('names from the network stay text wherever they are shown: markup, and what turns a line round', async () => {
  const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>\u202e`;
  const phone = await phoneOf(show, '1001', `<b onmouseover=alert(1)>${'x'.repeat(20)}`);
  const { id } = await show.simulate('call', { from: '1006', to: '1007', fromName: evil });
  try {
    await phone.subscribe({ event: 'dialog', resource: '1007' });
    const page = await show.page();
    for (const view of [
      '#/',
      '#/ext/1007',
      '#/subscriptions',
      '#/audit',
      '#/links',
      '#/ext/%3Cimg src=x%3E',
      '#/<b>',
    ]) {
      await page.evaluate(`location.hash = ${JSON.stringify(view)}`);
      await page.until(`${view} is shown`, `document.querySelector('main').innerText.length > 20`);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(
        await page.evaluate(`document.querySelectorAll('main img, main script, main b[onmouseover]').length`),
        0,
      );
      assert.doesNotMatch(await page.evaluate<string>('document.title'), /^owned/);
      assert.doesNotMatch(await page.evaluate<string>('document.body.textContent'), /\u202e/);
    }
    await page.evaluate(`location.hash = '#/ext/1007'`);
    await page.until('the name is there, as text', `document.querySelector('main').innerText.includes('<img src=x')`);
    assert.deepEqual(
      page.problems.filter((one) => /policy|refused to/i.test(one)),
      [],
    );
    await page.close();
  } finally {
    await show.simulate('hangup', { id });
    await phone.close();
  }
});

it('a lost connection is said in every view and in the head, and heals by itself with what has changed meanwhile', async () => {
  const page = await show.page();
  await page.until('ten cards', `document.querySelectorAll('.card').length === 10`);
  const { body } = await show.daemon.api<unknown[]>('/api/v1/extensions');
  assert.equal(body.length, 10);
  await show.daemon.stop();
  for (const view of ['#/', '#/ext/1001', '#/subscriptions', '#/audit', '#/links', '#/setup']) {
    await page.evaluate(`location.hash = '${view}'`);
    await page.until(`${view} says so`, `document.querySelector('.banner')?.innerText.includes('lost')`);
    assert.match(await page.text('#connection'), /lost/);
  }
  await page.evaluate(`location.hash = '#/'`);
  assert.equal(await page.evaluate(`document.querySelectorAll('.card').length`), 10, 'the last truth stands');
  await show.restart();
  await show.simulate('register', { ext: '1009', registered: false });
  await page.until('it is back', isLive);
  await page.until('what changed is shown', `${card('1009')}.dataset.lamp === 'away'`);
  await page.until('no banner', `document.querySelector('.banner') === null`);
  await show.simulate('register', { ext: '1009', registered: true });
  await page.until('it lives', `${card('1009')}.dataset.lamp === 'free'`);
  await page.close();
});

it('a subscription is seen with its last NOTIFY and answer, told again, and ended after a question', async () => {
  const phone = await phoneOf(show, '1001');
  try {
    const lamp = await phone.subscribe({ event: 'dialog', resource: '1008' });
    const page = await show.page('#/subscriptions?find=1008');
    await page.until('its NOTIFY was answered', `document.querySelector('tbody')?.innerText.includes('200')`);
    assert.match(await page.text('tbody'), /Example Phone 1\.0/);
    const before = lamp.notifies.length;
    await page.click('tbody .actions button:first-child');
    await lamp.next((notify) => lamp.notifies.indexOf(notify) >= before, 10_000);
    await page.click('tbody .actions button:last-child');
    await page.until('it asks', `document.querySelector('dialog[open]')?.innerText.includes('1008')`);
    await page.press('Escape');
    await page.until(
      'nothing happened',
      `document.querySelector('dialog') === null && document.querySelector('tbody')`,
    );
    await page.click('tbody .actions button:last-child');
    await page.click('dialog .main');
    await page.until(
      'it is gone',
      `document.body.innerText.includes('No subscription fits') || document.body.innerText.includes('No phone has subscribed')`,
    );
    await page.close();
  } finally {
    await phone.close();
  }
});

it('the simulated PBX is driven from the page: a call, its answer, hold, and its end', async () => {
  const page = await show.page();
  await page.click('.panel-box .main');
  await page.until('1002 rings', `${card('1002')}.dataset.lamp === 'ringing'`);
  await page.click('.calls button:nth-of-type(1)');
  await page.until('they talk', `${card('1002')}.dataset.lamp === 'talking'`);
  await page.click('.calls button:nth-of-type(1)');
  await page.until('1002 holds', `${card('1002')}.dataset.lamp === 'held'`);
  await page.click('.calls button:nth-of-type(2)');
  await page.until('it is over', `${card('1002')}.dataset.lamp === 'free' && !document.querySelector('.calls li')`);
  await page.close();
});
