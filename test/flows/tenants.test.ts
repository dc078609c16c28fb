import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  dialogInfo,
  featureEvents,
  featureType,
  lamp,
  type Subscription,
  setDnd,
  setForward,
} from '../support/phone.ts';
import { hostsIn, padding, TenantsRig, watching } from './tenants-rig.ts';

const features = 'as-feature-event';
const [north, south] = ['north.test', 'south.test'];
const southern = { from: south, password: 'south1001' };

const shown = (subscription: Subscription) => subscription.notifies.map((one) => lamp(dialogInfo(one)));

interface Listed {
  readonly aor: string;
  readonly features: Record<string, { enabled: boolean; target?: string | null }>;
  readonly subscriptions: number;
}

describe('several domains with equal numbers', () => {
  let rig: TenantsRig;
  before(async () => {
    rig = await TenantsRig.open();
  });
  afterEach(() => rig.tidy());
  after(() => rig.close());

  const extension = async (name: string) => (await rig.daemon.api<Listed>(`/api/v1/extensions/${name}`)).body;

  test('the realm is that of the domain in From, under whichever name; any other host of ours is the default', async () => {
    const hand = await rig.hand();
    const realms = [
      [north, north],
      ['n.test', north],
      ['127.0.0.1', north],
      ['localhost', north],
      ['nobody-knows.test', north],
      [south, south],
      ['SOUTH.Test', south],
      ['south.test.', south],
      ['s.test', south],
      ['192.0.2.50', south],
      ['sub.south.test', north],
      ['east.test', 'east.test'],
    ];
    for (const [from = '', realm] of realms) {
      assert.equal((await rig.ask(hand, { from, uri: `sip:1001@${south}` })).realm, realm, from);
    }
  });

  test('each user has the password of his own domain, and of no other', async () => {
    const hand = await rig.hand();
    const right = [
      { from: north, password: 'north1001' },
      { from: 'n.test', password: 'north1001' },
      southern,
      { ...southern, from: 's.test' },
      { from: 'east.test', password: 'east1001' },
    ];
    for (const claim of right) {
      for (const algorithm of ['sha-256', 'md5'] as const) {
        assert.equal((await rig.ask(hand, { ...claim, algorithm })).status, 200, claim.from);
      }
    }
    const wrong = [
      { from: north, password: 'south1001' },
      { from: 'n.test', password: 'south1001' },
      { from: south, password: 'north1001' },
      { from: 's.test', password: 'north1001' },
      { from: 'east.test', password: 'south1001' },
      { from: south, user: '1001%40north.test', username: '1001@north.test', password: 'north1001' },
      { from: south, username: '1001@north.test', password: 'north1001' },
      { from: south, username: '1001@north.test', password: 'south1001' },
      { from: north, username: '1001@south.test', password: 'south1001' },
      { from: north, user: '2001', password: 'south2001' },
      { from: 'nobody-knows.test', password: 'south1001' },
    ];
    for (const claim of wrong) {
      assert.equal((await rig.ask(hand, claim)).status, 401, JSON.stringify(claim));
    }
    assert.equal((await rig.ask(hand, { ...southern, username: '1001@South.test' })).status, 200);
    const told = rig.security('auth-failed').map(({ user, detail }) => [user, detail]);
    assert.ok(
      told.some(([user, detail]) => user === '1001' && detail === south),
      JSON.stringify(told),
    );
  });

  test('a digest made in the realm of one domain is worth nothing in another', async () => {
    const hand = await rig.hand();
    const uri = `sip:1001@${north}`;
    const first = await hand.ask({
      user: '1001',
      uri,
      answerChallenge: false,
      lines: { From: `<sip:1001@${north}>;tag=a` },
    });
    const header = /realm="north.test"/.exec(first.text);
    assert.ok(header !== null);
    const granted = await rig.ask(hand, { from: north, password: 'north1001' });
    assert.equal(granted.status, 200);
    const moved = await hand.ask({
      user: '1001',
      uri,
      answerChallenge: false,
      lines: {
        From: `<sip:1001@${south}>;tag=b`,
        Authorization: hand.credentials(first, { user: '1001', uri }, 1),
      },
    });
    assert.equal(moved.status, 401);
    assert.match(moved.text, /realm="south\.test"/);
    assert.doesNotMatch(moved.text, /stale=true/);
  });

  test('lamps and keys of another domain are 403, whether there is such an extension or not, and the log says so', async () => {
    const hand = await rig.hand();
    const foreign = [
      { uri: `sip:1001@${north}` },
      { uri: `sip:1002@${north}` },
      { uri: `sip:4711@${north}` },
      { uri: 'sip:1002@n.test' },
      { uri: 'sip:1002@NORTH.test.' },
      { uri: 'sip:1002@127.0.0.1' },
      { uri: 'sip:1002@localhost' },
      { uri: 'sip:1002@east.test' },
      { uri: 'sip:4711@east.test' },
      { uri: 'sip:1002@empty.test' },
      { uri: `sip:1002@${south}`, to: north },
      { uri: `sip:1002@${south}`, to: 'n.test' },
      { uri: `sip:1002@${south}`, to: 'east.test' },
    ];
    const answers = new Set<string>();
    for (const one of foreign) {
      for (const event of ['dialog', features]) {
        const { status, text } = await rig.ask(hand, { ...southern, ...one, event });
        assert.equal(status, 403, JSON.stringify(one));
        answers.add(
          text
            .split('\r\n')
            .filter((line) => !/^(via|from|to|call-id|cseq):/i.test(line))
            .join('\n'),
        );
      }
    }
    assert.equal(answers.size, 1, [...answers].join('\n\n'));
    const set = { ...southern, uri: `sip:1001@${north}`, event: features, body: setDnd(true) };
    assert.equal((await rig.ask(hand, set)).status, 403);
    assert.equal((await extension(`1001@${north}`)).features['dnd']?.enabled, false);
    assert.equal((await rig.ask(hand, { ...southern, uri: 'sip:1002@elsewhere.test' })).status, 404);
    assert.equal((await rig.ask(hand, { ...southern, to: 'elsewhere.test' })).status, 200, 'To names nobody');
    await rig.daemon.until('/api/v1/subscriptions?ext=1002', (list: unknown[]) => list.length === 0);
    assert.ok(rig.security('not-allowed').some(({ user }) => user === '1001@south.test'));
    assert.ok(rig.security('foreign-set').some(({ user }) => user === '1001@south.test'));
  });

  test('a call lights the lamps of its own domain, and names nobody of another', async () => {
    const [northern, other] = [await rig.phone('1003', north), await rig.phone('1003', south)];
    const [here, there] = [await watching(northern, '1002'), await watching(other, '1002')];
    for (const [domain, lit, dark] of [
      [north, here, there],
      [south, there, here],
    ] as const) {
      const before = dark.notifies.length;
      const { id } = await rig.act<{ id: string }>('call', { from: `1001@${domain}`, to: '1002' });
      const ringing = await lit.next((one) => lamp(dialogInfo(one)) === 'ringing');
      assert.deepEqual(hostsIn(ringing), [domain]);
      assert.equal(dialogInfo(ringing).entity, `sip:1002@${domain}`);
      await rig.act('answer', { id });
      await lit.next((one) => lamp(dialogInfo(one)) === 'busy');
      await rig.act('hangup', { id });
      await lit.next((one) => lamp(dialogInfo(one)) === 'off');
      assert.equal(dark.notifies.length, before, shown(dark).join());
    }
    assert.deepEqual([...northern.violations, ...other.violations], []);
    for (const to of ['1002@south.test', '2001', '1002@elsewhere.test']) {
      const { status } = await rig.daemon.api('/api/v1/simulator/call', { method: 'POST', body: { from: '1001', to } });
      assert.equal(status, 404, `a call to ${to}`);
    }
  });

  test('a phone that subscribes by an alias hears of its own domain, in the name it subscribed to', async () => {
    const desk = await rig.phone('1004', south);
    const subscription = await watching(desk, 'sip:1005@s.test');
    const { id } = await rig.act<{ id: string }>('call', { from: `1001@${north}`, to: '1005' });
    await rig.act('hangup', { id });
    const own = await rig.act<{ id: string }>('call', { from: '1001@s.test', to: `1005@${south}` });
    const ringing = await subscription.next((one) => lamp(dialogInfo(one)) === 'ringing');
    assert.equal(dialogInfo(ringing).entity, 'sip:1005@s.test');
    assert.ok(
      hostsIn(ringing).every((host) => host === south || host === 's.test'),
      hostsIn(ringing).join(),
    );
    assert.deepEqual(shown(subscription), ['off', 'ringing'], 'nothing of the call in the other domain');
    await rig.act('hangup', own);
  });

  test('a key pressed in one domain changes that user, his phones, and nobody else', async () => {
    const [mine, twin, namesake] = [
      await rig.phone('1006', south, 'tcp'),
      await rig.phone('1006', south, 'tcp'),
      await rig.phone('1006', north, 'tcp'),
    ];
    const told: Subscription[] = [];
    for (const phone of [mine, twin, namesake]) {
      const subscription = await phone.subscribe({ event: features });
      assert.equal(featureEvents(await subscription.next()).length, 4);
      told.push(subscription);
    }
    const [first, second, third] = told as [Subscription, Subscription, Subscription];
    const silent = third.notifies.length;
    await first.refresh({ body: setDnd(true), contentType: featureType });
    for (const one of [first, second]) {
      const events = featureEvents(await one.next());
      assert.deepEqual([events[0]?.feature, events[0]?.enabled], ['dnd', true]);
    }
    assert.equal((await extension(`1006@${south}`)).features['dnd']?.enabled, true);
    assert.equal((await extension('1006')).features['dnd']?.enabled, false);
    // The other way round, and the first pair hears nothing of it.
    const before = [first, second].map(({ notifies }) => notifies.length);
    assert.equal(third.notifies.length, silent);
    await third.refresh({ body: setForward('cfa', true, '1005'), contentType: featureType });
    await third.next();
    assert.equal((await extension('1006')).features['cfa']?.target, '1005');
    assert.equal((await extension(`1006@${south}`)).features['cfa']?.enabled, false);
    assert.deepEqual(
      [first, second].map(({ notifies }) => notifies.length),
      before,
    );
  });

  test('forwards go to numbers and names of the own domain only', async () => {
    const put = (ext: string, target: string) =>
      rig.daemon.api<{ error?: { code: string }; target?: string }>(`/api/v1/extensions/${ext}/features/cfb`, {
        method: 'PUT',
        body: { enabled: true, target },
      });
    const codeOf = async (ext: string, target: string) => {
      const { body } = await put(ext, target);
      return body.error?.code ?? body.target;
    };
    assert.equal(await codeOf(`1001@${south}`, '2001'), '2001');
    assert.equal(await codeOf(`1001@${north}`, '2001'), 'external-target', 'an extension of another domain');
    assert.equal(await codeOf(`1001@${south}`, 'sip:1002@s.test'), '1002');
    assert.equal(await codeOf(`1001@${south}`, 'sip:1002@n.test'), 'foreign-host');
    assert.equal(await codeOf(`1001@${south}`, `sip:1002@${north}`), 'foreign-host');
    assert.equal(await codeOf(`1001@${north}`, 'sip:1002@s.test'), 'foreign-host');
    assert.equal(await codeOf(`1001@${north}`, 'sip:1002@n.test'), '1002');
    assert.equal(await codeOf(`1001@${south}`, '1001'), 'self-forward');
    // A circle is one within a domain: 1002 of the north forwards to 1003, 1003 of the south back to 1002.
    const always = (ext: string, target: string) =>
      rig.daemon.api(`/api/v1/extensions/${ext}/features/cfa`, { method: 'PUT', body: { enabled: true, target } });
    assert.equal((await always(`1002@${north}`, '1003')).status, 200);
    assert.equal((await always(`1003@${south}`, '1002')).status, 200);
    assert.equal((await always(`1003@${north}`, '1002')).status, 409);
  });

  test('a dialog belongs to a user of one domain: his namesake cannot renew, use or end it', async () => {
    const hand = await rig.hand();
    const { status, talk } = await rig.ask(hand, southern);
    assert.equal(status, 200);
    const takeover = { from: north, password: 'north1001', talk, to: south };
    assert.equal((await rig.ask(hand, takeover)).status, 403);
    assert.equal((await rig.ask(hand, { ...takeover, lines: { Expires: '0' } })).status, 403);
    assert.match((await rig.ask(hand, { ...takeover, to: north })).text, /^SIP\/2\.0 403 Not Your Dialog\r/);
    assert.equal((await rig.ask(hand, { ...southern, talk })).status, 200, 'still his');
    assert.equal((await rig.ask(hand, { ...southern, talk, to: north })).status, 403, 'To names another domain');
    assert.equal((await rig.ask(hand, { ...southern, talk, from: 's.test', to: '127.0.0.1' })).status, 200);
  });

  test('nobody learns more of the domains than their realms', async () => {
    const hand = await rig.hand();
    const shape = async (from: string, user: string, uri: string): Promise<string> => {
      const { text } = await hand.ask({
        user,
        uri,
        answerChallenge: false,
        lines: { From: `<sip:${user}@${from}>;tag=t`, To: '<sip:x@y.test>', 'User-Agent': padding },
      });
      return text
        .split('\r\n')
        .filter((line) => !/^(via|from|to|call-id|cseq):/i.test(line))
        .join('\n')
        .replaceAll(/nonce="[^"]*"/g, 'nonce')
        .replaceAll(/realm="[^"]*"/g, 'realm');
    };
    const known = await shape(north, '1001', `sip:1001@${north}`);
    for (const from of [north, south, 's.test', 'east.test', 'nobody-knows.test', '127.0.0.1']) {
      for (const user of ['1001', '4711', '1001%40south.test']) {
        for (const uri of [
          `sip:1001@${north}`,
          `sip:4711@${south}`,
          'sip:1001@nobody-knows.test',
          `sip:${user}@${from}`,
        ]) {
          assert.equal(await shape(from, user, uri), known, `${user}@${from} for ${uri}`);
        }
      }
    }
  });

  test('a domain that no PBX serves is 503 and a line in the log that names it', async () => {
    const hand = await rig.hand();
    assert.equal((await rig.ask(hand, { from: 'empty.test' })).status, 503);
    assert.ok(rig.security('auth-unavailable').some(({ detail }) => String(detail).includes('empty.test')));
  });

  test('the API takes a number of the default domain, of the only domain that has it, or user@domain', async () => {
    const aorOf = async (name: string) => {
      const { status, body } = await rig.daemon.api<Listed & { error?: { code: string; message: string } }>(
        `/api/v1/extensions/${encodeURIComponent(name)}`,
      );
      return status === 200 ? body.aor : `${status} ${body.error?.code}`;
    };
    assert.equal(await aorOf('1001'), `1001@${north}`);
    assert.equal(await aorOf('1001@n.test'), `1001@${north}`);
    assert.equal(await aorOf('1001@south.test'), `1001@${south}`);
    assert.equal(await aorOf('1001@S.Test'), `1001@${south}`);
    assert.equal(await aorOf('2001'), `2001@${south}`);
    assert.equal(await aorOf('3001'), '409 ambiguous-extension');
    assert.equal(await aorOf('3001@east.test'), '3001@east.test');
    assert.equal(await aorOf('4711'), '404 unknown-extension');
    assert.equal(await aorOf('1001@elsewhere.test'), '404 unknown-extension');
    assert.equal(await aorOf('2001@north.test'), '404 unknown-extension');
    for (const path of ['/api/v1/subscriptions?ext=3001', '/api/v1/audit?ext=3001']) {
      const { status, body } = await rig.daemon.api<{ error: { message: string } }>(path);
      assert.equal(status, 409, path);
      assert.match(body.error.message, /3001@south\.test, 3001@east\.test/);
    }
    const refused = await rig.daemon.api('/api/v1/extensions/3001/features/dnd', {
      method: 'PUT',
      body: { enabled: true },
    });
    assert.equal(refused.status, 409);
    const { body: all } = await rig.daemon.api<Listed[]>('/api/v1/extensions');
    assert.deepEqual(
      all.map(({ aor }) => aor).filter((aor) => aor.startsWith('1001@')),
      ['1001@east.test', `1001@${north}`, `1001@${south}`],
    );
    const { body: status } = await rig.daemon.api<{ domain: string; domains: string[] }>('/api/v1/status');
    assert.deepEqual([status.domain, status.domains], [north, [north, south, 'east.test', 'empty.test']]);
  });
});
