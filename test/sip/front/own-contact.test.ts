import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemRandom } from '../../../src/model/random.ts';
import { newSecureTag, newTag } from '../../../src/sip/dialog.ts';
import type { Flow, Transport } from '../../../src/sip/engine.ts';
import { LocalAddresses } from '../../../src/sip/local-addresses.ts';
import { isSecureTarget, OwnContact, ownContact } from '../../../src/sip/own-contact.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const flow = (transport: Transport, address = '192.0.2.10'): Flow => ({
  transport,
  local: { address, port: 5071 },
  remote: { address: '192.0.2.77', port: 40_000 },
  connection: transport === 'udp' ? '' : 'a-1',
});
const here = [{ address: '192.0.2.10', cidr: '192.0.2.10/24', internal: false }];
const addresses = new LocalAddresses(new FakeClock(), () => here);

describe('our Contact', () => {
  const rows: readonly (readonly [Transport, secure: boolean, contact: string])[] = [
    ['udp', false, '<sip:lamplighter@192.0.2.10:5071>'],
    ['udp', true, '<sip:lamplighter@192.0.2.10:5071>'],
    ['tcp', true, '<sip:lamplighter@192.0.2.10:5071;transport=tcp>'],
    ['tls', false, '<sip:lamplighter@192.0.2.10:5071;transport=tls>'],
    ['tls', true, '<sips:lamplighter@192.0.2.10:5071>'],
    ['ws', true, '<sip:lamplighter@192.0.2.10:5071;transport=ws>'],
    ['wss', false, '<sip:lamplighter@192.0.2.10:5071;transport=ws>'],
    ['wss', true, '<sips:lamplighter@192.0.2.10:5071;transport=ws>'],
  ];
  for (const [transport, secure, contact] of rows) {
    test(`E65-31 over ${transport}${secure ? ', asked for by sips:' : ''} is ${contact}`, () => {
      assert.equal(ownContact(flow(transport), null, addresses, secure), contact);
    });
  }

  test('an IPv6 address stands in brackets and without its zone, a wildcard becomes the address that faces the phone', () => {
    assert.equal(
      ownContact(flow('tls', 'fe80::1%eth0'), null, addresses),
      '<sip:lamplighter@[fe80::1]:5071;transport=tls>',
    );
    assert.equal(ownContact(flow('udp', '0.0.0.0'), null, addresses), '<sip:lamplighter@192.0.2.10:5071>');
  });

  test('is that of each flow, whichever was asked for before', () => {
    const contact = new OwnContact(null, addresses);
    for (const _ of [1, 2]) {
      for (const [transport, secure, expected] of rows) assert.equal(contact.at(flow(transport), secure), expected);
      assert.equal(contact.at(flow('udp', '192.0.2.11'), false), '<sip:lamplighter@192.0.2.11:5071>');
    }
    const dialog = { flow: flow('tls'), remoteTarget: 'sips:1001@h', routeSet: [] };
    assert.equal(contact.in(dialog), '<sips:lamplighter@192.0.2.10:5071>');
    const asked = { ...dialog, remoteTarget: 'sip:1001@h;transport=tls', localTag: newSecureTag(systemRandom) };
    assert.equal(contact.in(asked), '<sips:lamplighter@192.0.2.10:5071>', 'RFC 3261 12.1.1: its Request-URI was');
    assert.match(contact.in({ ...asked, localTag: newTag(systemRandom) }), /^<sip:.*;transport=tls>$/);
    assert.equal(contact.in({ ...dialog, flow: flow('tcp') }), '<sip:lamplighter@192.0.2.10:5071;transport=tcp>');
  });

  test('the advertised host is told on every transport, its port only where plain SIP is', () => {
    const advertise = 'pbx.example.com:6000';
    assert.equal(ownContact(flow('udp'), advertise, addresses), '<sip:lamplighter@pbx.example.com:6000>');
    assert.equal(ownContact(flow('tcp'), advertise, addresses), '<sip:lamplighter@pbx.example.com:6000;transport=tcp>');
    assert.equal(ownContact(flow('tls'), advertise, addresses), '<sip:lamplighter@pbx.example.com:5071;transport=tls>');
    assert.equal(ownContact(flow('wss'), advertise, addresses), '<sip:lamplighter@pbx.example.com:5071;transport=ws>');
  });

  test('an advertised address is told to phones of its own IP family, a name to all', () => {
    const v6: Flow = {
      ...flow('udp', '2001:db8::1'),
      remote: { address: '2001:db8::77', port: 5060 },
    };
    for (const [advertise, v4Contact, v6Contact] of [
      ['203.0.113.10:6000', '203.0.113.10:6000', '[2001:db8::1]:5071'],
      ['[2001:db8::9]:6000', '192.0.2.10:5071', '[2001:db8::9]:6000'],
      ['2001:db8::9', '192.0.2.10:5071', '[2001:db8::9]:5071'],
      ['pbx.example.com', 'pbx.example.com:5071', 'pbx.example.com:5071'],
    ] as const) {
      assert.equal(ownContact(flow('udp'), advertise, addresses), `<sip:lamplighter@${v4Contact}>`);
      assert.equal(ownContact(v6, advertise, addresses), `<sip:lamplighter@${v6Contact}>`);
    }
  });

  test('RFC 3261 8.1.1.8 it is secure where the remote target or the first route is', () => {
    assert.equal(isSecureTarget('sips:1001@h', []), true);
    assert.equal(isSecureTarget('SIPS:1001@h', ['<sip:p;lr>']), true);
    assert.equal(isSecureTarget('sip:1001@h', ['<sips:p;lr>, <sip:q;lr>']), true);
    assert.equal(isSecureTarget('sip:1001@h', ['<sip:p;lr>', '<sips:q;lr>']), false);
    assert.equal(isSecureTarget('sip:1001@sips:h', []), false);
  });
});
