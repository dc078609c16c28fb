import { type Leaf, xmlDocument } from './markup.ts';
import { userPart } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

const config = { name: 'config', attributes: { version: '2' } };
const transports = { udp: '0', tcp: '1', tls: '2' };
/** The first is the line itself. */
const firstKey = 2;

function item(name: string, text: string): Leaf {
  return { within: [config], name: 'item', attributes: { name }, text };
}

function parts({ host, port, transport, lamps, list, pickup }: Order): Parts<Leaf> {
  return {
    inline: [
      item('account.1.sip.outboundProxy.1.address', `${host}:${port}`),
      item('account.1.sip.transport', transports[transport]),
    ],
    sidecar: [item('account.1.sip.blf.server', `${host}:${port}`)],
    sync: [item('account.1.sip.syncFeatureKey', 'Yes')],
    list: [item('account.1.sip.blf.eventlist.uri', userPart(list ?? ''))],
    pickup: [
      item('account.1.sip.blf.callPickup.forcePrefix', 'Auto'),
      item('account.1.sip.blf.callPickup.prefix', pickup),
    ],
    lamps: lamps.flatMap(({ name, label }, at) => {
      const key = `pks.vpk.${at + firstKey}`;
      return [
        item(`${key}.keyMode`, 'BLF'),
        item(`${key}.account`, 'Account1'),
        item(`${key}.description`, label),
        item(`${key}.value`, name),
      ];
    }),
  };
}

export const grandstream: Vendor = {
  id: 'grandstream',
  name: 'Grandstream GRP26xx',
  holdsFor:
    'GRP261x to GRP267x with firmware 1.0.9 (templates with names). GXP and older: [grandstream-gxp](grandstream-gxp.md).',
  file: '`cfg<MAC>.xml`',
  syntax: 'xml',
  sync: fact('template', '`account.1.sip.syncFeatureKey` = `Yes` (P2325)'),
  lamps: fact('template', '`pks.vpk.N.keyMode` = `BLF`, `.value`, `.account`'),
  list: fact('template', '`account.1.sip.blf.eventlist.uri` (P134); the keys are of mode *Eventlist BLF*'),
  pickup: fact(
    'template',
    '`account.1.sip.blf.callPickup.prefix` (P1347); the profile says `pickup: none`, as the phone puts it before the number',
  ),
  expiry: fact('unverified', 'as the registration lasts; no setting is known'),
  inline: fact('template', '`account.1.sip.outboundProxy.1.address`'),
  sidecar: {
    ...fact('template', '`account.1.sip.blf.server` (*BLF Server*, P2375); feature keys stay where the account is'),
    features: false,
  },
  stops: fact('unverified', 'lamps stay as they were, and go out when the subscription cannot be renewed'),
  traps: [
    'Where it does not subscribe to feature keys, set *Special Feature* to `Broadsoft` (`account.1.sip.specialFeature`, P198): some firmwares want it.',
    'With local DND or forwards and their codes beside the synchronisation a feature is set twice. Use one.',
    'It says `Supported: eventlist` in every SUBSCRIBE; a single extension is answered with plain dialog-info all the same.',
  ],
  sources: [
    'templates of FusionPBX (grandstream/grp2614, grp26xx) and Wazo (wazo_grandstream)',
    'Grandstream, "How to configure Eventlist BLF"',
  ],
  write: (order, brings) =>
    xmlDocument({ name: 'gs_provision', attributes: { version: '1' } }, sectionsOf(order, brings, parts(order))),
};
