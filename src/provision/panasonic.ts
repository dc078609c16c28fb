import { quoted, type Setting, uriOf } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

const transports = { udp: '0', tcp: '1', tls: '2' };
/** The first two are lines: without one nobody can be called. */
const firstKey = 3;
/** The phone refuses a file that begins otherwise. */
const firstLine = '# Panasonic SIP Phone Standard Format File # DO NOT CHANGE THIS LINE!';

function parts({ domain, host, port, transport, lamps, list, pickup }: Order): Parts<Setting> {
  return {
    inline: [
      ['SIP_OUTPROXY_ADDR_1', host],
      ['SIP_OUTPROXY_PORT_1', String(port)],
      ['SIP_TRANSPORT_1', transports[transport]],
    ],
    sidecar: [
      ['SIP_PRSNC_ADDR_1', host],
      ['SIP_PRSNC_PORT_1', String(port)],
    ],
    sync: [['FEATURE_KEY_SYNCHRO_ENABLE_1', 'Y']],
    expiry: [['SIP_SUBS_EXPIRE_1', '3600']],
    list: [['RESOURCELIST_URI_1', uriOf(list ?? '', domain)]],
    pickup: [['NUM_PLAN_PICKUP_DIRECT', pickup]],
    lamps: lamps.flatMap(({ name, label }, at): Setting[] => [
      [`FLEX_BUTTON_FACILITY_ACT${at + firstKey}`, 'X_PANASONIC_IPTEL_CONTACT'],
      [`FLEX_BUTTON_FACILITY_ARG${at + firstKey}`, name],
      [`FLEX_BUTTON_LABEL${at + firstKey}`, label],
    ]),
  };
}

export const panasonic: Vendor = {
  id: 'panasonic',
  name: 'Panasonic KX-HDV, KX-TGP6xx, KX-UT',
  holdsFor: 'KX-HDV100 to 430, KX-TGP600, KX-UT1xx (text files). KX-UTG have XML: [panasonic-utg](panasonic-utg.md).',
  file: '`Config<MAC>.cfg`, or the file of the model',
  syntax: 'ini',
  sync: fact(
    'unverified',
    'a KX-HDV230 with 01.062 was seen to subscribe; the parameter is that of the KX-UTG with the number of the line behind. The web interface has it under *VoIP → Line*',
  ),
  lamps: fact(
    'template',
    '`FLEX_BUTTON_FACILITY_ACTn="X_PANASONIC_IPTEL_CONTACT"` with `…_ARGn` (KX-UT); lamps of these phones were never seen at work',
  ),
  list: fact('unverified', '`RESOURCELIST_URI_1`, by the name that the KX-UTG has'),
  pickup: fact('template', '`NUM_PLAN_PICKUP_DIRECT`; the profile says `pickup: none`'),
  expiry: fact('template', '`SIP_SUBS_EXPIRE_1`; asks for 3600 s (seen)'),
  inline: fact('template', '`SIP_OUTPROXY_ADDR_1`, `SIP_OUTPROXY_PORT_1`'),
  sidecar: {
    ...fact(
      'template',
      '`SIP_PRSNC_ADDR_1`, `SIP_PRSNC_PORT_1`, the server of subscriptions (KX-UT: *Notifier*); whether those of feature keys go there as well is not known, so they are left off',
    ),
    features: false,
  },
  stops: fact('unverified', 'lamps stay as they were, and go out when the subscription cannot be renewed'),
  traps: [
    'Lines must end with CR LF, and the file with an empty line: `unix2dos` before you put it there. One line that is too long or broken over two makes the phone refuse the file.',
    'It sends no Accept with the subscription to feature keys; Lamplighter takes that as the usual one.',
    'Two keys at least must stay lines (`X_PANASONIC_IPTEL_DN`), so lamps begin at the third.',
    'A quotation mark cannot be written in this form: names get an apostrophe.',
  ],
  sources: [
    'a public trace of a KX-HDV230, firmware 01.062 (FusionPBX #1703)',
    'Panasonic, KX-UT670 Administrator Guide: form of configuration files',
    'templates of FusionPBX (panasonic/ut136, ut670) and of SARK (KX-UT)',
  ],
  write: (order, brings) => `${firstLine}\n\n${quoted(sectionsOf(order, brings, parts(order)))}\n`,
};
