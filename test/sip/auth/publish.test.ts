import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../../src/model/random.ts';
import { Authenticator } from '../../../src/sip/auth/authenticator.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { Places } from '../../../src/sip/places.ts';
import { SecurityLog } from '../../../src/sip/security-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/silent-logger.ts';
import { requestOf, udpFlow, valuesOf } from '../front/fake-engine.ts';
import { answerTo } from './digest-phone.ts';

const uri = 'sip:1001@lamplighter.test';

/** The same daemon each time, as after a restart. */
function started(clock: FakeClock): Authenticator {
  return new Authenticator({
    places: new Places({
      domains: [{ name: 'lamplighter.test', aliases: [] }],
      advertise: null,
      listen: ['127.0.0.1'],
      addresses: new LocalAddresses(clock, () => []),
    }),
    mode: 'pbx',
    trusted: [],
    lookup: async () => ({ realm: 'asterisk', password: 'secret1001' }),
    facts: () => ({ realm: 'asterisk', md5Only: false }),
    secret: Buffer.alloc(32, 1),
    clock,
    random: systemRandom,
    security: new SecurityLog(new RecordingLogger(), clock),
  });
}

/** A PUBLISH without a body that says it is in a dialog of ours, as a removal may. */
async function remove(authenticator: Authenticator, authorization: string | null, address = '192.0.2.77') {
  const line = authorization === null ? '' : `Authorization: ${authorization}\n`;
  const text =
    `PUBLISH ${uri} SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK1\nFrom: <${uri}>;tag=f\nTo: <${uri}>;tag=ours\n` +
    `Call-ID: c\nCSeq: 2 PUBLISH\nEvent: dialog\nSIP-If-Match: x\nExpires: 0\n${line}Content-Length: 0\n\n`;
  const result = await authenticator.check(requestOf(text, { ...udpFlow, remote: { address, port: 5060 } }));
  return result.ok ? 'granted' : (valuesOf(result.answer, 'WWW-Authenticate').at(-1) ?? '');
}

test('P39-12: no dialog makes a PUBLISH good: heard before a restart, it removes nothing after it, nor elsewhere before', async () => {
  const clock = new FakeClock();
  const before = started(clock);
  const challenge = await remove(before, null);
  const digest = (nc: number) =>
    answerTo(challenge, { user: '1001', password: 'secret1001', method: 'PUBLISH', uri, nc });
  const heard = digest(1);
  assert.equal(await remove(before, heard), 'granted');
  assert.match(await remove(before, digest(2), '198.51.100.9'), /stale=true$/);
  clock.advance(1);
  assert.match(await remove(started(clock), heard), /stale=true$/);
});
