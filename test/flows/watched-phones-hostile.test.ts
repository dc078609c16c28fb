import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { WatchedPhone } from '../support/phone/watched.ts';
import { domain } from './hand.ts';
import { Stage } from './stage.ts';

const profiles = `phones:
  profiles:
    - { name: shy, match: '^Shy/', watch: [presence] }
`;

let stage: Stage;
before(async () => {
  stage = await Stage.open(profiles);
});
afterEach(() => stage.tidy());
after(() => stage.close());

test('a phone that hands on a challenge of Lamplighter’s own gets no answer that it could show to Lamplighter', async () => {
  const ext = stage.ext();
  const { udpPort } = stage.daemon;
  const phone = await WatchedPhone.open({
    user: ext,
    domain,
    server: { host: '127.0.0.1', port: udpPort, transport: 'udp' },
  });
  try {
    const hand = await stage.hand();
    const { status, message } = await hand.ask({ user: ext, event: 'as-feature-event', answerChallenge: false });
    assert.equal(status, 401);
    const challenges = message.all('WWW-Authenticate').map((value) => ['WWW-Authenticate', value] as const);
    assert.equal(challenges.length, 2, 'SHA-256 and MD5');
    phone.react = () => ({ status: 401, headers: challenges });
    const body = { ext, registered: true, device: { uri: phone.contact, userAgent: 'Shy/1.0' } };
    assert.equal((await stage.daemon.api('/api/v1/simulator/register', { method: 'POST', body })).status, 200);
    await stage.daemon.until<{ reason: string }[]>(
      `/api/v1/watched?ext=${ext}`,
      ([row]) => row?.reason === 'SUBSCRIBE was answered 401',
    );
    assert.deepEqual(
      phone.subscribes.all.map((request) => request.header('Authorization')),
      [undefined],
    );
  } finally {
    await phone.close();
  }
});
