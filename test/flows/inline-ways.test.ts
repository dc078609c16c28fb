import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { InlineStage } from './inline-stage.ts';

interface Ways {
  readonly listeners: readonly { readonly transport: string; readonly requests: Readonly<Record<string, number>> }[];
  readonly upstreams: readonly { readonly uri: string; readonly state: string }[];
  readonly subscriptions: { readonly total: number; readonly inline: number };
  readonly phonesLearnt: number | null;
}

/** What came by UDP. */
const udp = ({ listeners }: Ways) => listeners.find(({ transport }) => transport === 'udp')?.requests ?? {};

describe('an inline Lamplighter', () => {
  let stage: InlineStage;
  before(async () => {
    stage = await InlineStage.open();
  });
  afterEach(() => stage.tidy());
  after(() => stage.close());

  test('tells how phones come: what it heard, whether the PBX answers, who has registered, who watches', async () => {
    const ext = stage.ext();
    const phone = await stage.registered(ext);
    await phone.subscribe({ event: 'dialog', resource: stage.ext() });
    const ways = await stage.daemon.until<Ways>('/api/v1/ways', ({ upstreams }) => upstreams[0]?.state === 'up');
    assert.equal(ways.upstreams[0]?.uri, `sip:${stage.pbx.place}`);
    assert.deepEqual([ways.phonesLearnt, ways.subscriptions.total, ways.subscriptions.inline], [1, 1, 1]);
    assert.ok((udp(ways)['REGISTER'] ?? 0) >= 1, 'what goes on is heard, too');
    assert.ok((udp(ways)['SUBSCRIBE'] ?? 0) >= 1);
  });

  test('names the phone whose password the PBX refuses, by the address of that phone', async () => {
    const user = stage.ext();
    let nonce = 0;
    stage.pbx.script = ({ method }) => {
      if (method !== 'REGISTER') return null;
      nonce += 1;
      return { status: 401, headers: [['WWW-Authenticate', `Digest realm="pbx", nonce="n${nonce}", algorithm=MD5`]] };
    };
    const phone = await stage.phone(user);
    assert.equal((await phone.register()).status, 401);
    assert.ok(nonce >= 2, 'a challenge, and a refusal');
    const [line] = await stage.daemon.logged(({ event, user: who }) => event === 'auth-failed' && who === user);
    assert.deepEqual([line?.['source'], line?.['proven'], line?.['room']], ['127.0.0.1', true, 'security']);
    assert.match(String(line?.['detail']), /^REGISTER, refused by the PBX$/);
  });
});
