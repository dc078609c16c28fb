import { bare, type Setting } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

function parts({ host, port, lamps }: Order): Parts<Setting> {
  return {
    inline: [
      ['voip/signalling/sip/sip_outbound_proxy/enabled', '1'],
      ['voip/signalling/sip/sip_outbound_proxy/addr', host],
      ['voip/signalling/sip/sip_outbound_proxy/port', String(port)],
    ],
    sync: [
      ['voip/services/application_server_type', 'BSFT'],
      ['system/feature_key_synchronization/enabled', '1'],
    ],
    lamps: lamps.length === 0 ? [] : [['voip/services/busy_lamp_field/enabled', '1']],
  };
}

export const audiocodes: Vendor = {
  id: 'audiocodes',
  name: 'AudioCodes 400HD (generic SIP)',
  holdsFor:
    '405HD to 450HD, C450HD with firmware 2.2 or 3.5 for generic SIP; not those for Teams or Skype for Business.',
  file: '`<MAC>.cfg`',
  syntax: 'ini',
  sync: fact(
    'template',
    '`system/feature_key_synchronization/enabled=1` with `voip/services/application_server_type=BSFT`, as one public script has it',
  ),
  lamps: fact(
    'unverified',
    '`voip/services/busy_lamp_field/enabled=1`; set the keys in the web interface, how they are provisioned is not known here',
  ),
  list: null,
  pickup: null,
  expiry: fact('unverified', 'no setting is known'),
  inline: fact('template', '`voip/signalling/sip/sip_outbound_proxy/enabled`, `/addr`, `/port`'),
  sidecar: null,
  stops: fact('unverified', 'lamps stay as they were, and go out when the subscription cannot be renewed'),
  traps: [
    'The transport is set in the web interface (*Signaling Protocols → SIP*) and is not in this snippet.',
    'An AudioCodes SBC between phone and Lamplighter rewrites Call-ID and tags inside dialog-info; pickup by Replaces does not survive it.',
    'Agent states (ACD) of the same package are known of its Web SDK: [docs/agents.md](../agents.md).',
  ],
  sources: [
    'a public provisioning script for 400HD phones behind BroadWorks; sipXcom (AudioCodesPhone)',
    'AudioCodes, 400HD Series Administrator’s Manual: BLF, automatic call distribution',
  ],
  write: (order, brings) => bare(sectionsOf(order, brings, parts(order))),
};
