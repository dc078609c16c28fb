import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { listIn } from '../support/list-view.ts';
import type { Ask } from './hand.ts';
import { domain } from './hand.ts';
import { Stage } from './stage.ts';

/*
 * Lists (RFC 4662, RFC 5367) for those who mean no good, and for those at the edge of what fits.
 */

const configuration = `
domains: [{ name: south.test }]
lists:
  - { name: everybody, extensions: '2\\d\\d\\d' }
  - { name: '2050', members: ['2051'] }
  - { name: pair, members: ['2060', '2061'] }
`;
const accept = 'application/dialog-info+xml, application/rlmi+xml, multipart/related';
const listType = 'application/resource-lists+xml';

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

test('x fetch udp', async () => {
  const hand = await stage.hand('udp');
  const asked = await hand.ask(asking('2001', 'everybody', { expires: 0 }));
  assert.equal(asked.status, 200);
  const n = await hand.next(asked.talk);
  console.log('UDP', n.text.length, n.subscriptionState);
});

test('x fetch tcp', async () => {
  const hand = await stage.hand('tcp');
  const asked = await hand.ask(asking('2001', 'everybody', { expires: 0 }));
  assert.equal(asked.status, 200);
  const n = await hand.next(asked.talk);
  console.log('TCP', n.text.length, n.subscriptionState);
});

test('x own dup', async () => {
  const hand = await stage.hand('tcp');
  const asked = await hand.ask(
    asking('2001', 'mine', {
      lines: { 'Content-Type': listType, Supported: 'eventlist, recipient-list-subscribe' },
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
  const n = await hand.next(asked.talk);
  const list = listIn({ contentType: n.contentType, body: n.body });
  console.log(list.rows.map(({ uri, state }) => [uri, state]));
});

test('x name of ext', async () => {
  const hand = await stage.hand('tcp');
  const plain = await hand.ask({ user: '2050', uri: `sip:2050@${domain}`, event: 'dialog' });
  console.log('plain', plain.status);
  const keys = await hand.ask({ user: '2050', uri: `sip:2050@${domain}`, event: 'as-feature-event' });
  console.log('keys', keys.status);
  const w = await hand.ask({ user: '2050', uri: `sip:2050@${domain}`, event: 'dialog.winfo' });
  console.log('winfo', w.status);
  const p = await hand.ask({ user: '2050', uri: `sip:pair@${domain}`, event: 'dialog.winfo' });
  console.log('winfo of list', p.status);
  const reg = await hand.ask({ user: '2050', uri: `sip:pair@${domain}`, event: 'reg', lines: { Supported: 'eventlist' } });
  console.log('reg of list', reg.status);
  const f = await hand.ask(asking('2001', 'pair', { lines: { Accept: 'application/dialog-info+xml' } }));
  console.log('406?', f.status);
});

test('x refresh other accept', async () => {
  const hand = await stage.hand('tcp');
  const asked = await hand.ask(asking('2001', 'pair'));
  await hand.next(asked.talk);
  const again = await hand.ask({ ...asking('2001', 'pair', { lines: { Accept: 'application/dialog-info+xml' } }), talk: asked.talk, uri: asked.talk.target });
  console.log('refresh 406?', again.status);
  const noSup = await hand.ask({ user: '2001', talk: asked.talk, lines: { Accept: accept } });
  console.log('refresh w/o supported', noSup.status, noSup.header('Require'));
  const n = await hand.next(asked.talk);
  console.log(n.message.header('Require'), n.contentType.slice(0, 40));
  const end = await hand.ask({ user: '2001', talk: asked.talk, expires: 0 });
  console.log('end', end.status, end.header('Require'));
  const l = await hand.next(asked.talk, ({ subscriptionState }) => subscriptionState.state === 'terminated');
  console.log(l.contentType, l.message.header('Require'));
});
