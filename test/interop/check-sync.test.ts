import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { AmiLink } from '../../adapters/asterisk/ami.ts';
import { notifyEndpoint } from '../../adapters/asterisk/notify.ts';
import { systemClock } from '../../src/model/clock.ts';
import { systemRandom } from '../../src/model/random.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { it, Site, skip } from './scene.ts';

/* Orders to phones by way of a real Asterisk: AMI PJSIPNotify with the rights that Lamplighter asks for. */

let site: Site;

before(async () => {
  if (skip === null) site = await Site.open();
});
after(() => site?.close());

interface Answer {
  readonly via: string;
  readonly event: string;
  readonly sent: number;
  readonly phones: readonly { readonly contact: string; readonly answer: number | null }[];
}

const order = (ext: string, body: object) =>
  site.daemon.api<Answer>(`/api/v1/extensions/${ext}/check-sync`, { method: 'POST', body });

const registered = (ext: string) =>
  site.daemon.until<{ registered: boolean }>(`/api/v1/extensions/${ext}`, (view) => view.registered);

it('check-sync and its reboot forms reach every phone that is registered, as the phone expects them', async () => {
  for (const [ext, body, event] of [
    ['1001', { event: 'check-sync' }, 'check-sync'],
    ['1002', { event: 'check-sync', reboot: true }, 'check-sync;reboot=true'],
    ['1003', { event: 'check-sync', reboot: false }, 'check-sync;reboot=false'],
    ['1004', { event: 'resync' }, 'resync'],
  ] as const) {
    const line = await site.line(ext);
    await registered(ext);
    const { status, body: answer } = await order(ext, body);
    assert.equal(status, 200, JSON.stringify(answer));
    assert.deepEqual([answer.via, answer.event, answer.sent], ['pbx', event, 1]);
    assert.match(answer.phones[0]?.contact ?? '', new RegExp(`:${line.port}`));
    assert.equal(answer.phones[0]?.answer, null, 'Asterisk tells nobody what a phone answered');
    const notify = await line.nextUnsolicited((one) => one.message.header('Event') !== 'message-summary');
    assert.equal(notify.message.header('Event'), event);
    assert.equal(notify.subscriptionState.state, 'terminated');
    assert.equal(notify.body, '');
  }
});

it('a body arrives line by line, with commas and quotes as they are', async () => {
  const line = await site.line('1001');
  const { host, port, username, secret: password } = site.lab.ami;
  const tools = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const ami = new AmiLink({ host, port, username, password, events: 'off' }, tools);
  try {
    await new Promise<void>((up, failed) => ami.start({ up, down: failed, event: () => undefined }));
    const body = 'a=1,b="2"\r\nc;d\\e\r\n';
    const notice = { event: 'check-sync', contentType: 'text/plain', body };
    assert.deepEqual(await notifyEndpoint(ami, '1001', notice, 5_000), { ok: true, value: null });
    const told = await line.nextUnsolicited(({ contentType }) => contentType === 'text/plain');
    assert.equal(told.body.trimEnd(), body.trimEnd());
    const nobody = await notifyEndpoint(ami, 'nobody', notice, 5_000);
    assert.equal(nobody.ok ? '' : nobody.refusal.code, 'pbx-refused');
  } finally {
    ami.stop();
  }
});
