import { assignments, type Setting, uriOf } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

/** Aastra's words: 1 UDP, 2 TCP, 4 TLS. */
const transports = { udp: '1', tcp: '2', tls: '4' };

function parts({ domain, host, port, transport, lamps, list, pickup }: Order): Parts<Setting> {
  return {
    inline: [
      ['sip line1 outbound proxy', host],
      ['sip line1 outbound proxy port', String(port)],
      ['sip transport protocol', transports[transport]],
    ],
    sync: [],
    list: [['list uri', uriOf(list ?? '', domain)]],
    pickup: [['directed call pickup prefix', pickup]],
    lamps: lamps.flatMap(({ name, label }, at): Setting[] => [
      [`prgkey${at + 1} type`, 'blf'],
      [`prgkey${at + 1} value`, name],
      [`prgkey${at + 1} label`, label],
      [`prgkey${at + 1} line`, '1'],
    ]),
  };
}

export const mitel: Vendor = {
  id: 'mitel',
  name: 'Mitel and Aastra 67xx, 68xx, 69xx',
  holdsFor:
    'SIP firmware (not MiNet). Which keys there are depends on the model: `prgkeyN`, `topsoftkeyN`, `softkeyN`, `expmod1 keyN`.',
  file: '`<MAC>.cfg`',
  syntax: 'ini',
  sync: null,
  lamps: fact('template', '`prgkeyN type: blf` with `value`, `label`, `line`'),
  list: fact('unverified', '`list uri`, keys of type `blf/list`'),
  pickup: fact('template', '`directed call pickup prefix`; the profile says `pickup: none`'),
  expiry: fact('unverified', 'from 120 to 3600 s'),
  inline: fact('unverified', '`sip line1 outbound proxy`, `sip line1 outbound proxy port`'),
  sidecar: null,
  stops: fact('unverified', 'lamps stay as they were, and go out when the subscription cannot be renewed'),
  traps: [
    'No setting for feature synchronisation is known: its DND and forward keys dial codes, which the PBX obeys and Lamplighter shows to everybody else.',
    'Soft keys of the 68xx series do not know `blf` by that name (Wazo makes speed dials of them); use the keys beside the display.',
    'It wants an ended call in the document where there is none (Kamailio PR 55); Lamplighter writes one.',
  ],
  sources: ['templates of Wazo (wazo_aastra) and FusionPBX (aastra, mitel)'],
  write: (order, brings) => assignments(sectionsOf(order, brings, parts(order)), ': '),
};
