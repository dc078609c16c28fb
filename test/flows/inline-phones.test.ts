import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Message } from '../support/phone/message.ts';
import { WatchedPhone } from '../support/phone/watched.ts';
import { featureType, setDnd } from '../support/phone.ts';
import { Registrar } from '../support/registrar.ts';
import { domain } from './hand.ts';
import { Stage } from './stage.ts';

const profiles = `phones:
  profiles:
    - { name: watched, match: '^Watched/', watch: [presence] }
`;

let stage: Stage;
let registrar: Registrar;
before(async () => {
  registrar = await Registrar.open();
  const inline = `upstream: 'sip:127.0.0.1:${registrar.port}', inline: { believe: all }`;
  stage = await Stage.open(profiles, `expirySpread: 0, ${inline}`);
});
afterEach(() => stage.tidy());
after(async () => {
  await stage.close();
  await registrar.close();
});

interface Listed {
  readonly ext: string;
  readonly contact: string;
  readonly source: string;
  readonly userAgent: string;
  readonly expiresAt: string;
  readonly reachable: boolean;
}

const phones = (ext: string, right: (list: readonly Listed[]) => boolean) =>
  stage.daemon.until<readonly Listed[]>(`/api/v1/phones?ext=${ext}`, right);

/** A phone with a private address in its Contact. */
const behindNat = (ext: string, transport: 'udp' | 'tcp' = 'udp', more = {}) =>
  stage.phone(ext, { contactHost: '10.0.0.5', userAgent: 'Nat/1.0', ...more }, transport);

test('a phone registers through us: the PBX sees us, the phone itself, and the admin which phone is where', async () => {
  const ext = stage.ext();
  const phone = await behindNat(ext);
  const answer = await phone.register(300);
  assert.equal(answer.status, 200);
  assert.equal(answer.header('Contact'), `${phone.contact};expires=300`);
  const { contact } = await registrar.next(ext);
  assert.match(contact, new RegExp(`^sip:${ext}@127\\.0\\.0\\.1:${stage.daemon.udpPort};lamp=[\\w-]{16}$`));
  const [listed] = await phones(ext, (list) => list.length === 1);
  assert.equal(listed?.contact, `sip:${ext}@10.0.0.5:${phone.port}`);
  assert.equal(listed?.source, `udp:127.0.0.1:${phone.port}`);
  assert.deepEqual([listed?.userAgent, listed?.reachable], ['Nat/1.0', true]);
  const { body } = await stage.daemon.api<{ phones: readonly Listed[] }>(`/api/v1/extensions/${ext}`);
  assert.deepEqual(body.phones, [listed]);
  assert.equal((await phone.unregister()).status, 200);
  await phones(ext, (list) => list.length === 0);
});

test('a phone that has registered is believed: its lamps by UDP, its settings only where nobody can forge its address', async () => {
  const ext = stage.ext();
  for (const [transport, grants] of [
    ['udp', false],
    ['tcp', true],
  ] as const) {
    const phone = await behindNat(ext, transport, { password: 'the one of the PBX' });
    assert.equal((await phone.subscribe({ event: 'dialog' })).response.status, 401, 'not yet');
    await phone.register();
    assert.equal((await phone.subscribe({ event: 'dialog' })).response.status, 200);
    const keys = await phone.subscribe({ event: 'as-feature-event' });
    assert.equal(keys.response.status, 200);
    const set = await keys.refresh({ body: setDnd(true), contentType: featureType });
    assert.equal(set.status, grants ? 200 : 401, transport);
    await phone.unregister();
    assert.equal((await phone.subscribe({ event: 'dialog' })).response.status, 401, 'no longer');
  }
});

