import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { AmiLink } from '../../adapters/asterisk/ami.ts';
import { notifyEndpoint } from '../../adapters/asterisk/notify.ts';
import { systemClock } from '../../src/model/clock.ts';
import { systemRandom } from '../../src/model/random.ts';
import { readXml } from '../../src/xml/read.ts';
import { dialogInfo, type FeatureEvent, featureEvents, lamp, type Notify, type Phone } from '../support/phone.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { AmiClient, guiSetDnd } from './lab/ami.ts';
import { domain, it, Site, says, skip } from './scene.ts';

/* Phones that never subscribe here: what they are told by way of a real Asterisk (AMI PJSIPNotify). */

const push = `push:
  - { extensions: '100[12]', packages: [as-feature-event, message-summary], minIntervalMs: 100 }
  - { extensions: '1003', packages: [dialog], watch: ['1001', '1004', 'dnd+1001'], minIntervalMs: 100 }
`;

let site: Site;

before(async () => {
  if (skip === null) site = await Site.open((usual) => usual + push);
});
after(() => site?.close());

interface Pushed {
  readonly aor: string;
  readonly event: string;
  readonly state: string;
  readonly notifies: number;
}

const pushed = (ext: string, right: (list: readonly Pushed[]) => boolean) =>
  site.daemon.until<readonly Pushed[]>(`/api/v1/push?ext=${ext}`, right, 15_000);

/** What a phone is told of a feature next. */
function tells(line: Phone, feature: string, right: (one: FeatureEvent) => boolean, ms = 20_000): Promise<Notify> {
  const fits = (one: FeatureEvent) => one.feature === feature && right(one);
  return line.nextUnsolicited((notify) => notify.event === 'as-feature-event' && featureEvents(notify).some(fits), ms);
}

/** Everything that one registration brings. */
async function everything(line: Phone): Promise<ReadonlyMap<string, Notify>> {
  const told = new Map<string, Notify>();
  while (told.size < 4) {
    const notify = await line.nextUnsolicited(({ event }) => event === 'as-feature-event', 20_000);
    for (const { feature } of featureEvents(notify)) told.set(feature, notify);
  }
  return told;
}

const lampOf = (line: Phone, ext: string, state: string, ms = 20_000) =>
  line.nextUnsolicited((notify) => {
    if (notify.event !== 'dialog') return false;
    const info = dialogInfo(notify);
    return info.entity === `sip:${ext}@${domain}` && lamp(info) === state;
  }, ms);

it('a phone that registers is told how its features stand, each in a NOTIFY of its own that no dialog holds', async () => {
  const line = await site.line('1001');
  const told = await everything(line);
  assert.deepEqual([...told.keys()].sort(), ['cfa', 'cfb', 'cfna', 'dnd']);
  for (const notify of told.values()) {
    const { message } = notify;
    assert.equal(message.header('Event'), 'as-feature-event');
    assert.equal(message.header('Content-Type'), 'application/x-as-feature-event+xml');
    assert.equal(notify.subscriptionState.state, 'terminated', 'Asterisk writes it, and lets nobody else');
    assert.match(message.header('To') ?? '', /^[^;]*(?:;(?!tag=)[^;]*)*$/, 'outside of any dialog');
    assert.ok(readXml(Buffer.from(notify.body), { maxBytes: 10_000 }).ok, notify.body);
  }
  const dnd = told.get('dnd');
  assert.match(dnd?.body ?? '', /<device>1001<\/device><doNotDisturbOn>false<\/doNotDisturbOn>/);
  assert.equal(new Set([...told.values()].map(({ message }) => message.header('Call-ID'))).size, 4);
  assert.deepEqual(line.violations, []);
});

it('do-not-disturb and forwards that change in Asterisk arrive as they stand', async () => {
  const line = await site.line('1001');
  await everything(line);
  await line.dial('*78');
  await tells(line, 'dnd', ({ enabled }) => enabled);
  await line.dial('*721002');
  await tells(line, 'cfa', ({ enabled, target }) => enabled && target === '1002');
  await line.dial('*73');
  await tells(line, 'cfa', ({ enabled, target }) => !enabled && target === '1002');
  const gui = await AmiClient.connect(site.lab.admin);
  try {
    for (const on of [false, true, false, true, false]) await guiSetDnd(gui, '1001', on);
  } finally {
    await gui.close();
  }
  await pushed('1001', (list) => list.some(({ event, state }) => event === 'as-feature-event' && state === 'told'));
  await tells(line, 'dnd', ({ enabled }) => !enabled);
});

it('messages waiting arrive with the line end that their grammar asks for, beside those of Asterisk', async () => {
  const line = await site.line('1002');
  await site.lab.setMailbox('1002', 2, 1);
  const ours = await line.nextUnsolicited(
    ({ event, body }) => event === 'message-summary' && body.includes(`sip:1002@${domain}`) && /yes/.test(body),
    20_000,
  );
  assert.equal(
    ours.body,
    `Messages-Waiting: yes\r\nMessage-Account: sip:1002@${domain}\r\nVoice-Message: 2/1 (0/0)\r\n`,
  );
});

