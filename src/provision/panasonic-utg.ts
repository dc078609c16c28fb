import { type Leaf, xmlDocument } from './markup.ts';
import { uriOf } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

const line = [{ name: 'Device' }, { name: 'Lines' }, { name: 'Line', attributes: { idx: '1' } }];
const sip = [...line, { name: 'Sip' }];
const callControl = [...line, { name: 'CallCtrl' }];
const transports = { udp: '0', tcp: '1', tls: '2' };

function leaf(within: Leaf['within'], name: string, text: string): Leaf {
  return { within, name, attributes: { perm: '!RW', access: 'A' }, text };
}

function parts({ domain, host, port, transport, list, pickup }: Order): Parts<Leaf> {
  return {
    inline: [
      leaf(sip, 'SIP_OUTPROXY_ADDR', host),
      leaf(sip, 'SIP_OUTPROXY_PORT', String(port)),
      leaf(sip, 'SIP_TRANSPORT', transports[transport]),
    ],
    sync: [leaf(callControl, 'FEATURE_KEY_SYNCHRO_ENABLE', 'Y')],
    list: [leaf(callControl, 'RESOURCELIST_URI', uriOf(list ?? '', domain))],
    pickup: [leaf(callControl, 'DPICKUP_ENABLE', 'Y'), leaf(callControl, 'DPICKUP_CODE', pickup)],
    lamps: [],
  };
}

export const panasonicUtg: Vendor = {
  id: 'panasonic-utg',
  name: 'Panasonic KX-UTG200, KX-UTG300',
  holdsFor: 'KX-UTG200B, KX-UTG300B (XML).',
  file: 'the configuration file of the phone, `<MAC>.xml`',
  syntax: 'xml',
  sync: fact('template', '`FEATURE_KEY_SYNCHRO_ENABLE` = `Y` of the line'),
  lamps: fact(
    'unverified',
    'set the keys in the web interface: how they are provisioned is not known here. `BLF_DATA_FROM_FLEX_KEY` = `Y` makes lamps of them',
  ),
  list: fact('template', '`RESOURCELIST_URI` of the line'),
  pickup: fact('template', '`DPICKUP_ENABLE`, `DPICKUP_CODE`; the profile says `pickup: none`'),
  expiry: fact('unverified', 'no setting is known'),
  inline: fact('template', '`SIP_OUTPROXY_ADDR`, `SIP_OUTPROXY_PORT` of the line'),
  sidecar: null,
  stops: fact('unverified', 'lamps stay as they were, and go out when the subscription cannot be renewed'),
  traps: [
    'It has ACD settings of the same package (`ACD_ENABLE`, reason codes): [docs/agents.md](../agents.md).',
    'Codes for DND and forwards beside the synchronisation set a feature twice. Use one.',
  ],
  sources: ['templates of FusionPBX (panasonic/utg200b, utg300b)'],
  write: (order, brings) => xmlDocument({ name: 'PANASIPPhoneConfig' }, sectionsOf(order, brings, parts(order))),
};
