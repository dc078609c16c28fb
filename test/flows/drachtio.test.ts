import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { WaysView } from '../../src/model/ways.ts';
import { Daemon, Home } from '../support/daemon.ts';
import { DrachtioServer } from '../support/drachtio-server/drachtio-server.ts';
import { dialogInfo, featureEvents, featureType, lamp, Phone, setDnd } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { Hand, type Talk } from './hand.ts';
import { domain } from './simulated.ts';

const secret = 'only-the-two-of-us';

/** A drachtio-server, a daemon that has its SIP from it, and phones that know only the server. */
class Rig {
  readonly home = new Home();
  readonly server = new DrachtioServer({ secret });
  daemon!: Daemon;
  config = '';
  #open: { close(): Promise<unknown> }[] = [];

  static async open(): Promise<Rig> {
    const rig = new Rig();
    const { control } = await rig.server.start();
    const http = await lastingPort();
    const file = rig.home.write('secret', `${secret}\n`);
    rig.config = rig.home.write(
      'lamplighter.yaml',
      `version: 1
domain: ${domain}
sip:
  engine: drachtio
  drachtio: { port: ${control.port}, secretFile: ${file} }
  expirySpread: 0
store: { path: ${rig.home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:${http}' }
log: { level: debug, format: json }
pbx: [{ name: sim, type: simulated, extensions: ['2000-2099'] }]
phones: { profiles: [{ name: quick, match: '.', notifyMinIntervalMs: 0 }] }
`,
    );
    await rig.start();
    return rig;
  }

  async start(): Promise<void> {
    this.daemon = await Daemon.start(this.config);
    await this.daemon.ready();
  }

  async phone(user: string, transport: 'udp' | 'tcp' = 'udp'): Promise<Phone> {
    const server = { host: '127.0.0.1', port: this.daemon.udpPort, transport };
    const phone = await Phone.open({ user, password: `secret${user}`, domain, server });
    this.#open.push(phone);
    return phone;
  }

  async hand(transport: 'udp' | 'tcp' = 'udp'): Promise<Hand> {
    const hand = await Hand.open({ host: '127.0.0.1', port: this.daemon.udpPort }, transport);
    this.#open.push(hand);
    return hand;
  }

  async dnd(ext: string, enabled: boolean): Promise<void> {
    const path = `/api/v1/extensions/${ext}/features/dnd`;
    const { status } = await this.daemon.api(path, { method: 'PUT', body: { enabled } });
    assert.equal(status, 200);
  }

