import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Page } from '../support/browser.ts';
import { card, isLive, it, Show, skip } from './panel-scene.ts';

/** With tokens: nothing is seen without one, and what its role may not do cannot be pressed. */
let show: Show;

const tokens = { admin: 'admin-'.repeat(4), operate: 'operate-'.repeat(3), read: 'reader-'.repeat(3) };

before(async () => {
  if (skip !== null) return;
  show = await Show.open({
    http: (home) => `  tokenFile: ${home.write('token', tokens.admin)}
  tokens:
    - { name: desk, role: operate, tokenFile: ${home.write('operate', tokens.operate)} }
    - { name: wallboard, role: read, tokenFile: ${home.write('read', tokens.read)} }
`,
  });
});
after(() => show?.close());

/** Opens the page and gives a token as somebody types it. */
async function login(token: string, hash = '#/'): Promise<Page> {
  const page = await show.browser.page(`${show.daemon.http}/${hash}`);
  await page.until('it asks for a token', `document.querySelector('dialog[open] input') === document.activeElement`);
  await page.type(token);
  await page.press('Enter');
  await page.until('it lives', isLive);
  return page;
}

it('nothing is shown without a token; a wrong one is refused, in words, and asked for again', async () => {
  const page = await show.browser.page(`${show.daemon.http}/`);
  await page.until('it asks', `document.querySelector('dialog[open] input')`);
  assert.equal(await page.evaluate(`document.querySelectorAll('.card').length`), 0);
  await page.press('Escape');
  assert.ok(await page.evaluate(`document.querySelector('dialog[open]') !== null`), 'it cannot be closed');
  await page.type('wrong-wrong-wrong-wrong');
  await page.press('Enter');
  await page.until('it says so', `document.querySelector('dialog[open] [role=alert]')?.innerText.includes('refused')`);
  await page.type(tokens.admin);
  await page.press('Enter');
  await page.until('all are there', `document.querySelectorAll('.card').length === 10`);
  assert.equal(await page.evaluate('location.href'), `${show.daemon.http}/`, 'the token is not in the address');
  assert.equal(await page.evaluate('localStorage.length + document.cookie.length'), 0, 'nor anywhere that stays');
  await page.close();
});

it('the token is kept for the tab: a reload does not ask again, another tab does, and logging out forgets it', async () => {
  const page = await login(tokens.admin);
  await page.send('Page.reload');
  await page.until('it lives', isLive);
  assert.ok(await page.evaluate(`document.querySelector('dialog') === null`));
  const other = await show.browser.page(`${show.daemon.http}/`);
  await other.until('it asks', `document.querySelector('dialog[open]')`);
  await other.close();
  await page.evaluate(`[...document.querySelectorAll('button')].find((one) => one.innerText === 'Log out').click()`);
  await page.until('it asks', `document.querySelector('dialog[open]')`);
  await page.close();
});

it('a token of role read sees everything and finds nothing to press that changes anything', async () => {
  const page = await login(tokens.read);
  await page.until('all are there', `document.querySelectorAll('.card').length === 10`);
  assert.match(await page.text('.pills'), /wallboard: may look, not change/);
  const live = `[...document.querySelectorAll('.key, .calls button, .panel-box button[type=submit]')].filter((one) => !one.disabled).length`;
  assert.equal(await page.evaluate(live), 0);
  assert.match(
    await page.evaluate<string>(`${card('1001')}.querySelector('.key').title`),
    /needs a token of role operate; yours is read/,
  );
  await page.click('.card .key');
  await page.evaluate(`location.hash = '#/links'`);
  await page.until(
    'checks are off, with the reason',
    `document.body.innerText.includes('needs a token of role operate')`,
  );
  const { body } = await show.daemon
    .api<{ error?: { code: string } }>('/api/v1/status')
    .then(({ status, body }) => ({ status, body }));
  assert.equal(body.error?.code, 'token-needed');
  await page.evaluate(`location.hash = '#/ext/1001'`);
  await page.until('one extension', `document.querySelector('.now')`);
  assert.equal(
    await page.evaluate(`[...document.querySelectorAll('.now button')].filter((one) => !one.disabled).length`),
    0,
  );
  await page.evaluate(`location.hash = '#/setup'`);
  await page.until('setup says who may', `/role/.test(document.querySelector('main .note')?.innerText ?? '')`);
  // and what it may see, it sees as it happens
  const answer = await fetch(`${show.daemon.http}/api/v1/extensions/1002/features/dnd`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens.operate}` },
    body: '{"enabled":true}',
  });
  assert.equal(answer.status, 200);
  await page.evaluate(`location.hash = '#/'`);
  await page.until('1002 is on', `${card('1002')}?.dataset.lamp === 'dnd'`);
  await page.close();
});

it('a token of role operate presses keys, and does not set up', async () => {
  const page = await login(tokens.operate);
  assert.match(await page.text('.pills'), /desk: may operate, not set up/);
  await page.click('.card[data-aor^="1003@"] .key');
  await page.until('1003 wants no calls', `${card('1003')}.dataset.lamp === 'dnd'`);
  await page.evaluate(`location.hash = '#/audit'`);
  await page.until('the audit names him', `document.querySelector('tbody')?.innerText.includes('desk')`);
  await page.close();
});
