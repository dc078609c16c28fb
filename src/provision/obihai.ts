import { type Leaf, xmlDocument } from './markup.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

const service = 'VoiceService.1.VoiceProfile.1.';
/** The first is the line itself. */
const firstKey = 2;

/** Parameters of one object, in the long form, which all of them read. */
function object(name: string, values: Readonly<Record<string, string>>): readonly Leaf[] {
  const element = { name: 'Object' };
  const parameters = Object.entries(values).flatMap(([key, value]): readonly Leaf[] => {
    const within = [element, { name: 'ParameterValueStruct' }];
    return [
      { within, name: 'Name', text: key },
      { within, name: 'Value', text: value },
    ];
  });
  return [{ within: [element], name: 'Name', text: name }, ...parameters];
}

function parts({ host, port, transport, lamps, pickup }: Order): Parts<Leaf> {
  return {
    inline: object(`${service}SIP.`, {
      OutboundProxy: host,
      OutboundProxyPort: String(port),
      ProxyServerTransport: transport.toUpperCase(),
    }),
    sync: [
      ...object(`${service}Line.1.CallingFeatures.`, { X_ASFeatureEventSubscribe: 'true' }),
      ...object(`${service}SIP.`, { X_ASFeatureEventSubscribeExpires: '3600' }),
    ],
    expiry: object(`${service}SIP.`, { X_BLFSubscribeExpires: '3600' }),
    pickup: object(`${service}X_FeatureCode.`, { DirectedCallPickup: pickup }),
    lamps: lamps.flatMap(({ name, label }, at) =>
      object(`VoiceService.1.Phone.LineKey.${at + firstKey}.`, {
        Function: 'Busy Lamp Field',
        Service: 'SP1',
        Number: name,
        Name: label,
      }),
    ),
  };
}

export const obihai: Vendor = {
  id: 'obihai',
  name: 'Obihai OBi10xx, Poly VVX "OBi Edition", Edge B',
  holdsFor:
    'OBi1022, OBi1032, OBi1062; VVX x50 "OBi Edition", Edge B. The ATAs (OBi2xx, OBi3xx) have no keys. Service SP1.',
  file: 'the configuration file that `ConfigURL` fetches',
  syntax: 'xml',
  sync: fact(
    'vendor document',
    '`X_ASFeatureEventSubscribe` of the service (SP1), and a switch for each feature under *Network Provided Services*',
  ),
  lamps: fact('template', '`LineKey.N.`: `Function` = `Busy Lamp Field`, `Service`, `Number`'),
  list: null,
  pickup: fact(
    'template',
    '`X_FeatureCode.DirectedCallPickup`; `X_BlfDirectedCallPickup` of the line says how the key does it',
  ),
  expiry: fact('template', '`X_BLFSubscribeExpires`, `X_ASFeatureEventSubscribeExpires`'),
  inline: fact('template', '`OutboundProxy`, `OutboundProxyPort` of the ITSP profile'),
  sidecar: null,
  stops: fact('unverified', 'lamps stay as they were, and go out when the subscription cannot be renewed'),
  traps: [
    'Turn the native features off (`DoNotDisturbEnable`, `CallForward…Enable` of the phone), or it has two DNDs: its own and that of the service.',
    'The phone shows the value that the server confirms, not the one typed in.',
    'Which features are synchronised is said on *Network Provided Services* of the service; its parameters (`X_NetServices.`) are not in this snippet.',
  ],
  sources: [
    'Obihai, OBi1000 Series IP Phone Administration Guide, "Broadsoft AS-Feature-Event Features"',
    'templates of FusionPBX (poly/poly-vvx-450, obihai/obi1062)',
  ],
  write: (order, brings) => xmlDocument({ name: 'ParameterList' }, sectionsOf(order, brings, parts(order))),
};
