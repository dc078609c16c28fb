import { type Leaf, xmlDocument } from './markup.ts';
import { uriOf, userPart } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

const settings = { name: 'phone-settings' };
const keys = { name: 'functionKeys' };
/** The first is the line itself; they count from 0. */
const firstKey = 1;

function setting(name: string, text: string): Leaf {
  return { within: [settings], name, attributes: { idx: '1', perm: '' }, text };
}

function parts({ domain, host, port, transport, way, lamps, list, pickup }: Order): Parts<Leaf> {
  const code = pickup.replace(/[|<>]/g, '');
  const server = way === 'sidecar' ? `${host}:${port}` : domain;
  return {
    inline: [setting('user_outbound', `${host}:${port};transport=${transport}`)],
    sync: [setting('dfks', 'on')],
    list: [setting('user_event_list_uri', userPart(list ?? '')), setting('user_server_type', 'broadsoft')],
    lamps: lamps.map(({ name, label }, at) => ({
      within: [keys],
      name: 'fkey',
      attributes: { idx: String(at + firstKey), context: '1', label, perm: '' },
      text: `blf <${uriOf(name, server)}>|${code}`,
    })),
  };
}

export const snom: Vendor = {
  id: 'snom',
  name: 'Snom D1xx to D8xx, 7xx, PA1',
  holdsFor:
    'D-series and 7xx with firmware 8.7 to 10. Snom M and C (DECT, conference) are VTech inside: there it is `<feature_sync_enable>1`, as in [vtech](vtech.md).',
  file: '`<model>-<MAC>.htm` or `.xml`, whatever `setting_server` fetches',
  syntax: 'xml',
  sync: fact('template', '`<dfks idx="1">on`, one for each identity; `<dfks>on` without `idx` on 7xx'),
  lamps: fact('template', '`<fkey idx="N" context="1" label="…">blf <sip:1002@SERVER>|CODE`; keys count from 0'),
  list: fact(
    'template',
    '`<user_event_list_uri idx="1">` with `<user_server_type>` for BroadSoft; keys of type *BLF (Server)*',
  ),
  pickup: fact(
    'template',
    'the code behind `|` in the key, and `pickup: none` in the profile; or no code there and `pickup: replaces`: INVITE with Replaces',
  ),
  expiry: fact('seen', 'asks for 3600 s; no setting is needed'),
  inline: fact('template', '`<user_outbound idx="1">`'),
  sidecar: {
    ...fact(
      'template',
      'the URI of the key names the server: `blf <sip:1002@192.0.2.10:5070>`; not with an outbound proxy set, which would take it',
    ),
    features: false,
  },
  stops: fact('vendor document', 'lamps stay as they were; the phone asks again by itself'),
  traps: [
    'It takes a state only for the very address that its key has, letter by letter. Lamplighter tells it back as it was asked; a proxy that rewrites it on the way makes the lamp dark.',
    'Codes for DND and forwards (`<user_dnd_on_code>` and its like) beside the synchronisation set a feature twice. Use one.',
    'Answers of a busy phone take seconds (NethServer #8122): not a fault of the network.',
  ],
  sources: [
    'Snom, D7 and D3 manuals: XML provisioning of function keys; service.snom.com, configuration files',
    'templates of FusionPBX (snom/D785, PA1, 720) and Wazo (wazo_snom)',
  ],
  write: (order, brings) => xmlDocument({ name: 'settings' }, sectionsOf(order, brings, parts(order))),
};
