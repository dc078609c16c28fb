import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { UpstreamView } from '../../src/model/ways.ts';
import type { PhoneTransport } from '../support/phone/wire.ts';
import { lastingPort } from '../support/ports.ts';
import { Upstream } from '../support/upstream/upstream.ts';
import { InlineStage } from './inline-stage.ts';

describe('a restart of Lamplighter in the middle of calls', () => {
  let stage: InlineStage;
  before(async () => {
    stage = await InlineStage.open();
  });
  afterEach(() => stage.tidy());
  after(() => stage.close());

  test('kill -9: calls of phones by UDP, TCP and WebSocket go on, and whoever wants hangs up', async () => {
    const started = [];
    for (const transport of ['udp', 'tcp', 'ws'] as const satisfies readonly PhoneTransport[]) {
      for (const hangsUp of ['caller', 'callee', 'pbx'] as const) {
        const [a, b] = [stage.ext(), stage.ext()];
        const [caller, callee] = [await stage.registered(a, transport), await stage.registered(b, transport)];
        const call = await caller.invite(b);
        const rings = await callee.nextCall();
        await rings.answer();
        await call.answered;
        started.push({ transport, hangsUp, caller, callee, call, rings, atPbx: stage.pbx.calls.at(-1) });
      }
    }
    await stage.killAndStart();
    for (const { transport, hangsUp, caller, callee, call, rings, atPbx } of started) {
      // what a phone does whose connection broke; by UDP nothing has changed
      if (transport !== 'udp') for (const phone of [caller, callee]) assert.equal((await phone.register()).status, 200);
      assert.equal((await call.hold()).status, 200, `${transport}, ${hangsUp}`);
      if (hangsUp === 'pbx') await atPbx?.hangup();
      else await (hangsUp === 'caller' ? call : rings).hangup();
      await Promise.all([call.ended, rings.ended]);
    }
  });

  test('a phone that registered before it is called after it', async () => {
    const ext = stage.ext();
    const phone = await stage.registered(ext);
    await stage.killAndStart();
    const answer = await stage.pbx.ask('MESSAGE', ext, [['Content-Type', 'text/plain']], 'still there');
    assert.equal(answer.status, 200);
    assert.equal((await phone.nextRequest()).text, 'still there');
  });
});

describe('the PBX is away', () => {
  const ways = (stage: InlineStage, right: (list: readonly UpstreamView[]) => boolean) =>
    stage.daemon.until<{ readonly upstreams: readonly UpstreamView[] }>('/api/v1/ways', ({ upstreams }) =>
      right(upstreams),
    );

  test('one upstream: known to be down, a phone hears 503 and when to try again; back again, it is served', async () => {
    const stage = await InlineStage.open({ upstreamTransport: 'tcp', inline: 'probe: 1' });
    try {
      const phone = await stage.registered('2001');
      const { port } = stage.pbx.local;
      await stage.pbx.close();
      await ways(stage, ([one]) => one?.state === 'down');
      // one request now and then is let through, in case it is answered where OPTIONS is not
      const statuses = [await phone.register(), await phone.register()];
      for (const { status } of statuses) assert.equal(status, 503);
      assert.ok(statuses.some((response) => response.header('Retry-After') !== undefined));
      stage.pbxs[0] = await Upstream.open('127.0.0.1', port);
      await ways(stage, ([one]) => one?.state === 'up');
      assert.equal((await phone.register()).status, 200);
    } finally {
      await stage.close();
    }
  });

  test('two upstreams: the second serves while the first is away, and dialogs stay where they are', async () => {
    const stage = await InlineStage.open({ upstreams: 2, inline: 'probe: 1' });
    try {
      const [first, second] = stage.pbxs as [Upstream, Upstream];
      const [caller, callee] = [await stage.registered('2001'), await stage.registered('2002')];
      assert.equal(second.of('REGISTER').length, 0);
      first.answers = false;
      await ways(stage, ([one, two]) => one?.state === 'down' && two?.state === 'up');
      for (const phone of [caller, callee]) assert.equal((await phone.register()).status, 200);
      assert.equal(second.of('REGISTER').length, 2);
      callee.onCall((call) => void call.answer());
      const call = await caller.invite('2002');
      await call.answered;
      first.answers = true;
      await ways(stage, (list) => list.every(({ state }) => state === 'up'));
      assert.equal((await call.hold()).status, 200);
      await call.hangup();
      assert.equal(second.of('BYE').length, 1);
      assert.equal(first.of('BYE').length + first.of('INVITE').length, 0);
      assert.equal((await caller.register()).status, 200);
      assert.equal(second.of('REGISTER').length, 2, 'what is new goes to the first again');
    } finally {
      await stage.close();
    }
  });

  test('an upstream that answers 503 hands its request to the other', async () => {
    const stage = await InlineStage.open({ upstreams: 2 });
    try {
      const [first, second] = stage.pbxs as [Upstream, Upstream];
      first.script = ({ method }) => (method === 'REGISTER' ? { status: 503 } : null);
      const phone = await stage.phone('2001');
      assert.equal((await phone.register()).status, 200);
      assert.deepEqual([first.of('REGISTER').length, second.of('REGISTER').length], [1, 1]);
    } finally {
      await stage.close();
    }
  });

  test('a name as upstream is looked up', async () => {
    const port = await lastingPort();
    const pbx = await Upstream.open('127.0.0.1', port);
    const stage = await InlineStage.open({ upstreamUri: `sip:localhost:${port}` });
    try {
      const phone = await stage.phone('2001');
      assert.equal((await phone.register()).status, 200);
      assert.equal(pbx.of('REGISTER').length, 1);
      const asked = pbx.ask('MESSAGE', '2001');
      await phone.nextRequest();
      assert.equal((await asked).status, 200);
    } finally {
      await stage.close();
      await pbx.close();
    }
  });
});
