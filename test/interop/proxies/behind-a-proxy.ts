import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';
import { Hand } from '../../flows/hand.ts';
import { answerTo, challengesOf } from '../../support/phone/digest.ts';
import { setDnd } from '../../support/phone.ts';
import { orRequired } from '../required.ts';
import { run, sippMissing } from '../sipp/sipp.ts';
import type { ProxyKind } from './front-proxy.ts';
import { desk, domain, ProxySite, shown } from './proxy-site.ts';

const featureType = 'application/x-as-feature-event+xml';
const isOn = ({ body }: { readonly body: string }) => body.includes('<doNotDisturbOn>true</doNotDisturbOn>');
/** What a phone behind NAT calls itself: nobody can send there. */
const behindNat = { contactHost: '10.255.255.9' };
const sipp = await sippMissing();

/** What holds behind every proxy of ours. `skip`: why it cannot be tried here. */
export function behindAProxy(kind: ProxyKind, skip: string | false): void {
  describe(`phones behind ${kind}`, { skip }, () => {
    // workers of OpenSIPS share a connection: a NOTIFY overtakes its 200, which SIPp's scenarios do not bear
    const noSipp = kind === 'opensips' ? 'SIPp needs an order' : (orRequired(sipp) ?? false);
    let site: ProxySite;
    before(async () => {
      site = await ProxySite.open(kind);
    });
    afterEach(() => site.tidy());
    after(() => site.close());

    for (const transport of ['udp', 'tcp'] as const) {
      test(`by ${transport}, with NAT: lamp, key, refresh in the dialog, end`, async () => {
        const [own, other] = [site.user(), site.user()];
        const phone = await site.phone(own, transport, behindNat);
        const lamps = await site.watching(phone, other);
        assert.equal(phone.challenged, 1, 'by the proxy, once');
        await site.setDnd(other, true);
        assert.equal(shown(await lamps.next()), 'busy');

        const keys = await phone.subscribe({ event: 'as-feature-event' });
        assert.equal(keys.response.status, 200);
        assert.equal((await keys.refresh({ body: setDnd(true), contentType: featureType })).status, 200);
        await keys.next(isOn);
        assert.equal(await site.hasDnd(own), true);

        assert.equal((await lamps.refresh()).status, 200);
        assert.equal(shown(await lamps.next()), 'busy');
        for (const one of [lamps, keys]) {
          assert.equal((await one.unsubscribe()).status, 200);
          await one.next(({ subscriptionState }) => subscriptionState.state === 'terminated');
        }
        assert.deepEqual(phone.violations, []);
        await site.subscriptions(other, 0);
      });

      test(`by ${transport}, with NAT: after a restart of the proxy`, async () => {
        const [own, other] = [site.user(), site.user()];
        const phone = await site.phone(own, transport, behindNat);
        const lamps = await site.watching(phone, other);
        await site.told(other);
        await site.proxy.restart();
        // a connection that is gone only the phone can make anew
        if (transport === 'tcp') {
          assert.equal((await lamps.refresh()).status, 200);
          assert.equal(shown(await lamps.next()), 'off');
        }
        await site.setDnd(other, true);
        assert.equal(shown(await lamps.next()), 'busy');
        assert.deepEqual(phone.violations, []);
      });
    }

    test('the proxy asks Lamplighter by TCP, phones come by UDP: the lamp outlasts a restart of either', async () => {
      const [own, other] = [site.user(), site.user()];
      const server = { host: '127.0.0.1', port: site.byTcp.port, transport: 'udp' } as const;
      const phone = await site.phone(own, 'udp', { server });
      const lamps = await site.watching(phone, other);
      await site.told(other);
      await site.byTcp.restart();
      await site.setDnd(other, true);
      assert.equal(shown(await lamps.next()), 'busy');
      await site.told(other);
      await site.daemon.kill();
      await site.startDaemon();
      assert.equal(shown(await lamps.next()), 'busy');
      await site.setDnd(other, false);
      assert.equal(shown(await lamps.next()), 'off');
      assert.equal((await lamps.unsubscribe()).status, 200);
      assert.deepEqual(phone.violations, []);
    });

    test('while Lamplighter is away phones are told when to come again; their lamps go on afterwards', async () => {
      const [own, other] = [site.user(), site.user()];
      const phone = await site.phone(own, 'udp');
      const lamps = await site.watching(phone, other);
      await site.told(other);
      await site.daemon.kill();
      for (const { port } of [site.proxy, site.byTcp]) {
        const late = await site.phone(own, 'udp', { server: { host: '127.0.0.1', port, transport: 'udp' } });
        const { response } = await late.subscribe({ event: 'dialog', resource: other });
        assert.equal(response.status, 500, 'not 503: the proxy itself is well');
        assert.equal(response.header('Retry-After'), '30');
      }
      assert.equal((await lamps.refresh()).status, 500);
      await site.startDaemon();
      await site.setDnd(other, true);
      await lamps.next((notify) => shown(notify) === 'busy');
      assert.equal((await lamps.refresh()).status, 200);
      assert.deepEqual(phone.violations, []);
    });

    test('a 503 of Lamplighter is none of the proxy: phones are told 500, and when to come again', async () => {
      const [own, other] = [site.user(), site.user()];
      await site.daemon.kill();
      const busy = createSocket('udp4');
      busy.on('message', (bytes, from) => {
        const kept = bytes
          .toString('latin1')
          .split('\r\n')
          .filter((line) => /^(via|from|to|call-id|cseq):/i.test(line));
        const lines = ['SIP/2.0 503 Busy', ...kept, 'Retry-After: 7', 'Content-Length: 0', '', ''];
        busy.send(Buffer.from(lines.join('\r\n'), 'latin1'), from.port, from.address);
      });
      busy.bind(site.port, '127.0.0.1');
      await once(busy, 'listening');
      const phone = await site.phone(own, 'tcp');
      const { response } = await phone.subscribe({ event: 'dialog', resource: other });
      busy.close();
      await once(busy, 'close');
      await site.startDaemon();
      assert.equal(response.status, 500);
      assert.equal(response.header('Retry-After'), '7');
    });

    test('who has a wrong password, or another in From, does not pass the proxy', async () => {
      const [own, other] = [site.user(), site.user()];
      const uri = `sip:${other}@${domain}`;
      const wrong = await site.phone(own, 'udp', { password: 'guessed' });
      assert.equal((await wrong.subscribe({ event: 'dialog', resource: other })).response.status, 407);
      const nobody = await site.phone('4711', 'udp');
      assert.equal((await nobody.subscribe({ event: 'dialog', resource: other })).response.status, 407);
      const stranger = await site.phone(own, 'udp', { domain: 'elsewhere.test' });
      assert.equal((await stranger.subscribe({ event: 'dialog', resource: uri })).response.status, 403);
      const hand = await Hand.open({ host: '127.0.0.1', port: site.proxy.port }, 'udp');
      const talk = hand.talk(other);
      const lines = { From: `<${uri}>;tag=${talk.fromTag}`, To: `<${uri}>` };
      const ask = { user: other, talk, uri, event: 'as-feature-event', answerChallenge: false };
      const asked = await hand.ask({ ...ask, lines });
      const [challenge] = challengesOf(asked.message);
      assert.ok(challenge !== undefined, asked.text);
      const [name, value] = answerTo(challenge, { user: own, password: `pw${own}` }, 'SUBSCRIBE', uri, 1);
      assert.equal((await hand.ask({ ...ask, lines: { ...lines, [name]: value } })).status, 403, 'another in From');
      await hand.close();
      await site.subscriptions(other, 0);
    });

    test('an identity that a phone writes itself is nothing, by whatever spelling and in a dialog too', async () => {
      const boss = site.user();
      const name = `sip:${boss}@${domain}`;
      for (const [header, value] of [
        ['P-Asserted-Identity', `<${name}>`],
        ['p-asserted-identity ', ` "Boss" <${name}>, <tel:${boss};phone-context=${domain}>`],
        ['P-Preferred-Identity', `<${name}>`],
        ['P-ASSERTED-IDENTITY', `\r\n <${name}>`],
      ] as const) {
        const own = site.user();
        const forger = await site.phone(own, 'udp');
        const headers = [[header, value]] as const;
        const theirs = await forger.subscribe({ event: 'as-feature-event', resource: boss, headers });
        assert.equal(theirs.response.status, 403, header);
        const keys = await forger.subscribe({ event: 'as-feature-event', headers });
        assert.equal(keys.response.status, 200, header);
        assert.equal((await keys.refresh({ headers, body: setDnd(true), contentType: featureType })).status, 200);
        await keys.next(isOn);
        assert.deepEqual([await site.hasDnd(own), await site.hasDnd(boss)], [true, false], header);
        // past the proxy the same header is worth nothing either
        const server = { host: '127.0.0.1', port: site.port, transport: 'udp' } as const;
        const direct = await site.phone(own, 'udp', { server });
        assert.equal((await direct.subscribe({ event: 'dialog', resource: boss, headers })).response.status, 403);
      }
    });

    test('two values of the header in a message are both taken out', async () => {
      const [own, boss] = [site.user(), site.user()];
      const forger = await site.phone(own, 'tcp');
      const claim = ['P-Asserted-Identity', `<sip:${boss}@${domain}>`] as const;
      const keys = await forger.subscribe({ event: 'as-feature-event', headers: [claim, claim, claim] });
      assert.equal(keys.response.status, 200);
    });

    test('a NOTIFY of a stranger along the route of a dialog does not reach the phone', async () => {
      const [own, other] = [site.user(), site.user()];
      const phone = await site.phone(own, 'udp');
      const lamps = await site.watching(phone, other);
      const stranger = await site.phone(other, 'udp');
      const forged = await stranger.request('NOTIFY', `sip:${own}@${desk}:${phone.port}`, [
        ['Route', `<sip:127.0.0.1:${site.proxy.port};lr;lamplighter=yes>`],
        ['Event', 'dialog'],
        ['Subscription-State', 'terminated'],
      ]);
      assert.equal(forged.status, 403);
      await site.setDnd(other, true);
      assert.equal(shown(await lamps.next()), 'busy');
    });

    test('a phone publishes through the proxy; packages that Lamplighter has not stay with the PBX', async () => {
      const [own, other] = [site.user(), site.user()];
      const phone = await site.phone(own, 'tcp');
      const lamps = await site.watching(phone, other);
      const document = `<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full" entity="sip:${other}@${domain}"><dialog id="1"><state>confirmed</state></dialog></dialog-info>`;
      const headers = [
        ['Event', 'dialog'],
        ['Expires', '60'],
        ['Content-Type', 'application/dialog-info+xml'],
      ] as const;
      assert.equal((await phone.request('PUBLISH', other, headers, document)).status, 200);
      assert.equal(shown(await lamps.next()), 'busy');
      assert.equal((await phone.subscribe({ event: 'conference', resource: other })).response.status, 480);
      assert.equal((await phone.request('OPTIONS', other)).status, 480);
    });

    test('SIPp as a phone, by both transports', { skip: noSipp }, async () => {
      for (const transport of ['udp', 'tcp'] as const) {
        const user = site.user();
        // over one connection the proxy keeps the order of a 200 and the NOTIFY behind it; SIPp's scenarios have one
        const { port } = site.byTcp;
        const { code, log } = await run('behind_proxy', { port, user, password: `pw${user}`, transport });
        assert.equal(code, 0, log);
        assert.equal(await site.hasDnd(user), true);
      }
    });
  });
}
