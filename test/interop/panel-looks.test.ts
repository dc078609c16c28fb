import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Phone } from '../support/phone.ts';
import { card, it, phoneOf, Show, skip } from './panel-scene.ts';

/** What can be seen: enough contrast in both colour schemes, and room on a phone's screen. */
let show: Show;
let phone: Phone | null = null;

const views = [
  '#/',
  '#/ext/1001',
  '#/subscriptions',
  '#/subscriptions/1',
  '#/audit',
  '#/links',
  '#/setup',
  '#/nowhere',
];

before(async () => {
  if (skip !== null) return;
  show = await Show.open();
  const { id } = await show.simulate('call', {
    from: '1001',
    to: '1002',
    fromName: 'Ann Example with a rather long name',
  });
  await show.simulate('answer', { id });
  await show.simulate('hold', { id, by: '1002' });
  await show.simulate('call', { from: '1003', to: '1004' });
  await show.simulate('register', { ext: '1005', registered: false });
  await show.simulate('mailbox', { ext: '1006', new: 3, old: 1 });
  const set = (ext: string, feature: string, body: object) =>
    show.daemon.api(`/api/v1/extensions/${ext}/features/${feature}`, { method: 'PUT', body });
  await set('1007', 'dnd', { enabled: true });
  await set('1008', 'cfa', { enabled: true, target: '1002' });
  await set('1001', 'cfna', { enabled: true, target: '1002', ringCount: 4 });
  await set('1001', 'cfa', { enabled: true, target: '+15550100' });
  phone = await phoneOf(show, '1001');
  await phone.subscribe({ event: 'dialog', resource: '1002' });
});
after(async () => {
  await phone?.close();
  await show?.close();
});

/** Texts whose contrast with what is behind them is too small, and borders of fields that cannot be made out (WCAG 2.2 AA). */
const tooPale = `(() => {
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a)];
  const behind = (element) => {
    const layers = [];
    for (let one = element; one !== null; one = one.parentElement) layers.push(rgba(getComputedStyle(one).backgroundColor));
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    return layers.reverse().reduce((colour, layer) => over(layer, colour), dark ? [0, 0, 0] : [255, 255, 255]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const found = [];
  let measured = 0;
  const judge = (element, what, colour, back, least) => {
    measured++;
    const ratio = contrast(over(rgba(colour), back), back);
    if (ratio < least) found.push(ratio.toFixed(2) + ' ' + what + ' ' + element.tagName + '.' + element.className + ' ' + element.textContent.slice(0, 40));
  };
  for (const element of document.querySelectorAll('body *')) {
    if (!element.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true })) continue;
    if (element.closest('.unseen, .skip:not(:focus)')) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (own) judge(element, 'text', style.color, back, 4.5);
    if (element.tagName === 'path') judge(element.closest('svg').parentElement, 'sign', style.stroke, back, 3);
    if (element.matches('input, select, textarea')) {
      judge(element, 'value', style.color, back, 4.5);
      judge(element, 'border', style.borderTopColor, behind(element.parentElement), 3);
      judge(element, 'placeholder', getComputedStyle(element, '::placeholder').color, back, 4.5);
    }
  }
  return { measured, found: [...new Set(found)] };
})()`;

for (const scheme of ['light', 'dark'] as const) {
  it(`every text, sign and field can be made out, ${scheme}`, async () => {
    const page = await show.page();
    await page.colours(scheme);
    for (const view of views) {
      await page.evaluate(`location.hash = '${view}'`);
      await page.until(`${view} is shown`, `document.querySelector('main').innerText.length > 20`);
      await new Promise((resolve) => setTimeout(resolve, 300));
      const { measured, found } = await page.evaluate<{ measured: number; found: string[] }>(tooPale);
      assert.ok(measured > 10, `${view}: ${measured}`);
      assert.deepEqual(found, [], `${view} in ${scheme}`);
    }
    assert.deepEqual(
      page.problems.filter((one) => !one.includes('404')),
      [],
    );
    await page.close();
  });
}

it('the measure finds what is too pale', async () => {
  const page = await show.page();
  await page.evaluate(`document.querySelector('.summary').style.color = '#bbb'`);
  const { found } = await page.evaluate<{ found: string[] }>(tooPale);
  assert.equal(found.length, 1, found.join('\n'));
  await page.close();
});

it('the switch overrules what the system says, and is remembered', async () => {
  const page = await show.page();
  await page.colours('dark');
  const shade = `getComputedStyle(document.body).backgroundColor`;
  const dark = await page.evaluate(shade);
  await page.evaluate(`(() => {
    const choice = document.querySelector('.pills select');
    choice.value = 'light';
    choice.dispatchEvent(new Event('change', { bubbles: true }));
  })()`);
  await page.until('it is light', `${shade} !== '${dark}'`);
  await page.send('Page.reload');
  await page.until('it is light again', `document.querySelector('.card') && ${shade} !== '${dark}'`);
  await page.close();
});

