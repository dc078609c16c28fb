import { type Leaf, xmlDocument } from './markup.ts';
import { userPart } from './text.ts';
import { fact, type Order, type Parts, sectionsOf, type Vendor } from './vendor.ts';

const config = { name: 'config', attributes: { version: '1' } };
const transports = { udp: '0', tcp: '1', tls: '2' };
const modeBlf = '1';
const firstAccount = '0';

function value(number: number, text: string): Leaf {
  return { within: [config], name: `P${number}`, text };
}

/** Numbers of the multi-purpose keys, from 0: mode, account, name, value (FusionPBX, grandstream/gxp21xx). */
function keyNumbers(at: number): readonly [mode: number, account: number, name: number, value: number] {
  if (at < 7) return [323 + at, 301 + 3 * at, 302 + 3 * at, 303 + 3 * at];
  const first = 353 + 4 * (at - 7);
  return [first, first + 1, first + 2, first + 3];
}

function parts({ host, port, transport, lamps, list, pickup }: Order): Parts<Leaf> {
  return {
    inline: [value(48, `${host}:${port}`), value(130, transports[transport])],
    sync: [value(2325, '1')],
    list: [value(134, userPart(list ?? ''))],
    pickup: [value(1347, pickup)],
    lamps: lamps.flatMap(({ name, label }, at) => {
      const [mode, account, title, watched] = keyNumbers(at);
      return [value(mode, modeBlf), value(account, firstAccount), value(title, label), value(watched, name)];
    }),
  };
}

export const grandstreamGxp: Vendor = {
  id: 'grandstream-gxp',
  name: 'Grandstream GXP14xx, GXP21xx, GAC, GXV',
  holdsFor:
    'GXP140x, GXP21xx, GAC2500, with numbers in place of names (P-values). Account 1: the others have P2425, P2525, P2625, P2725, P2825.',
  file: '`cfg<MAC>.xml`',
  syntax: 'xml',
  sync: fact('template', '`<P2325>1`'),
  lamps: fact(
    'template',
    'multi-purpose keys: mode `<P323>1` (BLF), account `<P301>`, name `<P302>`, number `<P303>`, and on',
  ),
  list: fact('template', '`<P134>` (*Eventlist BLF URI*); the keys are of mode 3, *Eventlist BLF*'),
  pickup: fact(
    'template',
    '`<P1347>` (*BLF Call-pickup Prefix*); the profile says `pickup: none`, as the phone puts it before the number',
  ),
  expiry: fact('unverified', 'as the registration lasts; no setting is known'),
  inline: fact('template', '`<P48>`'),
  sidecar: null,
  stops: fact('unverified', 'lamps stay as they were, and go out when the subscription cannot be renewed'),
  traps: [
    'Numbers differ between models: compare with the template of your firmware before you give it to many phones. GXP16xx and GXP17xx have no multi-purpose keys under these numbers.',
    'Where it does not subscribe to feature keys, set *Special Feature* to BroadSoft (`<P198>102`): some firmwares want it.',
    'With local DND or forwards and their codes beside the synchronisation a feature is set twice. Use one.',
    'It says `Supported: eventlist` in every SUBSCRIBE; a single extension is answered with plain dialog-info all the same.',
  ],
  sources: [
    'templates of FusionPBX (grandstream/gxp21xx, gxp140x, gac2500)',
    'Grandstream, "How to configure Eventlist BLF"; BroadSoft Partner Configuration Guide GXP14xx/21xx',
  ],
  write: (order, brings) =>
    xmlDocument({ name: 'gs_provision', attributes: { version: '1' } }, sectionsOf(order, brings, parts(order))),
};
