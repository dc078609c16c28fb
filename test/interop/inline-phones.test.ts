import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import type { Phone } from '../support/phone.ts';
import { enter, inline, talk } from './inline-scene.ts';
import { testFile } from './lab/paths.ts';
import { it, Site, skip } from './scene.ts';

let site: Site;

/** Phones of this kind are subscribed to. */
const watching = (usual: string) =>
  usual.replace(/^phones:.*$/m, "phones: { profiles: [{ name: all, match: '^Watched/', watch: [presence] }] }");

before(async () => {
  const asked = (text: string) => text.replace('inline: { ', 'inline: { probe: 1, ');
  if (skip === null) site = await Site.open((usual, lab) => asked(inline()(watching(usual), lab)));
});
after(() => site?.close());

interface Row {
  readonly contact: string;
  readonly source: string;
  readonly userAgent: string | null;
  readonly reason?: string | null;
  readonly expiresAt: string;
}

const rows = (path: string, right: (rows: readonly Row[]) => boolean) =>
  site.daemon.until<readonly Row[]>(`/api/v1/${path}`, right, 30_000);
const ownContact = (phone: Phone) => phone.contact.slice(1, -1);

it('what Asterisk tells of a phone behind a NAT is told by the phone’s own Contact, and asked of the phone by its own path', async () => {
  for (const transport of ['udp', 'tcp'] as const) {
    const phone = await enter(site, '1001', { transport, contactHost: '10.9.8.7', userAgent: 'Watched/1.0' });
    const [known] = await rows('phones?ext=1001', (list) => list.length === 1);
    assert.deepEqual([known?.contact, known?.userAgent], [ownContact(phone), 'Watched/1.0']);
    assert.equal(known?.source, `${transport}:127.0.0.1:${known?.source.split(':').at(-1)}`);
    const left = Date.parse(known?.expiresAt ?? '') - Date.now();
    assert.ok(left > 280_000 && left < 301_000, `${left} ms of the 300 s that Asterisk grants`);
    const refused = (list: readonly Row[]) => list.some(({ reason }) => reason === 'SUBSCRIBE was answered 405');
    const [asked] = await rows('watched?ext=1001', refused);
    assert.deepEqual([asked?.contact, asked?.userAgent], [ownContact(phone), 'Watched/1.0']);
    assert.equal((await phone.unregister()).status, 200);
    await rows('phones?ext=1001', (list) => list.length === 0);
    await rows('watched?ext=1001', (list) => list.length === 0);
    await phone.close();
  }
});

it('check-sync by way of Asterisk reaches a phone behind a NAT through Lamplighter', async () => {
  const phone = await enter(site, '1003', { contactHost: '10.9.8.7' });
  await rows('phones?ext=1003', (list) => list.length === 1);
  const body = { event: 'check-sync' };
  const { status } = await site.daemon.api('/api/v1/extensions/1003/check-sync', { method: 'POST', body });
  assert.equal(status, 200);
  assert.equal((await phone.nextUnsolicited(({ event }) => event === 'check-sync')).event, 'check-sync');
  await phone.unregister();
});

it('with the endpoint of docs/deploy/inline.md Asterisk complains no longer of our OPTIONS, and its name lets nobody in', async () => {
  const page = readFileSync(testFile('..', 'docs', 'deploy', 'inline.md'), 'utf8');
  const [endpoint] = /^\[lamplighter\]\ntype=endpoint\n[\s\S]*?(?=^```)/m.exec(page) ?? [];
  assert.ok(endpoint, 'the page has it');
  const times = (text: string) => site.lab.logs.split(text).length - 1;
  const complaints = () => times("Request 'OPTIONS' from '<sip:lamplighter@");
  const logged = async (text: string, count: number) => {
    const end = Date.now() + 30_000;
    for (; times(text) < count; await new Promise((resolve) => setTimeout(resolve, 50)))
      assert.ok(Date.now() < end, text);
  };
  await logged("Request 'OPTIONS' from '<sip:lamplighter@", 1);
  await site.lab.addToPjsip(endpoint);
  await site.lab.cli('pjsip set logger on');
  const [asked, before] = [times('OPTIONS sip:127.0.0.1'), complaints()];
  await logged('OPTIONS sip:127.0.0.1', asked + 3);
  await site.lab.cli('pjsip set logger off');
  assert.equal(complaints(), before);
  const stranger = await site.desk('lamplighter');
  await assert.rejects(
    stranger.invite('1002').then(({ answered }) => answered),
    /401/,
  );
  assert.equal((await stranger.register()).status, 401);
});

it('a phone that knows of Path keeps its Contact at Asterisk, gets our Path back, and is called by it', async () => {
  // else Asterisk puts our address in place of the Contact, and nobody knows whose that is
  const plain = ['1001', '1002'].map((user) => `[${user}](+type=endpoint)\nrewrite_contact = no\n`);
  await site.lab.addToPjsip(plain.join(''));
  await site.daemon.kill();
  await site.restartDaemon(inline({ reach: 'path' }));
  await site.daemon.ready(20_000);
  const caller = await enter(site, '1001');
  const callee = await site.desk('1002', { contactHost: '10.9.8.7' });
  const answer = await callee.request('REGISTER', '1002', [
    ['Contact', callee.contact],
    ['Expires', '300'],
    ['Supported', 'path'],
  ]);
  assert.equal(answer.status, 200);
  assert.match(answer.header('Path') ?? '', new RegExp(`^<sip:[\\w-]{16}@127\\.0\\.0\\.1:${site.daemon.udpPort};lr>$`));
  const [known] = await rows('phones?ext=1002', (list) => list.length === 1);
  assert.equal(known?.contact, ownContact(callee));
  assert.doesNotMatch(site.daemon.output.join('\n'), /does not heed Path/);
  const { call, incoming } = await talk(caller, callee);
  assert.equal(incoming.invite.header('Route'), undefined);
  await call.hangup();
  await incoming.ended;
});