it('lamps are told as dialog-info, with versions that only grow, kill -9 of Lamplighter included', async () => {
  const line = await site.line('1003');
  const [caller, callee] = [await site.line('1001'), await site.line('1004')];
  const first = await lampOf(line, '1004', 'off');
  await lampOf(line, `dnd+1001`, 'off');
  const call = await caller.invite('1004');
  const incoming = await callee.nextCall();
  incoming.ringing();
  await lampOf(line, '1004', 'ringing');
  await incoming.answer();
  await call.answered;
  const busy = await lampOf(line, '1004', 'busy');
  await call.hangup();
  const off = await lampOf(line, '1004', 'off');
  const versions = [first, busy, off].map((notify) => dialogInfo(notify).version);
  assert.deepEqual(
    versions,
    [...versions].sort((a, b) => a - b),
  );
  await site.daemon.kill();
  await site.restartDaemon((usual) => usual + push);
  const again = await lampOf(line, '1004', 'off', 40_000);
  assert.ok(dialogInfo(again).version > (versions.at(-1) ?? 0), `${versions} and then ${dialogInfo(again).version}`);
  await site.daemon.ready(20_000);
});

it('who subscribes here is told by that alone; who was not asked for is told nothing', async () => {
  const desk = await site.desk('1002');
  const keys = await desk.subscribe({ event: 'as-feature-event' });
  const line = await site.line('1002');
  const stranger = await site.line('1005');
  await pushed('1002', (list) =>
    list.some(({ event, state }) => event === 'as-feature-event' && state === 'subscribed'),
  );
  const before = line.trace.length;
  await line.dial('*78');
  await says(keys, 'dnd', true);
  await line.dial('*79');
  await says(keys, 'dnd', false);
  const messages = line.nextUnsolicited(({ event, body }) => event === 'message-summary' && /5\/0/.test(body), 20_000);
  await site.lab.setMailbox('1002', 5);
  await messages; // what was told before it has come, too
  assert.deepEqual(
    line.trace.slice(before).filter((text) => /^Event:.*as-feature-event/im.test(text)),
    [],
  );
  assert.deepEqual(
    stranger.trace.filter((text) => /^Event:.*(as-feature-event|dialog)/im.test(text)),
    [],
  );
  const { body } = await site.daemon.api<readonly Pushed[]>('/api/v1/push');
  assert.deepEqual([...new Set(body.map(({ aor }) => aor.split('@')[0]))].sort(), ['1001', '1002', '1003']);
  await keys.unsubscribe();
});

it('a document longer than a line of AMI arrives as the same document', async () => {
  const line = await site.line('1005');
  const { host, port, username, secret: password } = site.lab.ami;
  const tools = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const ami = new AmiLink({ host, port, username, password, events: 'off' }, tools);
  try {
    await new Promise<void>((up, failed) => ami.start({ up, down: failed, event: () => undefined }));
    const calls = Array.from({ length: 30 }, (_, index) => {
      const name = `N\u00e4me, \\ (${index} [= ;`;
      return `<dialog id="${index}"><state>early</state><remote><identity display="${name}">sip:${index}@x</identity></remote></dialog>`;
    });
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<dialog-info version="1">${calls.join('')}</dialog-info>`;
    const notice = { event: 'dialog', contentType: 'application/dialog-info+xml', body };
    assert.deepEqual(await notifyEndpoint(ami, '1005', notice, 5_000), { ok: true, value: null });
    const told = await line.nextUnsolicited(({ event }) => event === 'dialog');
    assert.equal(told.body.replaceAll('\r\n', ''), body.replace('\n', ''));
    const wide = { event: 'wide', contentType: 'text/plain', body: `${'x'.repeat(960)}\r\nend` };
    assert.deepEqual(await notifyEndpoint(ami, '1005', wide, 5_000), { ok: true, value: null });
    assert.equal((await line.nextUnsolicited(({ event }) => event === 'wide')).body, wide.body);
    const tall = { event: 'tall', contentType: 'text/plain', body: Array(100).fill('line').join('\r\n') };
    assert.deepEqual(await notifyEndpoint(ami, '1005', tall, 5_000), { ok: true, value: null });
    assert.equal((await line.nextUnsolicited(({ event }) => event === 'tall')).body, tall.body);
  } finally {
    ami.stop();
  }
});

it('Asterisk gone and back: its phones are told everything again, and what changes then', async () => {
  const line = await site.line('1001');
  await everything(line);
  await site.lab.kill();
  await site.daemon.until('/readyz', (_body, status) => status === 503, 20_000);
  await site.lab.restart();
  await site.daemon.ready(40_000);
  await everything(line);
  await line.dial('*78');
  await tells(line, 'dnd', ({ enabled }) => enabled);
  await line.dial('*79');
  await tells(line, 'dnd', ({ enabled }) => !enabled);
});
