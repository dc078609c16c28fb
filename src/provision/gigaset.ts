import { type Leaf, xmlDocument } from './markup.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

const nvm = { name: 'nvm' };

function param(name: string, value: string): Leaf {
  return { within: [nvm], name: 'param', attributes: { name, value } };
}

function parts({ host, port }: Order): Parts<Leaf> {
  return {
    inline: [
      param('SipProvider.0.OutboundProxyMode', '0'),
      param('SipProvider.0.OutboundProxyAddress', host),
      param('SipProvider.0.OutboundProxyPort', String(port)),
    ],
    sync: [param('SipAccount.IPUI.FeatureKeySyncActive', '1')],
    lamps: [],
  };
}

export const gigaset: Vendor = {
  id: 'gigaset',
  name: 'Gigaset pro N610, N670, N870 (DECT)',
  holdsFor:
    'N610, N670, N770, N870, N870E and the integrators, software 2.2x and later; N670 and N610 without *internal telephony*.',
  file: 'the provisioning file of the DECT manager',
  syntax: 'xml',
  sync: fact(
    'vendor document',
    '`SipAccount.<IPUI>.FeatureKeySyncActive` = 1, for each handset; by provisioning only, 0 by default',
  ),
  lamps: null,
  list: null,
  pickup: null,
  expiry: fact('unverified', 'no setting is known'),
  inline: fact('template', '`SipProvider.0.OutboundProxyMode` = 0, `.OutboundProxyAddress`, `.OutboundProxyPort`'),
  sidecar: null,
  stops: fact('unverified', 'a handset keeps what it was told last; keys pressed meanwhile are refused or lost'),
  traps: [
    'Write the handset’s IPUI in place of the word `IPUI` (on the handset: *#06#).',
    'Handsets have no lamp keys. The desk phones of the house (Maxwell) were other software and are not made any more.',
    'Many extensions come from one address: where you limit requests of one source, think of the base.',
    'The transport is that of the profile (`SipProvider.0.TransportProtocol`) and is not in this snippet.',
    'It is not with *internal telephony* of N610 and N670: there the switch does nothing.',
  ],
  sources: [
    'Gigaset pro wiki, "BroadWorks feature synchronisation" for N610, N670, N870',
    'templates of Wazo (wazo_gigaset/Nx70)',
  ],
  write: (order, brings) =>
    xmlDocument(
      { name: 'provisioning', attributes: { version: '1.1', productID: 'e2' } },
      sectionsOf(order, brings, parts(order)),
    ),
};
