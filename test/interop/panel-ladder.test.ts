import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { Phone } from '../support/phone.ts';
import { it, phoneOf, Show, skip } from './panel-scene.ts';

/** The SIP messages of a subscription as they happen. */
let show: Show;
let phone: Phone;
let id: number;

before(async () => {
  if (skip !== null) return;
  show = await Show.open();
  phone = await phoneOf(show, '1001');
  await phone.subscribe({ event: 'dialog', resource: '1002' });
  const { body } = await show.daemon.api<{ id: number }[]>('/api/v1/subscriptions');
  id = body[0]!.id;
});
after(async () => {
  await phone?.close();
  await show?.close();
});

const rows = `[...document.querySelectorAll('.ladder tbody tr')]`;

it('the ladder of a subscription has what went before, and each message as it comes', async () => {
  const page = await show.page(`#/subscriptions/${id}`);
  await page.until('the past is there', `${rows}.some((row) => row.innerText.includes('SUBSCRIBE'))`);
  await page.until('it is live', `document.querySelector('.ladder').innerText.includes('live')`);
  const before = await page.evaluate<number>(`${rows}.length`);
  const { id: call } = await show.simulate('call', { from: '1003', to: '1002' });
  await page.until('a NOTIFY and its answer came', `${rows}.length >= ${before + 2}`);
  const kinds = await page.evaluate<string[]>(`${rows}.map((row) => row.dataset.direction + ' ' + row.dataset.kind)`);
  assert.deepEqual(kinds.slice(before, before + 2), ['out request', 'in success']);
  await show.simulate('hangup', { id: call });
  await page.resize(1000, 300);
  const end = `(() => { const { scrollTop, clientHeight, scrollHeight } = document.querySelector('.ladder .scroll');
    return scrollHeight > clientHeight && scrollHeight - scrollTop - clientHeight < 8; })()`;
  const more = await show.simulate('call', { from: '1003', to: '1002' });
  await page.until('the newest is in sight', end);
  await show.simulate('hangup', { id: more.id });
  assert.deepEqual(page.problems, []);
  await page.close();
});

it('a selected message is shown as it went over the wire, by the keyboard too, and without its secrets', async () => {
  const page = await show.page(`#/subscriptions/${id}`);
  await page.until('messages are there', `${rows}.length > 2`);
  let authorized = 0;
  for (let row = 0; row < (await page.evaluate<number>(`${rows}.length`)); row++) {
    await page.click(`.ladder tbody tr:nth-child(${row + 1}) button`);
    const raw = await page.until<string>('its text', `document.querySelector('.raw pre')?.innerText`);
    assert.match(raw, /^(SIP\/2\.0|[A-Z]+ sip:)/);
    assert.doesNotMatch(raw, /response="?[0-9a-f]{32}/, 'no digest to try passwords at');
    if (/^Authorization: /m.test(raw)) authorized++;
  }
  assert.ok(authorized > 0, 'a SUBSCRIBE with credentials was among them');
  await page.evaluate(`document.querySelector('.ladder tbody button').focus()`);
  await page.press('ArrowDown');
  await page.press('Enter');
  await page.until('the second is shown', `${rows}[1].dataset.chosen === 'true'`);
  await page.close();
});

it('the capture file is downloaded with the token of the page', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-download-'));
  try {
    const page = await show.page(`#/subscriptions/${id}`);
    await page.send('Page.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
    await page.until('messages are there', `${rows}.length > 2`);
    await page.evaluate(
      `[...document.querySelectorAll('button')].find((one) => one.innerText === 'Download pcap').click()`,
    );
    const end = Date.now() + 15_000;
    while (!readdirSync(folder).includes(`subscription-${id}.pcap`)) {
      assert.ok(Date.now() < end, `downloaded: ${readdirSync(folder).join()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const file = readFileSync(join(folder, `subscription-${id}.pcap`));
    assert.ok(
      [0xa1b2c3d4, 0xa1b23c4d].includes(file.readUInt32LE(0)) ||
        [0xa1b2c3d4, 0xa1b23c4d].includes(file.readUInt32BE(0)),
    );
    await page.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('the page of an extension has its calls, phones that watch, audit and messages', async () => {
  const { id: call } = await show.simulate('call', { from: '1003', to: '1002', fromName: 'Ann' });
  await show.daemon.api('/api/v1/extensions/1002/features/cfb', {
    method: 'PUT',
    body: { enabled: true, target: '1003' },
  });
  const page = await show.page('#/ext/1002');
  await page.until('it rings', `document.querySelector('.now')?.innerText.includes('Ann (1003) is calling')`);
  await page.until(
    'who watches',
    `document.querySelector('[aria-label=Subscriptions]').innerText.includes('Example Phone')`,
  );
  await page.until('who changed what', `document.querySelector('[aria-label=Audit]').innerText.includes('on → 1003')`);
  await page.until('messages', `${rows}.some((row) => row.innerText.includes('NOTIFY'))`);
  await show.simulate('hangup', { id: call });
  await page.until('it is over', `document.querySelector('.now').innerText.includes('No call')`);
  await page.evaluate(`location.hash = '#/ext/4711'`);
  await page.until('nobody', `document.querySelector('main').innerText.includes('has no extension 4711')`);
  await page.close();
});
