import { type Leaf, xmlDocument } from './markup.ts';
import { userPart } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

const line = [{ name: 'sip' }, { name: 'line', attributes: { index: '1' } }];
const keys = [{ name: 'dsskey' }, { name: 'internal', attributes: { index: '1' } }];
const transports = { udp: '0', tcp: '1', tls: '2' };
const typeMemory = '1';

function setting(name: string, text: string): Leaf {
  return { within: line, name, text };
}

function parts({ host, port, transport, lamps, list, pickup }: Order): Parts<Leaf> {
  return {
    inline: [
      setting('ProxyAddr', host),
      setting('ProxyPort', String(port)),
      setting('Transport', transports[transport]),
    ],
    sidecar: [setting('BLFServer', `${host}:${port}`)],
    sync: [setting('FeatureSync', '1')],
    expiry: [setting('SubExpire', '3600')],
    list: [setting('EnableBLFList', '1'), setting('BLFListUri', userPart(list ?? ''))],
    lamps: lamps.flatMap(({ name, label }, at) => {
      const within = [...keys, { name: 'Fkey', attributes: { index: String(at + 1) } }];
      // number@line/ba, then what it dials to take a call
      const value = `${userPart(name)}@1/ba${userPart(pickup)}${userPart(name)}`;
      return [
        { within, name: 'Type', text: typeMemory },
        { within, name: 'Value', text: value },
        { within, name: 'Title', text: label },
      ];
    }),
  };
}

export const fanvil: Vendor = {
  id: 'fanvil',
  name: 'Fanvil X, V, H, i and W, and phones made by it',
  holdsFor:
    'X3, X4, X5, X6, X7, X210, V6x, H and W series with configuration 2.x in XML; D-Link DPH, Telekonnectors and others are the same inside. Older ones: `<Feature_Sync>`, or the text `SIP1 Feature Sync :1`.',
  file: 'the configuration the phone fetches, `<MAC>.cfg`',
  syntax: 'xml',
  sync: fact(
    'vendor document',
    '`<FeatureSync>1` of the line; with *Server Type* BroadSoft it subscribes, with most others it dials codes',
  ),
  lamps: fact('template', '`<Fkey>` of type 1 with `1002@1/ba`; the code to take a call stands behind'),
  list: fact('template', '`<EnableBLFList>1`, `<BLFListUri>`'),
  pickup: fact('template', 'in the key: `1002@1/ba**1002`; so the profile says `pickup: none`'),
  expiry: fact('template', '`<SubExpire>`'),
  inline: fact('template', '`<ProxyAddr>`, `<ProxyPort>` of the line'),
  sidecar: {
    ...fact(
      'template',
      '`<BLFServer>` (`SIP1 BLF Server :192.0.2.10:5070` in text); feature keys stay where the account is',
    ),
    features: false,
  },
  stops: fact(
    'unverified',
    'lamps go out when the subscription cannot be renewed; the phone asks again by itself, at times about every minute',
  ),
  traps: [
    'With synchronisation on and a server that does not know it (489) the phone asks again about every minute: turn it on where Lamplighter is asked, and nowhere else.',
    'A 401 without a challenge made such phones ask again without end (FreeSWITCH #2640); Lamplighter always sends one.',
    'Where it does not subscribe to feature keys, set `<ServerType>` of the line to BroadSoft; its number differs between models (web interface: *Line → Advanced → Server Type*).',
    'Codes for DND and forwards beside the synchronisation set a feature twice. Use one.',
  ],
  sources: [
    'templates of FusionPBX (fanvil/*) and Wazo (wazo_fanvil)',
    'guides of Fanvil’s resellers: feature synchronisation with BroadSoft and Metaswitch; FreeSWITCH #2640',
  ],
  write: (order, brings) => xmlDocument({ name: 'sysConf' }, sectionsOf(order, brings, parts(order))),
};
