import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';
import type { TracedMessage } from '../../src/model/trace.ts';
import { readHep } from '../trace/hep-packets.ts';
import { readPcap } from '../trace/packets.ts';
import { InlineStage } from './inline-stage.ts';
import { Stage } from './stage.ts';

type Shown = Omit<TracedMessage, 'at'> & { readonly at: string };

const collector = createSocket('udp4');
const packets: Buffer[] = [];
let stage: Stage;
before(async () => {
  collector.on('message', (packet) => {
    if (packet.length > 0) packets.push(packet); // an empty one asks whether anybody is there (examination)
  });
  collector.bind(0, '127.0.0.1');
  await once(collector, 'listening');
  stage = await Stage.open(`trace: { hep: { to: 'localhost:${collector.address().port}', captureId: 77 } }`);
});
afterEach(() => stage.tidy());
after(async () => {
  await stage.close();
  collector.close();
});

const messages = async (query: string) => (await stage.daemon.api<Shown[]>(`/api/v1/trace?${query}`)).body;

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 15_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('what one phone says', () => {
  test('the whole talk is there: challenge, credentials without the digest, subscription, NOTIFY and its answer', async () => {
    const [ext, watched] = [stage.ext(), stage.ext()];
    const phone = await stage.phone(ext);
    const lamp = await phone.subscribe({ event: 'dialog', resource: watched });
    await lamp.next();
    const [{ id } = { id: 0 }] = await stage.listed(watched, ([one]) => one?.lastStatus === 200);
    const talk = await messages(`ext=${ext}`);
    assert.deepEqual(
      talk.map(({ direction, method, status }) => `${direction} ${method} ${status}`),
      [
        'in SUBSCRIBE null',
        'out SUBSCRIBE 401',
        'in SUBSCRIBE null',
        'out SUBSCRIBE 200',
        'out NOTIFY null',
        'in NOTIFY 200',
      ],
    );
    assert.ok(talk.every((one) => one.subscription === id && one.ext === watched && one.transport === 'udp'));
    assert.equal(talk[4]?.summary, 'NOTIFY dialog, active, terminated', 'no call, in the words of its lamp');
    assert.match(talk[2]?.text ?? '', /\r\nAuthorization: Digest [^\r]*response="\*{32,64}"/);
    assert.match(talk[2]?.text ?? '', /nonce="[^*"]+"/);
    assert.deepEqual(await messages(`subscription=${id}`), talk);
    assert.deepEqual(await messages(`callId=${encodeURIComponent(talk[0]?.callId ?? '')}`), talk);
    await lamp.unsubscribe();
    await stage.listed(watched, (list) => list.length === 0);
    const later = await until('its last NOTIFY', async () => {
      const all = await messages(`subscription=${id}`);
      return all.some(({ summary }) => summary.includes('terminated')) ? all : undefined;
    });
    assert.ok(later.length > talk.length, 'it has ended, and is still known by its number');
  });

  test('a phone set to an address that is not in aliases is found by its number, and log and doctor name the address', async () => {
    const [ext, watched] = [stage.ext(), stage.ext()];
    const phone = await stage.phone(ext, { domain: '203.0.113.10' });
    const { response } = await phone.subscribe({ event: 'dialog', resource: watched });
    assert.equal(response.status, 404);
    const talk = await messages(`ext=${ext}`);
    assert.deepEqual(
      talk.map(({ direction, status, unserved }) => `${direction} ${status} ${unserved}`),
      ['in null 203.0.113.10', 'out 401 null', 'in null 203.0.113.10', 'out 404 203.0.113.10'],
    );
    const [line] = await stage.daemon.logged(({ domain }) => domain === '203.0.113.10');
    assert.match(String(line?.['message']), /not served: it belongs into aliases/);
    assert.match(String(line?.['by']), new RegExp(`^${ext}@`));
    const checks = await stage.daemon.api<{ check: string; text: string }[]>('/api/v1/checks');
    const found = checks.body.filter(({ check }) => check === 'unserved-domains');
    assert.deepEqual([found.length, found[0]?.text.includes(`203.0.113.10`)], [1, true]);
  });

  test('what is refused unread is there, and shown so that it harms nobody', async () => {
    const hand = await stage.hand();
    await hand.provoke('\x1b]0;owned\x07 no SIP \xff\r\n\r\n');
    await hand.provoke(`SUBSCRIBE sip:x SIP/2.0\r\nCSeq: no number\r\n\r\n`);
    const all = await messages('limit=50');
    const garbage = all.find(({ text }) => text.includes('owned'));
    assert.equal(garbage?.text, '\\x1b]0;owned\\x07 no SIP \\xff\r\n\r\n');
    assert.equal(garbage?.method, null);
    assert.ok(all.some(({ text }) => text.startsWith('SUBSCRIBE sip:x')));
  });

  test('a repetition is marked, and so is its answer', async () => {
    const hand = await stage.hand();
    const text = hand.write({ user: 'nobody', method: 'OPTIONS' });
    await hand.provoke(text);
    await hand.provoke(text);
    const callId = /^Call-ID: (.*)\r$/m.exec(text)?.[1] ?? '';
    const marks = (await messages(`callId=${encodeURIComponent(callId)}`)).map(
      (one) => `${one.direction} ${one.retransmission}`,
    );
    assert.deepEqual(marks, ['in false', 'out false', 'in true', 'out true']);
  });

  test('the capture file holds what was said by UDP and by TCP', async () => {
    const ext = stage.ext();
    for (const transport of ['udp', 'tcp'] as const) {
      const phone = await stage.phone(ext, {}, transport);
      await (await phone.subscribe({ event: 'message-summary' })).next();
    }
    await stage.listed(ext, (list) => list.length === 2 && list.every(({ lastStatus }) => lastStatus === 200));
    const answered = await fetch(`${stage.daemon.http}/api/v1/trace.pcap?ext=${ext}`);
    const file = readPcap(Buffer.from(await answered.arrayBuffer()));
    assert.equal(file.length, 12);
    assert.deepEqual(new Set(file.map(({ protocol }) => protocol)), new Set(['udp', 'tcp']));
    assert.ok(
      file.every(({ payload }) => payload.toString().includes(' sip:') || payload.toString().startsWith('SIP/2.0')),
    );
  });

  test('a collector is sent everything that passes', async () => {
    const ext = stage.ext();
    const phone = await stage.phone(ext);
    await (await phone.subscribe({ event: 'message-summary' })).next();
    const sent = await until('six packets', () => {
      const own = packets.map(readHep).filter(({ payload }) => payload.toString().includes(`sip:${ext}@`));
      return own.length >= 6 ? own : undefined;
    });
    assert.ok(
      sent.every(({ captureId, correlationId }) => captureId === 77 && correlationId === sent[0]?.correlationId),
    );
    assert.ok(sent.some(({ payload }) => /response="\*+"/.test(payload.toString())));
  });

  test('an extension that there is not has no trace', async () => {
    const { status, body } = await stage.daemon.api<{ error: { code: string } }>('/api/v1/trace?ext=99999');
    assert.deepEqual([status, body.error.code], [404, 'unknown-extension']);
  });
});

