import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { type ListDocument, listIn } from '../support/list-view.ts';
import { type Ask, domain, type Heard } from './hand.ts';
import { Stage } from './stage.ts';

/*
 * Lists (RFC 4662, RFC 5367) for those who mean no good, and at the edge of what fits.
 */

const configuration = `
domains: [{ name: south.test }]
lists:
  - { name: everybody, extensions: '2\\d\\d\\d' }
  - { name: '2050', members: ['2051'] }
  - { name: pair, members: ['2060', '2061'] }
`;
const accept = 'application/dialog-info+xml, application/rlmi+xml, multipart/related';

let stage!: Stage;
before(async () => {
  stage = await Stage.open(configuration);
});
afterEach(() => stage.tidy());
after(() => stage.close());

function asking(user: string, name: string, more: Partial<Ask> = {}): Ask {
  const { lines, ...rest } = more;
  return { user, uri: `sip:${name}@${domain}`, lines: { Accept: accept, Supported: 'eventlist', ...lines }, ...rest };
}

function listBody(...uris: readonly string[]): string {
  const entries = uris.map((uri) => `<entry uri="${uri}"/>`).join('');
  return `<?xml version="1.0"?><resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list>${entries}</list></resource-lists>`;
}

function read(notify: Heard): ListDocument {
  assert.equal(notify.message.header('Require'), 'eventlist');
  return listIn({ contentType: notify.contentType, body: notify.body });
}

test('a fetch of three hundred lamps is answered: with all of them by TCP, and by UDP with what a datagram can hold', async () => {
  const told: number[] = [];
  for (const transport of ['tcp', 'udp'] as const) {
    const hand = await stage.hand(transport);
    const asked = await hand.ask(asking('2001', 'everybody', { expires: 0 }));
    assert.equal(asked.status, 200);
    const notify = await hand.next(asked.talk);
    assert.equal(notify.subscriptionState.state, 'terminated');
    const { fullState, rows } = read(notify);
    assert.deepEqual([fullState, rows.length], [true, 300], 'everybody is named');
    assert.ok(rows.every(({ state }) => state === 'active' || state === null));
    if (transport === 'udp') assert.ok(notify.text.length < 65_507);
    told.push(rows.filter(({ state }) => state !== null).length);
    assert.equal(hand.heard(asked.talk).length, 1, 'nothing follows');
  }
  const [tcp, udp = 0] = told;
  assert.equal(tcp, 300);
  assert.ok(udp > 30, String(udp));
});

test('one resource by many addresses is one member; what is no address of ours is told apart and refused', async () => {
  const hand = await stage.hand('tcp');
  const asked = await hand.ask(
    asking('2001', 'mine', {
      lines: { 'Content-Type': 'application/resource-lists+xml', Supported: 'eventlist, recipient-list-subscribe' },
      body: listBody(
        `sip:2060@${domain}`,
        `sip:%32060@${domain}`,
        `sip:2060@${domain.toUpperCase()}`,
        `sips:2060@${domain}:5071;transport=tcp`,
        `2060@${domain}`,
        'tel:2061',
        'sip:2061@127.0.0.1',
        'sip:&#10;x@a',
        '&quot;&gt;&lt;x',
        `sip:ALICE@${domain}`,
        `sip:alice@${domain}`,
        `sip:2061%00@${domain}`,
      ),
    }),
  );
  assert.equal(asked.status, 200);
  assert.deepEqual(
    read(await hand.next(asked.talk)).rows.map(({ uri, state }) => [uri, state]),
    [
      [`sip:2060@${domain}`, 'active'],
      ['tel:2061', 'terminated;rejected'],
      ['sip:2061@127.0.0.1', 'active'],
      ['sip:\nx@a', 'terminated;rejected'],
      ['"><x', 'terminated;rejected'],
      [`sip:ALICE@${domain}`, 'terminated;noresource'],
      [`sip:alice@${domain}`, 'active'],
      [`sip:2061%00@${domain}`, 'terminated;rejected'],
    ],
  );
});

test('a list with the number of an extension hides its lamp, and nothing else of it', async () => {
  const hand = await stage.hand('tcp');
  const status = async (event: string, name: string) =>
    (await hand.ask({ user: '2050', uri: `sip:${name}@${domain}`, event })).status;
  assert.equal(await status('dialog', '2050'), 421);
  assert.equal(await status('as-feature-event', '2050'), 200);
  assert.equal(await status('dialog.winfo', '2050'), 200);
  assert.equal(await status('dialog.winfo', 'pair'), 403, 'who watches a list is nobody’s business');
  assert.equal(await status('reg', 'pair'), 403);
});

test('a refresh that takes no lists is refused and changes nothing; one that says nothing keeps them', async () => {
  const hand = await stage.hand('tcp');
  const asked = await hand.ask(asking('2001', 'pair'));
  const { talk } = asked;
  const first = read(await hand.next(talk));
  const again = (lines: Ask['lines'], expires = 600) =>
    hand.ask({ user: '2001', talk, uri: talk.target, expires, ...(lines === undefined ? {} : { lines }) });
  assert.equal((await again({ Accept: 'application/dialog-info+xml' })).status, 406);
  const kept = await again(undefined);
  assert.deepEqual([kept.status, kept.header('Require')], [200, 'eventlist']);
  const second = read(await hand.next(talk));
  assert.ok(second.fullState && second.version > first.version);
  assert.equal((await again(undefined, 0)).status, 200);
  const last = read(await hand.next(talk, ({ subscriptionState }) => subscriptionState.state === 'terminated'));
  assert.ok(last.fullState && last.version > second.version);
  assert.deepEqual(await stage.subscriptions('pair'), []);
});
