import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Home } from '../support/daemon.ts';
import { type FeatureEvent, featureEvents, featureType, type Phone, setDnd, setForward } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { Stage } from './stage.ts';

const page = readFileSync('docs/hooks.md', 'utf8');
const pieces = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map((one) => one[1]!);
const configurations = pieces('yaml');
const event = 'as-feature-event';

/** The examples of docs/hooks.md, as an admin would paste them, in a folder of their own. */
function pasted(home: Home, port: number): readonly string[] {
  const here = (text: string) =>
    text
      .replaceAll('/etc/lamplighter', home.folder)
      .replaceAll('/var/lib/lamplighter', home.folder)
      .replaceAll('/usr/bin/node', process.execPath)
      .replaceAll('8099', String(port));
  for (const code of pieces('js')) home.write(/\/([\w-]+\.mjs)/.exec(code)![1]!, here(code));
  home.write('token', 'sixteen-characters\n');
  return configurations.map(here);
}

/** Collects NOTIFYs until every named feature has been told. */
async function told(subscription: Awaited<ReturnType<Phone['subscribe']>>, names: readonly string[]) {
  const found = new Map<string, FeatureEvent>();
  while (names.some((name) => !found.has(name))) {
    for (const one of featureEvents(await subscription.next())) found.set(one.feature, one);
  }
  return found;
}

const all = ['dnd', 'cfa', 'cfb', 'cfna'];

for (const [index, kind] of ['module', 'program', 'webhook'].entries()) {
  describe(`a hook that is a ${kind}`, () => {
    const home = new Home();
    let stage: Stage;
    let server: ChildProcess | null = null;
    before(async () => {
      const port = await lastingPort();
      const configuration = pasted(home, port)[index]!;
      assert.ok(configuration.includes(`${kind}:`));
      if (kind === 'webhook') {
        server = spawn(process.execPath, [home.path('hooks-server.mjs')], { stdio: 'inherit' });
        await answering(port);
      }
      stage = await Stage.open(configuration);
    });
    after(async () => {
      await stage?.close();
      if (server !== null) {
        server.kill();
        await once(server, 'exit');
      }
      home.remove();
    });

    test("refuses a phone's key: the phone is told that nothing changed, and the trail says why", async () => {
      const desk = await stage.phone('2000');
      const subscription = await desk.subscribe({ event });
      await told(subscription, all);
      assert.equal((await subscription.refresh({ body: setDnd(true), contentType: featureType })).status, 200);
      assert.equal((await told(subscription, ['dnd'])).get('dnd')?.enabled, false);
      const { body } = await stage.daemon.api<{ reason: string; decision: string }[]>('/api/v1/audit?ext=2000');
      assert.deepEqual([body[0]?.decision, body[0]?.reason], ['refused', 'hook-reception: the reception takes calls']);
      const blamed = stage.daemon.log.filter((line) => line['event'] === 'wish-refused');
      assert.deepEqual(blamed, [], 'for fail2ban that is no attack');
    });

    test('lets other keys pass, and hears of what changed', async () => {
      const desk = await stage.phone('2001');
      const subscription = await desk.subscribe({ event });
      await told(subscription, all);
      await subscription.refresh({ body: setDnd(true), contentType: featureType });
      assert.equal((await told(subscription, ['dnd'])).get('dnd')?.enabled, true);
      const heard = () => readFileSync(home.path('changes.log'), 'utf8');
      const end = Date.now() + 15_000;
      for (;;) {
        try {
          if (heard().includes('sip:2001@lamplighter.test DoNotDisturb 1\n')) break;
        } catch {
          // not written yet
        }
        assert.ok(Date.now() < end, 'the hook was never told');
        await new Promise((done) => setTimeout(done, 20));
      }
    });

    test('keeps a feature in a store of its own, which every phone of the user is shown', async () => {
      const desk = await stage.phone('2002');
      const subscription = await desk.subscribe({ event });
      await told(subscription, all);
      const body = setForward('cfb', true, '2003');
      await subscription.refresh({ body, contentType: featureType });
      const now = (await told(subscription, ['cfb'])).get('cfb');
      assert.deepEqual([now?.enabled, now?.target], [true, '2003']);
      const second = await (await stage.phone('2002')).subscribe({ event });
      assert.equal((await told(second, all)).get('cfb')?.target, '2003');
    });

    test('hides a feature: the phone is not told of it, and a wish for it is refused', async () => {
      const desk = await stage.phone('2290');
      const subscription = await desk.subscribe({ event });
      const first = featureEvents(await subscription.next());
      assert.deepEqual(
        first.map(({ feature }) => feature),
        ['dnd'],
      );
      const path = '/api/v1/extensions/2290/features/cfa';
      const refused = await stage.daemon.api<{ error: { code: string } }>(path, {
        method: 'PUT',
        body: { enabled: true, target: '2001' },
      });
      assert.deepEqual([refused.status, refused.body.error.code], [403, 'not-assigned']);
    });

    test('gets the word of the RPC, and changes where a forward leads; every phone is told', async () => {
      const desk = await stage.phone('2004');
      const subscription = await desk.subscribe({ event });
      await told(subscription, all);
      const { body } = await stage.daemon.api<{ result: unknown }>('/rpc', {
        method: 'POST',
        body: {
          jsonrpc: '2.0',
          method: 'dfks_set_feature',
          params: ['sip:2004@lamplighter.test', 'CallForwardingAlways', 1, 'holiday', ['forwardTo/2005']],
          id: 1,
        },
      });
      const feature = { enabled: true, target: '2299' };
      assert.deepEqual(body.result, { presentity: 'sip:2004@lamplighter.test', feature, phones: 1 });
      assert.equal((await told(subscription, ['cfa'])).get('cfa')?.target, '2299');
    });
  });
}

/** Waits until somebody listens. */
async function answering(port: number): Promise<void> {
  const end = Date.now() + 15_000;
  for (;;) {
    try {
      await fetch(`http://127.0.0.1:${port}/`, { method: 'POST' });
      return;
    } catch {
      assert.ok(Date.now() < end, 'the web server never came');
      await new Promise((done) => setTimeout(done, 30));
    }
  }
}
