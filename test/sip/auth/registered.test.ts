import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../../src/model/aor.ts';
import { systemRandom } from '../../../src/model/random.ts';
import { Authenticator, type AuthenticatorOptions } from '../../../src/sip/auth/authenticator.ts';
import type { Flow } from '../../../src/sip/engine.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { Places } from '../../../src/sip/places.ts';
import { SecurityLog } from '../../../src/sip/security-log.ts';
import { inlinePhones } from '../../../src/wiring/phones.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { requestOf, udpFlow } from '../front/fake-engine.ts';

const clock = new FakeClock();
const alice = aorOf('1001', 'lamplighter.test');
const udp: Flow = { ...udpFlow, remote: { address: '198.51.100.7', port: 5062 } };
const tcp: Flow = { ...udp, transport: 'tcp', connection: 'c-1' };

const places = new Places({
  domains: [
    { name: 'lamplighter.test', aliases: ['example.com'] },
    { name: 'tenant.test', aliases: [] },
  ],
  advertise: null,
  listen: ['192.0.2.1'],
  addresses: new LocalAddresses(clock, () => []),
});

type Believe = 'none' | 'streams' | 'all';

/** An authenticator with a phone of 1001 that has registered by UDP and by TCP, as the daemon wires it. */
function setup(believe: Believe, mode: AuthenticatorOptions['mode'] = 'pbx') {
  const inline = inlinePhones({
    config: { sip: { upstream: 'sip:192.0.2.9', inline: { reach: 'contact', believe } } } as never,
    clock,
    random: systemRandom,
    logger: silentLogger,
    security: new SecurityLog(silentLogger, clock),
    secret: Buffer.alloc(32),
    store: { putRegistration: async () => {}, touchRegistration: () => {}, deleteRegistration: async () => {} },
    registrations: [],
    places,
    engine: {},
    exempt: () => false,
  });
  assert.ok(inline !== null);
  const { phones, registered } = inline;
  const learn = (flow: Flow, proven = true) =>
    phones.learn({
      id: phones.idOf(alice, JSON.stringify(flow)),
      aor: alice,
      contact: 'sip:1001@10.0.0.5',
      flow,
      expiresAt: clock.now() + 60_000,
      userAgent: null,
      proven,
    });
  learn(udp);
  learn(tcp);
  const authenticator = new Authenticator({
    mode,
    trusted: [],
    ...(registered === undefined ? {} : { registered }),
    lookup: async () => null,
    facts: () => ({ realm: 'asterisk', md5Only: false }),
    secret: Buffer.alloc(32, 1),
    places,
    clock,
    random: systemRandom,
    security: new SecurityLog(silentLogger, clock),
  });
  return { phones, learn, authenticator };
}

interface Words {
  readonly flow?: Flow;
  readonly from?: string;
  readonly method?: string;
  readonly body?: string;
}

async function ask({ authenticator }: Pick<ReturnType<typeof setup>, 'authenticator'>, words: Words = {}) {
  const { flow = udp, from = 'sip:1001@lamplighter.test', method = 'SUBSCRIBE', body = '' } = words;
  const result = await authenticator.check(
    requestOf(
      `${method} sip:1001@lamplighter.test SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bK1\nFrom: <${from}>;tag=f\n` +
        `To: <sip:1001@lamplighter.test>\nCall-ID: c\nCSeq: 1 ${method}\n${body === '' ? '' : 'Content-Type: application/xml\n'}Content-Length: ${body.length}\n\n${body}`,
      flow,
    ),
  );
  return result.ok ? result.how : result.answer.status;
}

test('a phone that has just registered through us is believed without a password, where the admin says so', async () => {
  const all = setup('all');
  assert.equal(await ask(all), 'registered');
  assert.equal(await ask(all, { flow: tcp }), 'registered');
  assert.equal(await ask(all, { from: 'sip:1001@example.com:5060' }), 'registered', 'by another name of our domain');
  assert.deepEqual(await all.authenticator.check(requestOf(subscribeText, tcp)), {
    ok: true,
    who: alice,
    domain: 'lamplighter.test',
    how: 'registered',
  });
});

test('believe: none asks everybody for his password, streams whoever sends datagrams', async () => {
  const none = setup('none');
  assert.deepEqual([await ask(none), await ask(none, { flow: tcp })], [401, 401]);
  const streams = setup('streams');
  assert.deepEqual([await ask(streams), await ask(streams, { flow: tcp })], [401, 'registered']);
});

test('security: over UDP a setting always needs the digest, for its sender can be forged; over a connection it does not', async () => {
  const all = setup('all');
  const body = '<SetDoNotDisturb/>';
  assert.equal(await ask(all, { body }), 401);
  assert.equal(await ask(all, { method: 'PUBLISH' }), 401, 'that may end a publication');
  assert.equal(await ask(all, { method: 'PUBLISH', body }), 401);
  assert.equal(await ask(all, { flow: tcp, body }), 'registered');
  assert.equal(await ask(all, { flow: tcp, method: 'PUBLISH', body }), 'registered');
});

test('security: nobody is believed under another name, in another domain, from another port, listener or connection', async () => {
  const all = setup('all');
  for (const words of [
    { from: 'sip:1002@lamplighter.test' },
    { from: 'sip:1001@tenant.test' },
    { from: 'sip:1001@elsewhere.example' },
    { from: 'tel:1001' },
    { from: 'sip:lamplighter.test' },
    { flow: { ...udp, remote: { ...udp.remote, port: 5063 } } },
    { flow: { ...udp, remote: { ...udp.remote, address: '198.51.100.8' } } },
    { flow: { ...udp, local: { ...udp.local, port: 5099 } } },
    { flow: { ...tcp, connection: 'c-2' } },
  ]) {
    assert.equal(await ask(all, words), 401, JSON.stringify(words));
  }
});

test('security: belief ends with the registration, and there is none without proof', async () => {
  const all = setup('all');
  all.learn(udp, false);
  assert.equal(await ask(all), 401, 'registered by another, or by a proxy');
  all.learn(udp);
  assert.equal(await ask(all), 'registered');
  for (const { id } of all.phones.phonesOf(alice)) all.phones.forget(id);
  assert.equal(await ask(all), 401);
  all.learn(tcp);
  assert.equal(await ask(all, { flow: tcp }), 'registered');
  clock.advance(60_000);
  assert.equal(await ask(all, { flow: tcp }), 401);
});

test('with auth: trusted, who is not trusted and has registered is believed, and nobody else', async () => {
  const all = setup('all', 'trusted');
  assert.equal(await ask(all), 'registered');
  assert.equal(await ask(all, { from: 'sip:1002@lamplighter.test' }), 403);
});

const subscribeText =
  'SUBSCRIBE sip:1001@lamplighter.test SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.5;branch=z9hG4bK1\nFrom: <sip:1001@lamplighter.test>;tag=f\n' +
  'To: <sip:1001@lamplighter.test>\nCall-ID: c\nCSeq: 1 SUBSCRIBE\nContent-Length: 0\n\n';
