import { keyText } from './cisco-keys.ts';
import { type Leaf, xmlDocument } from './markup.ts';
import { uriOf } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

/** The first is the line itself. */
const firstKey = 2;

function leaf(name: string, text: string): Leaf {
  return { within: [], name, text };
}

function parts(order: Order): Parts<Leaf> {
  const { domain, host, port, transport, lamps, list, pickup } = order;
  return {
    inline: [
      leaf('Use_Outbound_Proxy_1_', 'Yes'),
      leaf('Outbound_Proxy_1_', `${host}:${port}`),
      leaf('Use_OB_Proxy_In_Dialog_1_', 'Yes'),
      leaf('SIP_Transport_1_', transport.toUpperCase()),
    ],
    sync: [leaf('Feature_Key_Sync_1_', 'Yes')],
    expiry: [leaf('Subscribe_Expires', '1800'), leaf('Subscribe_Retry_Interval', '30')],
    list: [leaf('BLF_List_URI', uriOf(list ?? '', domain))],
    pickup: [leaf('Attendant_Console_Call_Pickup_Code', `${pickup}#`)],
    lamps: [
      leaf('Server_Type', list === null ? 'Asterisk' : 'Broadsoft'),
      ...lamps.flatMap((lamp, at) => [
        leaf(`Extension_${at + firstKey}_`, 'Disabled'),
        leaf(`Short_Name_${at + firstKey}_`, lamp.label),
        leaf(`Extended_Function_${at + firstKey}_`, keyText(lamp, order)),
      ]),
    ],
  };
}

export const ciscoSpa: Vendor = {
  id: 'cisco-spa',
  name: 'Cisco SPA3xx, SPA5xx, Linksys SPA9xx',
  holdsFor:
    'SPA303, SPA50x, SPA51x, SPA525G with firmware 7.x. On SPA525G the switch may be called `Device_Feature_Sync_1_`, and SPA303 and SPA525 have `Call_Feature_Sync_Ext` = 1 to 12. SPA9xx have lamps alone.',
  file: 'the profile that `Profile_Rule` fetches, into its `<flat-profile>`',
  syntax: 'xml',
  sync: fact('template', '`<Feature_Key_Sync_1_>Yes`, one for each extension'),
  lamps: fact(
    'vendor document',
    '`<Extended_Function_N_>`: `fnc=blf+sd+cp;sub=1002@SERVER;ext=1002@$PROXY`, with `<Extension_N_>Disabled`',
  ),
  list: fact('vendor document', '`<BLF_List_URI>` with `<Server_Type>Broadsoft`: for the keys of an attendant unit'),
  pickup: fact('template', '`<Attendant_Console_Call_Pickup_Code>`, with `#` for the number; the key needs `cp`'),
  expiry: fact('template', '`<Subscribe_Expires>`, 1800 s'),
  inline: fact('template', '`<Outbound_Proxy_1_>`, `<Use_Outbound_Proxy_1_>`'),
  sidecar: {
    ...fact('vendor document', 'each key names the server of its subscription: `sub=1002@192.0.2.10:5070`'),
    features: false,
  },
  stops: fact(
    'template',
    'lamps stay, and are dark when the subscription ends; asked again every `<Subscribe_Retry_Interval>` seconds',
  ),
  traps: [
    'The phone leaves a NOTIFY unanswered now and then (OpenSIPS #380). Lamplighter knows it and is patient (ten in a row); a server that drops the subscription at the first puts the lamp out.',
    'It can show one call for each lamp, and flashes where a neighbour dials; the profile that Lamplighter has for it (`dialogs: single`, `callerConfirmed: true`) sees to both. An SPA962 crashes on several.',
    'With *DND Serv* or *Cfwd … Serv* codes beside the synchronisation a feature is set twice. Use one.',
    '`;`, `=` and `$` have a meaning in a key: names lose them.',
  ],
  sources: [
    'Cisco, SPA300/SPA500 Administration Guide: Attendant Console, Extended Function',
    'templates of FusionPBX (cisco/spa504g, spa525g2) and Wazo (wazo_cisco_spa)',
    'OpenSIPS #380: unanswered NOTIFYs',
  ],
  write: (order, brings) => xmlDocument({ name: 'flat-profile' }, sectionsOf(order, brings, parts(order))),
};