  async dialogsAtServer(right: (dialogs: readonly string[]) => boolean): Promise<void> {
    const end = Date.now() + 15_000;
    while (!right(this.server.dialogs)) {
      if (Date.now() > end) throw new Error(`the server holds ${this.server.dialogs.join(', ')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Until the server has no dialog of this Call-ID any more. */
  forgotten({ callId }: Talk): Promise<void> {
    return this.dialogsAtServer((dialogs) => dialogs.every((name) => !name.startsWith(callId)));
  }

  async tidy(): Promise<void> {
    for (const one of this.#open.splice(0)) await one.close();
  }

  async close(): Promise<void> {
    await this.tidy();
    await this.daemon?.kill();
    await this.server.stop();
    this.home.remove();
  }
}

const cseqs = (hand: Hand, talk: Talk) => hand.heard(talk).map(({ cseq }) => cseq);
const grows = (numbers: readonly number[]) =>
  numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));

describe('behind a drachtio-server', () => {
  let rig: Rig;
  before(async () => {
    process.env['DEBUG'] = '*'; // what an admin sets when something does not work
    rig = await Rig.open();
  });
  afterEach(() => rig.tidy());
  after(async () => {
    delete process.env['DEBUG'];
    await rig.close();
  });

  for (const transport of ['udp', 'tcp'] as const) {
    test(`by ${transport}: a phone subscribes, its lamp lights, its key works, it refreshes and goes`, async () => {
      const ext = transport === 'udp' ? '2001' : '2002';
      const desk = await rig.phone('2000', transport);
      const lamps = await desk.subscribe({ event: 'dialog', resource: ext });
      assert.equal(lamps.response.status, 200, 'not the 202 of createUAS');
      assert.equal(lamp(dialogInfo(await lamps.next())), 'off');
      await rig.dnd(ext, true);
      await lamps.next((one) => lamp(dialogInfo(one)) === 'busy');
      const own = await rig.phone(ext, transport);
      const keys = await own.subscribe({ event: 'as-feature-event' });
      await keys.next((one) => featureEvents(one).some(({ feature, enabled }) => feature === 'dnd' && enabled));
      await keys.refresh({ body: setDnd(false), contentType: featureType });
      await keys.next((one) => featureEvents(one).some(({ feature, enabled }) => feature === 'dnd' && !enabled));
      await lamps.next((one) => lamp(dialogInfo(one)) === 'off');
      await lamps.refresh();
      await lamps.next();
      await lamps.unsubscribe();
      await keys.unsubscribe();
      await rig.dialogsAtServer((dialogs) => dialogs.length === 0);
      assert.deepEqual([...desk.violations, ...own.violations], []);
    });
  }

  test('the server holds a dialog for a subscription, and none after its end', async () => {
    await rig.dialogsAtServer((dialogs) => dialogs.length === 0);
    const hand = await rig.hand();
    const answer = await hand.ask({ user: '2003' });
    await hand.next(answer.talk);
    assert.deepEqual(rig.server.dialogs, [`${answer.talk.callId};from-tag=${answer.talk.fromTag}`]);
    const { body } = await rig.daemon.api<WaysView>('/api/v1/ways');
    assert.deepEqual(body.engine, { kind: 'drachtio', up: true, reason: null });
    assert.equal(body.subscriptions.drachtio, 1);
    hand.reply = () => 481; // it has forgotten the subscription
    await rig.dnd('2003', true);
    await rig.dialogsAtServer((dialogs) => dialogs.length === 0);
    await rig.dnd('2003', false);
  });

  test('two subscriptions in one dialog: the end of one is not the end of the other', async () => {
    const hand = await rig.hand();
    const { talk } = await hand.ask({ user: '2004', event: 'dialog;id=1' });
    await hand.next(talk);
    const second = await hand.ask({ user: '2004', event: 'as-feature-event', talk, uri: `sip:2004@${domain}` });
    assert.equal(second.status, 200);
    await hand.next(talk, ({ text }) => /^Event: as-feature-event/im.test(text));
    const end = await hand.ask({ user: '2004', event: 'as-feature-event', talk, expires: 0 });
    assert.equal(end.status, 200);
    await hand.next(talk, ({ text }) => /^Subscription-State: terminated/im.test(text));
    await rig.dnd('2004', true);
    const news = await hand.next(talk, ({ text }) => /^Event: dialog/im.test(text));
    assert.match(news.text, /confirmed/);
    assert.equal((await hand.ask({ user: '2004', event: 'dialog;id=1', talk })).status, 200, 'and it refreshes');
    await hand.next(talk, ({ text }) => /^Event: dialog/im.test(text));
    assert.ok(grows(cseqs(hand, talk)), String(cseqs(hand, talk)));
    assert.equal((await hand.ask({ user: '2004', event: 'dialog;id=1', talk, expires: 0 })).status, 200);
    await hand.next(talk, ({ text }) => /^Event: dialog.*^Subscription-State: terminated/ims.test(text));
    await rig.forgotten(talk);
    await rig.dnd('2004', false);
  });

  test('after a restart of drachtio-server the lamps go on in their old dialogs, without one number twice', async () => {
    const hand = await rig.hand();
    const { talk } = await hand.ask({ user: '2005' });
    await hand.next(talk);
    await rig.dnd('2005', true);
    await hand.next(talk, ({ text }) => text.includes('confirmed'));
    await rig.server.stop();
    await rig.daemon.until('/readyz', (_body, status) => status === 503);
    await rig.server.start();
    await rig.daemon.ready();
    await rig.dnd('2005', false);
    await hand.next(talk, ({ text }) => text.includes('terminated') || !text.includes('confirmed'));
    assert.equal((await hand.ask({ user: '2005', talk })).status, 200, 'the phone need not subscribe anew');
    await hand.next(talk);
    await rig.dnd('2005', true);
    await hand.next(talk, ({ text }) => text.includes('confirmed'));
    assert.ok(grows(cseqs(hand, talk)), String(cseqs(hand, talk)));
    assert.equal((await hand.ask({ user: '2005', talk, expires: 0 })).status, 200);
    await hand.next(talk, ({ text }) => /^Subscription-State: terminated/im.test(text));
    await rig.forgotten(talk);
    await rig.dnd('2005', false);
  });

  test('what changes while the server is away is told when it is back', async () => {
    const hand = await rig.hand();
    const { talk } = await hand.ask({ user: '2006' });
    await hand.next(talk);
    await rig.server.stop();
    await rig.daemon.until('/readyz', (_body, status) => status === 503);
    await rig.dnd('2006', true);
    const { status, body } = await rig.daemon.api<{ checks: { name: string; ok: boolean }[] }>('/readyz');
    assert.deepEqual([status, body.checks.find(({ name }) => name === 'drachtio')?.ok], [503, false]);
    await rig.server.start();
    await hand.next(talk, ({ text }) => text.includes('confirmed'));
    await rig.dnd('2006', false);
  });

  for (const transport of ['udp', 'tcp'] as const) {
    test(`by ${transport}: a phone that comes back from another port is told there, with growing numbers`, async () => {
      const ext = transport === 'udp' ? '2008' : '2009';
      const before = await rig.hand(transport);
      const { talk } = await before.ask({ user: ext });
      const numbers = [(await before.next(talk)).cseq];
      await before.close();
      const hand = await rig.hand(transport);
      assert.equal((await hand.ask({ user: ext, talk })).status, 200);
      numbers.push((await hand.next(talk)).cseq);
      await rig.dnd(ext, true);
      numbers.push((await hand.next(talk, ({ text }) => text.includes('confirmed'))).cseq);
      assert.ok(grows(numbers), String(numbers));
      assert.equal((await hand.ask({ user: ext, talk, expires: 0 })).status, 200);
      await hand.next(talk, ({ text }) => /^Subscription-State: terminated/im.test(text));
      // by UDP the server ends its own after 32 s: nobody is left where it looks for the phone
      if (transport === 'tcp') await rig.forgotten(talk);
      await rig.dnd(ext, false);
    });
  }

  test('after kill -9 of the daemon lamps go on with higher numbers; the refresh of the phone makes a new dialog', async () => {
    const hand = await rig.hand();
    const { talk } = await hand.ask({ user: '2007' });
    await hand.next(talk);
    await rig.daemon.kill();
    await rig.start();
    await hand.next(talk);
    await rig.dnd('2007', true);
    await hand.next(talk, ({ text }) => text.includes('confirmed'));
    assert.ok(grows(cseqs(hand, talk)), String(cseqs(hand, talk)));
    // the server's own answer: whoever made the dialog is gone
    assert.equal((await hand.ask({ user: '2007', talk })).status, 481);
    const anew = await hand.ask({ user: '2007' });
    assert.equal(anew.status, 200);
    await hand.next(anew.talk, ({ text }) => text.includes('confirmed'));
    await rig.dnd('2007', false);
    await hand.next(anew.talk, ({ text }) => !text.includes('confirmed'));
  });

  test('check-config says what has no effect with this engine', async () => {
    const { code, output } = await Daemon.run('check-config', rig.config);
    assert.equal(code, 0);
    assert.match(output, /sip\.listen.* are not used/);
  });

  test('the secret is in no line of the log, even with all the words that srf has for who debugs it', () => {
    assert.ok(rig.daemon.output.some((line) => line.includes('connected to drachtio-server')));
    assert.deepEqual(
      rig.daemon.output.filter((line) => line.includes(secret)),
      [],
    );
  });
});