test('check-sync reaches a phone behind a NAT that subscribes to nothing, by the path it registered by', async () => {
  const ext = stage.ext();
  const phone = await behindNat(ext);
  await phone.register();
  const path = `/api/v1/extensions/${ext}/check-sync`;
  const { body } = await stage.daemon.api<{ phones: readonly { contact: string; answer: number }[] }>(path, {
    method: 'POST',
    body: { event: 'check-sync' },
  });
  const notify = await phone.nextUnsolicited();
  assert.equal(notify.event, 'check-sync');
  assert.deepEqual(
    body.phones.map(({ contact, answer }) => [contact, answer]),
    [[`sip:${ext}@10.0.0.5:${phone.port}`, 200]],
  );
});

test('a phone behind a NAT is watched by the path it registered by, told by the Contact the PBX has of it', async () => {
  const server = { host: '127.0.0.1', port: stage.daemon.udpPort, transport: 'udp' } as const;
  // the PBX may tell of it before its 2xx has passed
  for (const isEarly of [false, true]) {
    const ext = stage.ext();
    const contact = `sip:${ext}@10.0.0.5:5062`;
    const phone = await WatchedPhone.open({ user: ext, domain, server });
    try {
      phone.send(registerOf(ext, contact, 1));
      const device = { uri: (await registrar.next(ext)).contact, userAgent: 'Watched/1.0' };
      await phones(ext, (list) => list.length === 1);
      if (isEarly) {
        phone.send(registerOf(ext, contact, 2, 0));
        await phones(ext, (list) => list.length === 0);
      }
      const body = { ext, registered: true, device };
      assert.equal((await stage.daemon.api('/api/v1/simulator/register', { method: 'POST', body })).status, 200);
      if (isEarly) phone.send(registerOf(ext, contact, 3));
      await phone.next('presence');
      assert.equal(phone.subscribes.all[0]?.uri, contact, 'its own, which it knows');
    } finally {
      await phone.close();
    }
  }
});

function registerOf(ext: string, contact: string, cseq: number, expires = 300): Message {
  return new Message('REGISTER sip:lamplighter.test SIP/2.0', [
    ['Via', `SIP/2.0/UDP 10.0.0.5:5062;branch=z9hG4bK${ext}${cseq};rport`],
    ['Max-Forwards', '70'],
    ['From', `<sip:${ext}@${domain}>;tag=1`],
    ['To', `<sip:${ext}@${domain}>`],
    ['Call-ID', `r${ext}`],
    ['CSeq', `${cseq} REGISTER`],
    ['Contact', `<${contact}>`],
    ['Expires', String(expires)],
    ['Authorization', 'Digest username="x"'],
  ]);
}

test('after a crash phones are still known: by UDP they are reached and believed at once, by TCP when they come back', async () => {
  const [byUdp, byTcp] = [stage.ext(), stage.ext()];
  const desk = await behindNat(byUdp, 'udp', { password: 'the one of the PBX' });
  const soft = await behindNat(byTcp, 'tcp', { password: 'the one of the PBX' });
  await desk.register(3000);
  await soft.register(3000);
  const before = await registrar.next(byTcp);
  const [known] = await phones(byUdp, (list) => list.length === 1);
  await phones(byTcp, (list) => list.length === 1);
  await stage.killAndStart();
  assert.deepEqual(await phones(byUdp, (list) => list.length === 1), [known]);
  assert.equal((await desk.subscribe({ event: 'dialog' })).response.status, 200);
  await stage.daemon.until<{ readonly ext: string }[]>('/api/v1/extensions', (list) => list.length > 0);
  const order = { method: 'POST', body: { event: 'resync' } } as const;
  await stage.daemon.api(`/api/v1/extensions/${byUdp}/check-sync`, order);
  assert.equal((await desk.nextUnsolicited()).event, 'resync');
  assert.equal((await phones(byTcp, (list) => list.length === 1))[0]?.reachable, false);
  assert.equal((await soft.subscribe({ event: 'dialog' })).response.status, 401, 'it has to register first');
  assert.equal((await soft.register()).status, 200);
  assert.equal((await registrar.next(byTcp)).contact, before.contact, 'to the PBX it is the same phone');
  await phones(byTcp, ([one]) => one?.reachable === true);
  assert.equal((await soft.subscribe({ event: 'dialog' })).response.status, 200);
});
