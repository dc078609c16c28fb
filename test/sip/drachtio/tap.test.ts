import assert from 'node:assert/strict';
import test from 'node:test';
import type { Tap } from '../../../src/model/trace.ts';
import { answerTo, until } from '../embedded/raw-peer.ts';
import { subscribe } from '../message/sample.ts';
import { EngineStage } from './stage.ts';

test('what the server shows of its messages is told: requests, answers as they went out, our requests and their answers', async () => {
  const passed: string[] = [];
  const paths: string[] = [];
  const tap: Tap = {
    passed: (direction, { transport, remote }, wire) => {
      passed.push(`${direction} ${wire.toString().split('\r\n', 1)[0]}`);
      paths.push(`${transport}:${remote.address}:${remote.port}`);
    },
  };
  const stage = await EngineStage.open({ engine: { tap } });
  try {
    const { phone } = stage;
    const { port } = phone.endpoint;
    await stage.ask(
      subscribe({
        Via: `SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKd1;rport`,
        Contact: `<sip:1001@127.0.0.1:${port}>`,
      }),
    );
    await until(() => passed.length === 2, 'request and answer');
    assert.match(passed[0] ?? '', /^in SUBSCRIBE sip:/);
    assert.equal(passed[1], 'out SIP/2.0 200 OK');
    const sent = stage.engine.request({
      method: 'NOTIFY',
      uri: `sip:1001@127.0.0.1:${port}`,
      from: '<sip:1002@127.0.0.1>;tag=x1',
      to: '<sip:1001@127.0.0.1>;tag=x2',
      callId: 'another',
      cseq: 5,
      routeSet: [],
      headers: [
        ['Event', 'dialog'],
        ['Subscription-State', 'active'],
        ['Contact', '<sip:a@127.0.0.1>'],
      ],
      flow: stage.flow(),
    });
    const told = await phone.inbox.nth(2);
    phone.send(answerTo(told, 200), stage.sip);
    assert.equal((await sent).status, 200);
    assert.deepEqual(
      passed.slice(2).map((start) => start.replace(/ sip:.*/, '')),
      ['out NOTIFY', 'in SIP/2.0 200 X'],
    );
    assert.deepEqual([...new Set(paths)], [`udp:127.0.0.1:${port}`]);
    const Via = `SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKd2;rport`;
    const bad = subscribe({ Via, 'Call-ID': 'bad' }).toString('latin1').replace('Expires: 3600', 'Expires 3600');
    phone.send(bad, stage.sip);
    await until(
      () => passed.filter((start) => start.startsWith('in SUBSCRIBE')).length === 2,
      'what is refused unread',
    );
  } finally {
    await stage.close();
  }
});
