import { keyText } from './cisco-keys.ts';
import { type Leaf, xmlDocument } from './markup.ts';
import { uriOf } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

/** The first is the line itself. */
const firstKey = 2;

/** The user may not change it. */
function leaf(name: string, text: string): Leaf {
  return { within: [], name, attributes: { ua: 'na' }, text };
}

function parts(order: Order): Parts<Leaf> {
  const { domain, host, port, transport, lamps, list, pickup } = order;
  return {
    inline: [leaf('Outbound_Proxy_1_', `${host}:${port}`), leaf('SIP_Transport_1_', transport.toUpperCase())],
    sync: [leaf('Feature_Key_Sync_1_', 'Yes')],
    expiry: [leaf('Subscribe_Expires', '1800'), leaf('Subscribe_Retry_Interval', '30')],
    list: [
      leaf('Server_Type', 'Broadsoft'),
      leaf('BLF_List_URI', uriOf(list ?? '', domain)),
      leaf('Use_Line_Keys_For_BLF_List', 'Yes'),
    ],
    pickup: [leaf('Attendant_Console_Call_Pickup_Code', pickup)],
    lamps: lamps.flatMap((lamp, at) => [
      leaf(`Extension_${at + firstKey}_`, 'Disabled'),
      leaf(`Short_Name_${at + firstKey}_`, lamp.label),
      leaf(`Extended_Function_${at + firstKey}_`, keyText(lamp, order)),
    ]),
  };
}

export const ciscoMpp: Vendor = {
  id: 'cisco-mpp',
  name: 'Cisco 6800, 7800, 8800 and 9800 with multiplatform firmware (3PCC)',
  holdsFor:
    'CP-68xx, 78xx, 88xx, 98xx *with 3PCC firmware*. Phones with enterprise firmware (for Call Manager) send PUBLISH and REFER in place of this package: no snippet.',
  file: 'the profile that `Profile_Rule` fetches, into its `<flat-profile>`',
  syntax: 'xml',
  sync: fact('template', '`<Feature_Key_Sync_1_>Yes`, one for each extension (*Voice → Ext 1 → Feature Key Sync*)'),
  lamps: fact(
    'template',
    '`<Extended_Function_N_>`: `fnc=blf+sd+cp;sub=1002@$PROXY;ext=1002@$PROXY`, with `<Extension_N_>Disabled`',
  ),
  list: fact(
    'template',
    '`<BLF_List_URI>`, `<Use_Line_Keys_For_BLF_List>Yes`; the URI is that of the SUBSCRIBE, or it is ignored',
  ),
  pickup: fact('template', '`<Attendant_Console_Call_Pickup_Code>`; the key needs `cp`'),
  expiry: fact('template', '`<Subscribe_Expires>`, 1800 s'),
  inline: fact('template', '`<Outbound_Proxy_1_>`'),
  sidecar: {
    ...fact('unverified', 'as on SPA phones each key names the server of its subscription: `sub=1002@192.0.2.10:5070`'),
    features: false,
  },
  stops: fact(
    'template',
    'lamps stay, and are dark when the subscription ends; asked again every `<Subscribe_Retry_Interval>` seconds',
  ),
  traps: [
    'Where *XSI* synchronisation of DND or forwards is on too, that by SIP wins (vendor document). Turn XSI off.',
    'A call that rings while another is talked is seen only as ringing; Lamplighter tells that first.',
    '`;`, `=` and `$` have a meaning in a key: names lose them.',
    'Only UTF-8 is read; an editor that writes another encoding makes the phone refuse the file.',
  ],
  sources: [
    'Cisco, IP Phone 8800 Series Multiplatform Administration Guide: configuration profiles, line keys, feature key synchronisation',
    'templates of FusionPBX (cisco/8811 to 8865)',
  ],
  write: (order, brings) => xmlDocument({ name: 'flat-profile' }, sectionsOf(order, brings, parts(order))),
};
