import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { answerTo, until } from '../sip/embedded/raw-peer.ts';
import { subscribe } from '../sip/message/sample.ts';
import { callId, DrachtioStage, dialogId } from './drachtio-stage.ts';

const stage = new DrachtioStage();

interface SrfMessage {
  readonly method: string;
  readonly status: number;
  readonly stackDialogId: string;
  get(name: string): string;
  on(event: 'response', heard: (response: SrfMessage) => void): void;
}
interface SrfResponse {
  readonly stackDialogId: string;
  send(status: number, options: object, sent: (error: unknown, response: SrfMessage) => void): void;
}
interface SrfClient {
  connect(options: object): void;
  disconnect(): void;
  on(event: string, heard: (...args: readonly unknown[]) => void): void;
  subscribe(handler: (request: SrfMessage, response: SrfResponse) => void): void;
  request(uri: string, options: object, sent: (error: { code?: string } | null, request: SrfMessage) => void): void;
}

describe('drachtio-srf itself', () => {
  const Srf = createRequire(import.meta.url)('drachtio-srf') as new () => SrfClient;

  test('connects, serves a SUBSCRIBE, notifies in and out of dialog, and hears of a dialog that is gone', async () => {
    stage.client.close();
    await until(() => stage.server.clients.length === 0, 'alone');
    const srf = new Srf();
    let connected = 0;
    const seen: [SrfMessage, SrfResponse][] = [];
    srf.on('connect', () => connected++);
    srf.on('error', () => undefined);
    srf.subscribe((request, response) => seen.push([request, response]));
    srf.connect({ ...stage.control, secret: 'cymru', reconnect: { retryMaxDelay: 50 } });
    stage.cleanups.push(() => srf.disconnect());
    await until(() => connected === 1, 'connected');
    await until(
      () => stage.server.received.some(({ kind, fields }) => kind === 'route' && fields[0] === 'subscribe'),
      'routed',
    );

    stage.phone.send(subscribe({ Contact: stage.own }), stage.point('udp'));
    await until(() => seen.length === 1, 'a SUBSCRIBE');
    const [request, response] = seen[0] ?? assert.fail();
    assert.equal(request.get('Event'), 'dialog');
    await new Promise<void>((done) => response.send(200, { headers: { Expires: '600' } }, () => done()));
    assert.equal(response.stackDialogId, dialogId);

    const send = (uri: string, options: object) =>
      new Promise<{ code: string | undefined; sent: SrfMessage }>((done) =>
        srf.request(uri, { method: 'NOTIFY', ...options }, (error, sent) => done({ code: error?.code, sent })),
      );
    const headers = { Event: 'dialog', 'Subscription-State': 'active' };
    const { sent } = await send('sip:placeholder', { stackDialogId: dialogId, headers });
    assert.equal(sent.get('CSeq'), '314160 NOTIFY');
    const heard = new Promise<SrfMessage>((done) => sent.on('response', done));
    stage.phone.send(answerTo(await stage.phone.inbox.nth(2), 200), stage.point('udp'));
    assert.equal((await heard).status, 200);

    stage.server.forgetDialogs();
    assert.equal((await send('sip:placeholder', { stackDialogId: dialogId, headers })).code, 'ENODIALOG');
    const target = `sip:1001@127.0.0.1:${stage.phone.endpoint.port}`;
    const hand = { From: '<sip:a@b>;tag=1', To: '<sip:c@d>;tag=2', 'Call-ID': callId, CSeq: '700 NOTIFY' };
    assert.equal((await send(target, { headers: { ...hand, ...headers } })).sent.get('CSeq'), '700 NOTIFY');

    await stage.server.restart();
    await until(() => connected === 2, 'connected again');
  });
});