it('on a screen of 360 points nothing has to be scrolled sideways, and what is pressed is large enough', async () => {
  const page = await show.page('#/', { width: 360, height: 740 });
  for (const view of views) {
    await page.evaluate(`location.hash = '${view}'`);
    await page.until(`${view} is shown`, `document.querySelector('main').innerText.length > 20`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { wide, over, small } = await page.evaluate<{ wide: number; over: string[]; small: string[] }>(`({
      wide: document.documentElement.scrollWidth,
      over: [...document.querySelectorAll('main *')]
        .filter((one) => !one.closest('.scroll, pre, .unseen') && one.getBoundingClientRect().right > 361)
        .map((one) => one.tagName + '.' + one.className).slice(0, 5),
      small: [...document.querySelectorAll('button, select, input')]
        .filter((one) => one.checkVisibility({ contentVisibilityAuto: true }) && !one.closest('.unseen, .skip'))
        .filter((one) => one.getBoundingClientRect().height < 24)
        .map((one) => one.outerHTML.slice(0, 80)),
    })`);
    assert.ok(wide <= 360, `${view} is ${wide} wide: ${over.join()}`);
    assert.deepEqual(over, [], view);
    assert.deepEqual(small, [], view);
  }
  await page.close();
});

it('a table that becomes a list on a narrow screen says before each value what it is', async () => {
  const page = await show.page('#/subscriptions', { width: 360, height: 740 });
  await page.until('a subscription is there', `document.querySelector('.stacks tbody td')`);
  const labels = await page.evaluate<string[]>(
    `[...document.querySelectorAll('.stacks tbody td[data-label]')].map((one) => getComputedStyle(one, '::before').content)`,
  );
  assert.ok(labels.includes('"Last NOTIFY: "'), labels.join());
  await page.close();
});

for (const width of [360, 1000, 1300]) {
  it(`a card on a screen of ${width} points has room for four keys with their targets, a name and a caller`, async () => {
    const keys = [['dnd'], ['cfa', '1002'], ['cfb', '1003'], ['cfna', '1004']] as const;
    const set = async (enabled: boolean) => {
      for (const [feature, target] of keys) {
        const body = { enabled, ...(target === undefined ? {} : { target }) };
        await show.daemon.api(`/api/v1/extensions/1009/features/${feature}`, { method: 'PUT', body });
      }
    };
    await set(true);
    const page = await show.page('#/', { width, height: 900 });
    await page.until('four keys are on', `${card('1009')}?.querySelectorAll('[aria-pressed=true]').length === 4`);
    const cut = await page.evaluate<string[]>(`(() => {
      // the simulated PBX has no names
      ${card('1009')}.querySelector('.name').textContent = 'Alexandra Montgomery';
      ${card('1004')}.querySelector('.talk').textContent = 'Alexandra Smith (1003)';
      return [...document.querySelectorAll('.key, .key b, .name, .talk, .state, .ext')]
        .filter((one) => !${card('1001')}.contains(one) && !${card('1002')}.contains(one))
        .filter((one) => one.scrollWidth > one.clientWidth)
        .map((one) => one.textContent);
    })()`);
    await page.close();
    await set(false);
    assert.deepEqual(cut, []);
  });
}

it('each state is said in words on its card', async () => {
  const page = await show.page();
  await page.until('ten cards', `document.querySelectorAll('.card').length === 10`);
  const states = await page.evaluate<string[]>(
    `[...document.querySelectorAll('.card')].map((one) => one.querySelector('.state').firstChild.data)`,
  );
  assert.deepEqual(states, [
    'talking',
    'on hold',
    'calling',
    'ringing',
    'not registered',
    'free',
    'do not disturb',
    'forwarded',
    'free',
    'free',
  ]);
  assert.match(await page.text('.card[data-aor^="1006@"]'), /3 new/);
  assert.match(await page.text('.card[data-aor^="1001@"]'), /No ans\.\s*1002/);
  await page.close();
});

it('everything that can be pressed or filled in has a name that can be read out', async () => {
  const page = await show.page();
  const wanted = ['button', 'link', 'textbox', 'searchbox', 'combobox', 'checkbox', 'spinbutton'];
  for (const view of views) {
    await page.evaluate(`location.hash = '${view}'`);
    await page.until(`${view} is shown`, `document.querySelector('main').innerText.length > 20`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { nodes } = (await page.send('Accessibility.getFullAXTree')) as {
      nodes: { ignored: boolean; role?: { value: string }; name?: { value: string } }[];
    };
    const found = nodes.filter(({ ignored, role }) => !ignored && wanted.includes(role?.value ?? ''));
    assert.ok(found.length > 5, view);
    const mute = found.filter(({ name }) => (name?.value ?? '').trim() === '');
    assert.deepEqual(
      mute.map(({ role }) => role?.value),
      [],
      view,
    );
    assert.equal(
      ((await page.evaluate(`document.querySelectorAll('h1').length`)) as number) <= 1,
      true,
      `${view}: one heading`,
    );
  }
  await page.close();
});