describe('what goes through to the PBX', () => {
  let inline: InlineStage;
  before(async () => {
    inline = await InlineStage.open();
  });
  after(() => inline.close());

  test('both legs of a call are there, and nobody can read the signature of our route', async () => {
    const hand = await inline.hand();
    inline.pbx.accept('INVITE');
    const answer = await hand.ask({
      user: '2001',
      method: 'INVITE',
      lines: { 'Record-Route': '<sip:phone-side.test;lr>' },
    });
    assert.equal(answer.status, 200);
    const { body } = await inline.daemon.api<Shown[]>(`/api/v1/trace?callId=${encodeURIComponent(answer.talk.callId)}`);
    const starts = body.map(({ direction, method, status }) => `${direction} ${method} ${status}`);
    for (const leg of ['in INVITE null', 'out INVITE null', 'in INVITE 200', 'out INVITE 200']) {
      assert.ok(starts.includes(leg), `${leg} in ${starts.join(', ')}`);
    }
    const token = /<sip:([\w-]{30,})@[^>]*;lr>/.exec(answer.text)?.[1];
    assert.ok(token !== undefined, 'our Record-Route is in the answer');
    assert.ok(body.every(({ text }) => !text.includes(token)));
    assert.ok(body.some(({ text }) => text.includes(token.slice(0, -14))));
  });
});
