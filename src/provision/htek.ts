import { type Leaf, xmlDocument } from './markup.ts';
import { userPart } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

const config = { name: 'config', attributes: { version: '1' } };
const transports = { udp: '0', tcp: '1', tls: '2' };
const typeBlf = '3';
/** From this key on the numbers follow each other by five (FusionPBX, htek/uc926: key 10 is P20225). */
const firstKey = 5;
const firstNumber = 20_200;

function value(number: number, para: string, text: string): Leaf {
  return { within: [config], name: `P${number}`, attributes: { para }, text };
}

function parts({ host, port, transport, lamps, list, pickup }: Order): Parts<Leaf> {
  return {
    inline: [
      value(48, 'Account1.OutboundProxy', `${host}:${port}`),
      value(130, 'Account1.SipTransport', transports[transport]),
    ],
    sync: [],
    list: [value(134, 'Account1.EventlistBlfUrl', userPart(list ?? ''))],
    lamps: lamps.flatMap(({ name, label }, at) => {
      const key = `LineKey${at + firstKey}`;
      const number = firstNumber + 5 * at;
      return [
        value(number, `${key}.Type`, typeBlf),
        value(number + 1, `${key}.Value`, name),
        value(number + 2, `${key}.Label`, label),
        value(number + 3, `${key}.Account`, '0'),
        value(number + 4, `${key}.PickupCode`, pickup),
      ];
    }),
  };
}

export const htek: Vendor = {
  id: 'htek',
  name: 'Htek UC9xx',
  holdsFor: 'UC923, UC924, UC926 (line keys from the fifth on).',
  file: '`cfg<MAC>.xml`',
  syntax: 'xml',
  sync: null,
  lamps: fact('template', '`<P20200 para="LineKey5.Type">3` and on; the lamps of these phones were never seen at work'),
  list: fact('template', '`<P134 para="Account1.EventlistBlfUrl">`'),
  pickup: fact('template', '`LineKeyN.PickupCode` of each key; the profile says `pickup: none`'),
  expiry: fact('unverified', 'no setting is known'),
  inline: fact('template', '`<P48 para="Account1.OutboundProxy">`'),
  sidecar: null,
  stops: fact('unverified', 'lamps stay as they were, and go out when the subscription cannot be renewed'),
  traps: [
    'No setting for feature synchronisation is known: its DND and forward keys dial codes, which the PBX obeys and Lamplighter shows to everybody else.',
    'Keys 1 to 4 have numbers of their own that differ between models.',
  ],
  sources: ['templates of FusionPBX (htek/uc926) and Wazo (wazo_htek)'],
  write: (order, brings) =>
    xmlDocument({ name: 'hl_provision', attributes: { version: '1' } }, sectionsOf(order, brings, parts(order))),
};
