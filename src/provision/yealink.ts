import { assignments, type Setting, uriOf } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

const transports = { udp: '0', tcp: '1', tls: '2' };
/** Yealink's word for a value that is to be emptied. */
const none = '%NULL%';
/** The first is the line itself. */
const firstKey = 2;

function parts({ host, port, transport, domain, lamps, list, pickup }: Order): Parts<Setting> {
  return {
    inline: [
      ['account.1.outbound_proxy_enable', '1'],
      ['account.1.outbound_proxy.1.address', host],
      ['account.1.outbound_proxy.1.port', String(port)],
      ['account.1.sip_server.1.transport_type', transports[transport]],
    ],
    sync: [
      ['features.feature_key_sync.enable', '1'],
      ['features.dnd.feature_key_sync.enable', '1'],
      ['features.forward.feature_key_sync.enable', '1'],
      ['features.dnd.feature_key_sync.local_processing.enable', '0'],
      ['features.forward.feature_key_sync.local_processing.enable', '0'],
      ['account.1.feature_key_sync.enable', '1'],
      ['bw.feature_key_sync', '1'],
      ['features.dnd_mode', '1'],
      ['features.fwd_mode', '1'],
      ['features.dnd.on_code', none],
      ['features.dnd.off_code', none],
      ['account.1.dnd.on_code', none],
      ['account.1.dnd.off_code', none],
    ],
    expiry: [['account.1.blf.subscribe_period', '1800']],
    list: [
      ['account.1.blf.blf_list_uri', uriOf(list ?? '', domain)],
      ['account.1.blf_list_code', pickup],
    ],
    lamps: [
      ['account.1.blf.subscribe_event', '0'],
      ['account.1.out_dialog_blf_enable', '0'],
      ...lamps.flatMap(({ name, label }, at): Setting[] => {
        const key = `linekey.${at + firstKey}`;
        return [
          [`${key}.type`, '16'],
          [`${key}.line`, '1'],
          [`${key}.value`, name],
          [`${key}.label`, label],
          [`${key}.extension`, pickup],
        ];
      }),
    ],
  };
}

export const yealink: Vendor = {
  id: 'yealink',
  name: 'Yealink T2 to T5, CP, VP, W5 to W8',
  holdsFor:
    'T2x to T5x, CP9xx, VP59 with firmware V81 and later; `bw.feature_key_sync` is the switch of V7x and of the DECT bases W5x, W6x. From V84 the switch can also be set for each account.',
  file: '`<MAC>.cfg`; the lines `features.` belong into `y0000000000xx.cfg` (the file of the model) where you use one',
  syntax: 'ini',
  sync: fact(
    'vendor document',
    '`features.feature_key_sync.enable = 1` and one for each of `dnd` and `forward`; `bw.feature_key_sync = 1` on older ones',
  ),
  lamps: fact(
    'template',
    '`linekey.N.type = 16` (BLF), `.value`, `.line`; event dialog: `account.1.blf.subscribe_event = 0`',
  ),
  list: fact('vendor document', '`account.1.blf.blf_list_uri`; keys are filled by themselves'),
  pickup: fact(
    'template',
    '`linekey.N.extension` is the code that the key dials before the number; so leave the profile at `pickup: none`, or it is dialled twice',
  ),
  expiry: fact(
    'vendor document',
    '`account.1.blf.subscribe_period`, 1800 s by default; Lamplighter grants an hour at most',
  ),
  inline: fact('template', '`account.1.outbound_proxy.1.address`, `.port`, `account.1.outbound_proxy_enable`'),
  sidecar: null,
  stops: fact(
    'template',
    'lamps go out when the subscription cannot be renewed; the phone asks again after `account.X.sub_fail_retry_interval`. Inline: name the PBX in `account.1.outbound_proxy.2.address`, and calls go there meanwhile',
  ),
  traps: [
    'Never a code and synchronisation for one feature: with DND or forward codes set the phone also dials the code with each change, the PBX switches a second time, and DND jumps on and off without end. This configuration empties the codes of DND. The codes of forwards (`account.1.always_fwd.on_code` and its like) must be empty, too.',
    'In phone mode (`features.dnd_mode = 0`, the default) one key press is sent for every account, and a change of one account changes the whole phone. Use mode 1.',
    'DECT handsets and conference phones (W, CP) have no line keys: leave `--lamps` out for them.',
    'A lamp that is off may mean that there is no subscription: the phone shows both alike.',
    'Leave `account.X.out_dialog_blf_enable` at 0: with 1 anybody who reaches the phone can switch its lamps.',
    'V7x write the outbound proxy as `account.1.outbound_host` and `account.1.outbound_port`.',
  ],
  sources: [
    'Yealink, Administrator’s Guide for SIP-T2/T4/T5 series: DND and call forward synchronisation, BLF list subscription',
    'templates of FusionPBX (yealink/*) and Wazo (wazo_yealink/v84)',
    'FusionPBX d53bac7f55, c7038a78d9, #5864: the loop of codes and synchronisation',
  ],
  write: (order, brings) => assignments(sectionsOf(order, brings, parts(order)), ' = '),
};
