import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Phone } from '../support/phone.ts';
import type { Hand, Lines } from './hand.ts';
import { domain } from './hand.ts';
import { Stage } from './stage.ts';
import { TenantsRig } from './tenants-rig.ts';

const [north, south] = ['north.test', 'south.test'];
/** No network that is believed. */
const desk = '127.0.0.9';

describe('sip.identity: a proxy says by P-Asserted-Identity who it is', () => {
  let rig: TenantsRig;
  let hand: Hand;
  before(async () => {
    rig = await TenantsRig.open('auth: trusted, trusted: [127.0.0.1], identity: {}');
    hand = await rig.hand();
  });
  after(() => rig.close());

  /** The status of a SUBSCRIBE to the feature keys of `uri`: only their owner has them. */
  const keys = async (uri: string, ...values: readonly string[]) => {
    const lines: Lines = { 'P-Asserted-Identity': values.length === 0 ? null : values, To: `<${uri}>` };
    return (await rig.ask(hand, { user: '1001', from: north, uri, event: 'as-feature-event', lines })).status;
  };

  test('the header is the user, and From is not', async () => {
    assert.equal(await keys('sip:1002@north.test', '"Anna" <sip:1002@north.test>, <tel:+4930123>'), 200);
    assert.equal(await keys('sip:1001@north.test', '<sip:1002@north.test>'), 403);
    assert.equal(await keys('sip:1001@south.test', '<sip:1001@s.test>'), 200);
    assert.equal(await keys('sip:1001@south.test', '<sip:1001@north.test>'), 403);
    assert.equal(await keys('sip:1003@127.0.0.1', '<sip:1003@127.0.0.1>'), 200);
  });

  test('without the header, with one that cannot be read, or that means two users, nobody is believed', async () => {
    for (const values of [
      [],
      ['nonsense'],
      ['<sip:1001@elsewhere.test>'],
      ['<tel:+4930123>'],
      ['<sip:1001@north.test>', '<sip:1002@north.test>'],
    ]) {
      assert.equal(await keys('sip:1001@north.test', ...values), 403, values.join());
    }
    const said = await rig.daemon.logged((line) => line['event'] === 'auth-unavailable', 2);
    assert.deepEqual(
      said.map(({ source, detail }) => [source, detail]),
      [
        ['127.0.0.1', 'P-Asserted-Identity is missing'],
        ['127.0.0.1', 'P-Asserted-Identity is malformed'],
      ],
      'and no event that would have the proxy banned',
    );
    assert.deepEqual(rig.security('not-trusted'), []);
  });

  test('a dialog belongs to the identity it was made with', async () => {
    const lines = (value: string | null) => ({ lines: { 'P-Asserted-Identity': value } });
    const first = await rig.ask(hand, { from: north, ...lines('<sip:1004@north.test>') });
    assert.equal(first.status, 200);
    const refresh = async (value: string | null) =>
      (await rig.ask(hand, { from: north, talk: first.talk, ...lines(value) })).status;
    assert.equal(await refresh('<sip:1004@n.test>'), 200);
    assert.equal(await refresh('<sip:1005@north.test>'), 403);
    assert.equal(await refresh('<sip:1004@south.test>'), 403);
    assert.equal(await refresh(null), 403);
  });

  test('a phone that is no proxy writes the header in vain, by UDP and TCP', async () => {
    const { daemon } = rig;
    for (const transport of ['udp', 'tcp'] as const) {
      const port = transport === 'udp' ? daemon.udpPort : daemon.tcpPort;
      const server = { host: '127.0.0.1', port, transport };
      const forger = await Phone.open({ user: '1001', password: '', domain: north, server, localAddress: desk });
      const headers = [['P-Asserted-Identity', '<sip:1001@north.test>']] as const;
      assert.equal((await forger.subscribe({ event: 'dialog', resource: '1002', headers })).response.status, 403);
      await forger.close();
    }
    const said = await daemon.logged((line) => line['event'] === 'not-trusted', 2);
    assert.deepEqual(said.map(({ source, proven }) => `${source} ${proven}`).sort(), [`${desk} false`, `${desk} true`]);
  });

  test('a PUBLISH is judged by it too', async () => {
    const publish = async (value: string | null) => {
      const talk = hand.talk('1006');
      const uri = `sip:1006@${south}`;
      const lines = {
        From: `<sip:1001@${north}>;tag=x`,
        To: `<${uri}>`,
        Event: 'presence',
        Expires: '60',
        'Content-Type': 'application/pidf+xml',
        'P-Asserted-Identity': value,
      };
      const body = `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${uri}"><tuple id="a"><status><basic>open</basic></status></tuple></presence>`;
      return (await hand.ask({ user: '1006', talk, method: 'PUBLISH', uri, lines, body })).status;
    };
    assert.equal(await publish(`<sip:1006@${south}>`), 200);
    assert.equal(await publish(`<sip:1006@${north}>`), 403);
    assert.equal(await publish(null), 403);
  });
});

describe('sip.identity beside passwords: a header of the own choice, from the proxy alone', () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open(
      'log: { format: json }',
      'identity: { header: X-Lamp-User, from: [127.0.0.1], missing: auth }',
    );
  });
  after(() => stage.close());

  test('the proxy names the user; where it names nobody, the phone shows its password', async () => {
    const [own, other] = [stage.ext(), stage.ext()];
    const hand = await stage.hand();
    const keys = async (ext: string, value: string | null) => {
      const answer = await hand.ask({
        user: own,
        uri: `sip:${ext}@${domain}`,
        event: 'as-feature-event',
        lines: { 'X-Lamp-User': value },
        answerChallenge: false,
      });
      return answer.status;
    };
    assert.equal(await keys(other, other), 200);
    assert.equal(await keys(other, `${other}@${domain}`), 200);
    assert.equal(await keys(own, other), 403);
    assert.equal(await keys(own, 'two words'), 403, 'no way round by writing nonsense');
    assert.equal(await keys(own, null), 401);
    const direct = await stage.phone(own);
    assert.equal((await direct.subscribe({ event: 'as-feature-event' })).response.status, 200);
  });

  test('a phone that writes the header itself is asked for its password, and is who that says', async () => {
    const [own, other] = [stage.ext(), stage.ext()];
    const forger = await stage.phone(own, { localAddress: desk });
    const headers = [['X-Lamp-User', other]] as const;
    const theirs = await forger.subscribe({ event: 'as-feature-event', resource: other, headers });
    assert.equal(theirs.response.status, 403);
    assert.equal(forger.challenged, 1);
    const thief = await stage.phone(other, { localAddress: desk, password: 'guessed' });
    const guessed = await thief.subscribe({ event: 'as-feature-event', headers });
    assert.equal(guessed.response.status, 401);
  });
});
