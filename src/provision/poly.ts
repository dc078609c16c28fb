import { attributeDocument } from './markup.ts';
import { type Setting, userPart } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

const transports = { udp: 'UDPOnly', tcp: 'TCPOnly', tls: 'TLS' };

function parts({ ext, domain, host, port, transport, way, lamps, list, pickup }: Order): Parts<Setting> {
  // a line of its own, which does not register, where subscriptions go elsewhere than calls
  const line = way === 'sidecar' ? '2' : '1';
  return {
    inline: [
      ['reg.1.outboundProxy.address', host],
      ['reg.1.outboundProxy.port', String(port)],
      ['reg.1.outboundProxy.transport', transports[transport]],
    ],
    sidecar: [
      ['reg.2.address', `${userPart(ext)}@${domain}`],
      ['reg.2.auth.userId', ext],
      ['reg.2.server.1.address', host],
      ['reg.2.server.1.port', String(port)],
      ['reg.2.server.1.transport', transports[transport]],
      ['reg.2.server.1.register', '0'],
    ],
    sync: [
      [`reg.${line}.serverFeatureControl.dnd`, '1'],
      [`reg.${line}.serverFeatureControl.cf`, '1'],
      ['voIpProt.SIP.serverFeatureControl.localProcessing.dnd', '0'],
      ['voIpProt.SIP.serverFeatureControl.localProcessing.cf', '0'],
    ],
    list: [['attendant.uri', userPart(list ?? '')]],
    pickup: [
      ['call.directedCallPickupMethod', 'legacy'],
      ['call.directedCallPickupString', pickup],
    ],
    lamps: [
      ['attendant.reg', line],
      ...lamps.flatMap(({ name, label }, at): Setting[] => [
        [`attendant.resourceList.${at + 1}.address`, userPart(name)],
        [`attendant.resourceList.${at + 1}.label`, label],
        [`attendant.resourceList.${at + 1}.type`, 'normal'],
      ]),
    ],
  };
}

export const poly: Vendor = {
  id: 'poly',
  name: 'Polycom SoundPoint and VVX, Poly CCX, Trio and Edge E',
  holdsFor:
    'SoundPoint IP with SIP 3.1 and UC Software 4, VVX with UC Software 4 to 6, CCX, Edge E. VVX "OBi Edition" and Edge B are another software: [obihai](obihai.md).',
  file: 'a file of its own, named in `CONFIG_FILES` of `<MAC>.cfg` before the others; a password stays where it is',
  syntax: 'xml',
  sync: fact('seen', '`reg.X.serverFeatureControl.dnd` and `.cf`; traffic of a VVX 600 with 5.4.0 is public'),
  lamps: fact('template', '`attendant.resourceList.N.address`, `.label`, `.type="normal"`, on line `attendant.reg`'),
  list: fact('vendor document', '`attendant.uri`: the name of the list, the phone adds the server'),
  pickup: fact(
    'template',
    '`call.directedCallPickupMethod="legacy"` with `call.directedCallPickupString`: the phone puts the code before the number, so the profile says `pickup: none`. Or `"native"` with `pickup: replaces` in the profile: INVITE with Replaces',
  ),
  expiry: fact('seen', 'asks for 3600 s; no setting is needed'),
  inline: fact('template', '`reg.1.outboundProxy.address`, `.port`, `.transport`'),
  sidecar: {
    ...fact(
      'unverified',
      'a second line that does not register (`reg.2.server.1.register="0"`); that it subscribes then is not known',
    ),
    features: true,
  },
  stops: fact(
    'unverified',
    'lamps stay as they were, and go out when the subscription cannot be renewed; the phone then asks again by itself',
  ),
  traps: [
    'With a shared line (SCA, BLA) the phone turns server-side DND off by itself.',
    'With synchronisation on `divert.*` of the phone is ignored: what counts is what the PBX says.',
    'A NOTIFY without the XML namespace made such phones crash; Lamplighter always writes it.',
    '`voIpProt.SIP.serverFeatureControl.dnd` without `reg.X.` is for all lines of the phone; use one or the other.',
    'As `sidecar` the second line shows as a line: hide it with `reg.2.lineKeys="0"` where the firmware knows that (unverified). Its password is that of the extension, `reg.2.auth.password`, and not in this snippet.',
  ],
  sources: [
    'Polycom, Administrator’s Guide SIP 3.1 (`attendant.uri`, `attendant.reg`), UC Software guides (`serverFeatureControl`)',
    'templates of FusionPBX (polycom/*, poly/edge-e550) and Wazo (wazo_polycom)',
    'a public trace of a VVX 600, UC Software 5.4.0.5841',
  ],
  write: (order, brings) => attributeDocument({ name: 'PHONE_CONFIG' }, 'ALL', sectionsOf(order, brings, parts(order))),
};
