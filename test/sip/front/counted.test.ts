import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddressedRequest, EngineCapabilities, FinalResponse } from '../../../src/sip/engine.ts';
import type { NotifyMessage } from '../../../src/sip/front.ts';
import { FakeEngine } from './fake-engine.ts';
import { startFront, subscribe, toWithTag } from './front-fixture.ts';

const message: NotifyMessage = {
  event: 'dialog',
  eventId: null,
  subscription: { state: 'active', expires: 599 },
  contentType: null,
  content: '',
};

/** An engine that counts CSeq itself, and says what it counted. */
class CountingEngine extends FakeEngine {
  override readonly capabilities: EngineCapabilities = {
    maxMessage: 11_000,
    ownsCseq: false,
    inlineProxy: false,
    watches: false,
  };
  counted: number | undefined;
  readonly forgotten: string[] = [];

  override async request(request: AddressedRequest): Promise<FinalResponse> {
    const response = await super.request(request);
    return this.counted === undefined ? response : { ...response, cseq: this.counted };
  }

  forget({ callId, localTag, remoteTag }: { callId: string; localTag: string; remoteTag: string }): void {
    this.forgotten.push([callId, localTag, remoteTag].join(' '));
  }
}

async function counting() {
  const engine = new CountingEngine();
  const setup = await startFront({ engine });
  return { ...setup, engine };
}

test('where the engine counts CSeq, a dialog begins where it does: above its SUBSCRIBE', async () => {
  const { engine, front, seen } = await counting();
  await engine.receive(subscribe({ cseq: 4711 }));
  const dialog = seen[0]?.dialog ?? assert.fail();
  await front.notify(dialog, message);
  assert.equal(engine.sent[0]?.cseq, 4712);
  assert.equal(front.watches, false);
});

test('what the engine counted lifts our own count, and never lowers it', async () => {
  const { engine, front, seen } = await counting();
  await engine.receive(subscribe({ cseq: 10 }));
  const dialog = seen[0]?.dialog ?? assert.fail();
  const sent: number[] = [];
  for (const counted of [11, 40, 12, undefined]) {
    engine.counted = counted;
    const { status } = await front.notify(dialog, message);
    assert.equal(status, 200);
    sent.push(dialog.localCseq);
  }
  assert.deepEqual(sent, [11, 40, 41, 42]);
});

test('a refresh does not set the count back', async () => {
  const { engine, front, seen } = await counting();
  const answer = await engine.receive(subscribe({ cseq: 10 }));
  const dialog = seen[0]?.dialog ?? assert.fail();
  engine.counted = 99;
  await front.notify(dialog, message);
  await engine.receive(subscribe({ cseq: 11, to: toWithTag(answer) }));
  assert.equal(dialog.localCseq, 99);
});

test('the end of one of several subscriptions is told to the engine as that; the end of the dialog, too', async () => {
  const { engine, front, seen } = await counting();
  await engine.receive(subscribe());
  const dialog = seen[0]?.dialog ?? assert.fail();
  const ended = { ...message, subscription: { state: 'terminated', reason: 'timeout' } } as const;
  await front.notify(dialog, { ...ended, dialogLives: true });
  await front.notify(dialog, ended);
  assert.deepEqual(
    engine.sent.map(({ dialogLives }) => dialogLives),
    [true, undefined],
  );
  front.release(dialog);
  assert.deepEqual(engine.forgotten, [`call@phone ${dialog.localTag} phone`]);
});
