import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Stage } from './stage.ts';

/* The daemon's side of pushing, with a PBX that cannot: test/interop/push.test.ts has one that can. */

let stage: Stage;

before(async () => {
  stage = await Stage.open(`push:
  - { extensions: '20[0-4]\\d', packages: [as-feature-event], repeatMinutes: 0 }
`);
});
after(() => stage.close());

test('a PBX that cannot send NOTIFYs is said once, and the API says for whom nothing is told', async () => {
  const exts = [stage.ext(), stage.ext()];
  for (const ext of [...exts, '2100']) {
    const { status } = await stage.daemon.api('/api/v1/simulator/register', {
      method: 'POST',
      body: { ext, registered: true },
    });
    assert.equal(status, 200);
  }
  await stage.daemon.until<readonly { state: string }[]>(
    '/api/v1/push',
    (list) => list.length > 0 && list.every(({ state }) => state === 'failed'),
  );
  const list = (await stage.daemon.api<readonly { aor: string }[]>('/api/v1/push')).body;
  assert.ok(list.every(({ aor }) => /^20[0-4]\d@/.test(aor)));
  const one = await stage.daemon.api(`/api/v1/push?ext=${exts[0]}`);
  assert.deepEqual(
    (one.body as readonly object[]).map((entry) => ({ ...entry, lastNotifyAt: null })),
    [
      {
        aor: `${exts[0]}@${list[0]?.aor.split('@')[1]}`,
        event: 'as-feature-event',
        state: 'failed',
        reason: 'not-writable',
        notifies: 0,
        lastNotifyAt: null,
      },
    ],
  );
  assert.deepEqual((await stage.daemon.api('/api/v1/push?ext=2100')).body, []);
  const said = stage.daemon.log.filter(({ message }) => /cannot send NOTIFYs/.test(String(message)));
  assert.equal(said.length, 1);
});
