import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import type { SetupReport } from '../../src/model/setup.ts';
import { setupRoutes } from '../../src/ops/routes/setup.ts';
import { lastingPort } from '../support/ports.ts';
import { it, Show, skip } from './panel-scene.ts';

/** The first-run page. */
let show: Show;

before(async () => {
  if (skip === null) show = await Show.open();
});
after(() => show?.close());

/** A FreePBX as it is found before anybody has prepared it. */
const freepbx: SetupReport = {
  pbxs: [
    {
      id: 'asterisk:/etc/asterisk',
      type: 'asterisk',
      flavour: 'freepbx',
      folder: '/etc/asterisk',
      version: '22.5.2',
      running: true,
      facts: [
        { what: 'AMI', value: 'on, 127.0.0.1:5038', at: { file: '/etc/asterisk/manager.conf', line: 12 } },
        { what: 'ARI', value: '<b>off</b>', at: null },
      ],
      problems: [
        {
          level: 'fail',
          code: 'http-disabled',
          text: 'the web server of Asterisk is off',
          fix: 'enabled = yes in http.conf',
          at: { file: '/etc/asterisk/http.conf', line: null },
        },
      ],
      edits: [
        {
          file: '/etc/asterisk/manager_custom.conf',
          why: 'an account for Lamplighter',
          before: null,
          lines: ['[lamplighter]', 'secret = [hidden]', 'read = system,call,reporting'],
        },
      ],
      reload: ['asterisk -rx "module reload manager"'],
      config: 'version: 1\ndomain: pbx.example.com\n',
    },
  ],
  looked: ['/etc/asterisk', '/etc/freeswitch'],
  file: '/etc/lamplighter/lamplighter.yaml',
  fileExists: false,
  problems: [],
};

/** The page, where the daemon has found this. */
async function reporting(report: SetupReport) {
  const page = await show.browser.page('about:blank');
  await page.send('Page.addScriptToEvaluateOnNewDocument', {
    source: `const real = window.fetch;
      window.fetch = (path, init) => path === '/api/v1/setup' && init.method === 'GET'
        ? Promise.resolve(Response.json(${JSON.stringify(report)})) : real(path, init);`,
  });
  await page.open(`${show.daemon.http}/#/setup`);
  return page;
}

it('what was found is shown with its place, what is missing with its fix, and lines to paste with a copy button', async () => {
  const schema = setupRoutes.find(({ method }) => method === 'GET')?.answers[200]?.schema;
  assert.ok(schema?.safeParse(freepbx).success, 'the server would say so');
  const page = await reporting(freepbx);
  await page.until('it is there', `document.querySelector('[aria-label="asterisk:/etc/asterisk"]')`);
  // how commands are typed here is asked of the daemon, and may come after the page is drawn
  await page.until(
    'commands are as they are typed here',
    `document.querySelector('main').innerText.includes('npx lamplighter')`,
  );
  const text = await page.text('main');
  for (const wanted of [
    /FreePBX \(Asterisk\) 22\.5\.2/,
    /on, 127\.0\.0\.1:5038 \/etc\/asterisk\/manager\.conf:12/,
    /<b>off<\/b>/,
    /the web server of Asterisk is off/,
    /Fix: enabled = yes in http\.conf/,
    /sudo npx lamplighter setup --apply/,
    /changes no file of a PBX/,
  ]) {
    assert.match(text, wanted);
  }
  await page.evaluate(`navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }`);
  await page.click('[aria-label="Copy the lines for /etc/asterisk/manager_custom.conf"]');
  await page.until('it is copied', `window.copied === ${JSON.stringify(freepbx.pbxs[0]?.edits[0]?.lines.join('\n'))}`);
  assert.deepEqual(page.problems, []);
  await page.close();
});

it('where no PBX was found, the fix is the form below, and no option of a command', async () => {
  const fix = 'a PBX on another host: setup --asterisk HOST, or --freeswitch HOST';
  const problem = {
    level: 'fail',
    code: 'no-pbx',
    text: 'no Asterisk and no FreeSWITCH was found',
    fix,
    at: null,
  } as const;
  const page = await reporting({ ...freepbx, pbxs: [], problems: [problem] });
  await page.until('it is there', `document.querySelector('[aria-label="This host"] .fix')`);
  assert.match(await page.text('[aria-label="This host"] .fix'), /^Fix: .* fill in “A PBX elsewhere” below\./);
  assert.doesNotMatch(await page.text('main'), /--asterisk/);
  assert.match(await page.text('[aria-label="Another PBX"] h2'), /^A PBX elsewhere$/);
  assert.deepEqual(page.problems, []);
  await page.close();
});

it('credentials are tried live: nobody there is said, with a fix', async () => {
  const page = await show.page('#/setup');
  const port = await lastingPort();
  await page.until('the form is there', `document.querySelector('input[name=amiPort]')`);
  await page.evaluate(`document.querySelector('input[name=amiPort]').value = '${port}'`);
  await page.evaluate(`document.querySelector('input[name=ariUrl]').value = 'http://127.0.0.1:${port}'`);
  for (const name of ['amiPassword', 'ariPassword']) {
    await page.evaluate(`document.querySelector('input[name=${name}]').value = 'not-to-be-seen'`);
  }
  await page.evaluate(`document.querySelector('form button[type=submit]').click()`);
  await page.until('what was found', `document.querySelector('form .checks [data-level=fail]')`, 40_000);
  assert.match(await page.text('form .checks'), /Fix: /);
  assert.doesNotMatch(await page.evaluate<string>('document.body.innerText'), /not-to-be-seen/);
  await page.close();
});

it('a configuration that is there is replaced only when that is asked for, and kept', async () => {
  const page = await show.page('#/setup');
  await page.until('the form is there', `document.querySelector('input[name=amiPort]')`);
  const fill = async (name: string, value: string) =>
    page.evaluate(`document.querySelector('input[name=${name}]').value = '${value}'`);
  await fill('amiPassword', 'not-to-be-seen');
  await fill('ariPassword', 'not-to-be-seen');
  await fill('domain', 'pbx.example.com');
  const write = `[...document.querySelectorAll('form button')].find((one) => one.innerText === 'Write the configuration').click()`;
  const { body: found } = await show.daemon.api<SetupReport>('/api/v1/setup');
  const before = readFileSync(found.file, 'utf8');
  await page.evaluate(write);
  await page.until('it is refused', `document.querySelector('.banner[role=alert]')`);
  assert.equal(readFileSync(found.file, 'utf8'), before);
  await page.click('input[name=replace]');
  await page.evaluate(write);
  await page.until('it is written', `document.querySelector('[aria-label=Written]')?.innerText.includes('written')`);
  const said = await page.text('[aria-label=Written]');
  const [, backup = ''] = /kept as (\S+)/.exec(said) ?? [];
  assert.ok(existsSync(backup), said);
  assert.equal(readFileSync(backup, 'utf8'), before);
  assert.match(readFileSync(found.file, 'utf8'), /type: asterisk/);
  assert.doesNotMatch(await page.evaluate<string>('document.body.innerText'), /not-to-be-seen/);
  await page.close();
});
