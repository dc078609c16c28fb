import { assignments, type Setting } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

/** The first keys of a desk phone are lines. */
const firstKey = 3;

function parts({ host, port, transport, lamps, pickup }: Order): Parts<Setting> {
  const codes = ['dnd', 'cfa', 'cfb', 'cfna'].flatMap((feature) => [`${feature}_on`, `${feature}_off`]);
  return {
    inline: [
      ['sip_account.1.primary_outbound_proxy_server_address', host],
      ['sip_account.1.primary_outbound_proxy_server_port', String(port)],
      ['sip_account.1.transport_mode', transport],
    ],
    sync: [
      ['sip_account.1.feature_sync_enable', '1'],
      ...codes.map((code): Setting => [`sip_account.1.access_code_${code}`, '']),
    ],
    pickup: [['sip_account.1.access_code_direct_call_pickup', pickup]],
    lamps: lamps.flatMap(({ name }, at): Setting[] => [
      [`pfk.${at + firstKey}.feature`, 'busy lamp field'],
      [`pfk.${at + firstKey}.account`, '1'],
      [`pfk.${at + firstKey}.blf`, name],
    ]),
  };
}

export const vtech: Vendor = {
  id: 'vtech',
  name: 'VTech ErisTerminal, VCS, VSP; Snom M and C',
  holdsFor: 'VCS754, VSP6xx, VSP7xx, ET605, ET685; Snom M and C series have the same parameters as elements of XML.',
  file: 'the configuration of the device, `<model>_<MAC>.cfg`',
  syntax: 'ini',
  sync: fact('template', '`sip_account.1.feature_sync_enable = 1`; which features it keeps in step is not known'),
  lamps: fact(
    'unverified',
    '`pfk.N.feature` with `pfk.N.blf`: the word for the feature was not seen, set one key in the web interface and export it to compare',
  ),
  list: null,
  pickup: fact('template', '`sip_account.1.access_code_direct_call_pickup`'),
  expiry: fact('unverified', 'no setting is known'),
  inline: fact('template', '`sip_account.1.primary_outbound_proxy_server_address`, `_port`'),
  sidecar: null,
  stops: fact('unverified', 'lamps stay as they were, and go out when the subscription cannot be renewed'),
  traps: [
    'Templates set codes for DND and forwards (`access_code_dnd_on = *78`); beside the synchronisation they set a feature twice. The snippet empties them.',
  ],
  sources: [
    'templates of FusionPBX (vtech/vcs754, snom/M500KLE) and of SARK (VTech)',
    'VTech, ET605 and ET685 Administrator and Provisioning Manual: form of configuration files',
  ],
  write: (order, brings) => assignments(sectionsOf(order, brings, parts(order)), ' = '),
};
