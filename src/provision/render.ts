import type { Snippet } from '../model/provision.ts';
import { plain } from './text.ts';
import type { Brings, Order, Vendor } from './vendor.ts';

/** Numbers of extensions are short; a display has room for less than that. */
const longestName = 64;
const longestLabel = 32;

/** What comes here by a way: by the others everything, as they take all that the phone sends. */
export function bringsOf({ sidecar }: Vendor, way: Order['way']): Brings {
  if (way !== 'sidecar') return { lamps: true, features: true };
  return { lamps: sidecar !== null, features: sidecar?.features ?? false };
}

/** A snippet for one phone. Names and addresses of the order may be anything: they are cleaned, then escaped by the form. */
export function render(vendor: Vendor, order: Order): Omit<Snippet, 'vendor'> {
  const brings = bringsOf(vendor, order.way);
  const clean: Order = {
    ...order,
    ext: plain(order.ext, longestName),
    domain: plain(order.domain, 255),
    host: plain(order.host, 255),
    list: order.list === null ? null : plain(order.list, longestName),
    pickup: plain(order.pickup, 16).replace(/\s/g, ''),
    lamps: order.lamps.map(({ name, label }) => ({
      name: plain(name, longestName),
      label: plain(label, longestLabel) || plain(name, longestLabel),
    })),
  };
  return {
    name: vendor.name,
    way: order.way,
    file: plainMarkdown(vendor.file),
    text: vendor.write(clean, brings),
    notes: notesOf(vendor, clean, brings).map(plainMarkdown),
  };
}

function notesOf(vendor: Vendor, order: Order, brings: Brings): readonly string[] {
  return [
    ...wayNotes(vendor, order, brings),
    ...(brings.lamps || brings.features ? [`Put it into ${vendor.file}. It holds no password.`] : []),
    ...doubts(vendor, order, brings),
    ...(brings.lamps && order.pickup !== '' && vendor.pickup !== null
      ? [
          `${order.pickup} has to be the PBX’s code for taking the call of an extension: ** on FreePBX, FusionPBX and FreeSWITCH, on a plain Asterisk what its dialplan says.`,
        ]
      : []),
    ...vendor.traps,
  ];
}

function wayNotes({ sidecar }: Vendor, { way, host, port }: Order, { lamps, features }: Brings): readonly string[] {
  const inline = '--way inline: docs/deploy/inline.md, or a proxy';
  switch (way) {
    case 'inline':
      return [
        `Everything the phone sends goes to ${host}:${port}: sip.upstream must be set there, or it can make no calls.`,
      ];
    case 'proxy':
      return [
        'The phone keeps its server: a proxy, or Lamplighter on the PBX’s port, has to bring its SUBSCRIBEs here.',
      ];
    case 'sidecar':
      if (sidecar === null || !lamps) {
        return [
          `NOTHING IS TURNED ON: no setting of this make is known that sends subscriptions elsewhere than calls. Take the way inline (${inline}).`,
        ];
      }
      return features
        ? []
        : [
            `Lamps alone: feature keys go with the account to the PBX, which does not know them, so synchronisation is left off. For them take the way inline (${inline}).`,
          ];
  }
}

/** Says of what stands in the snippet whether anybody has seen it. */
function doubts(vendor: Vendor, { way, lamps, list }: Order, brings: Brings): readonly string[] {
  const used = [
    ['feature synchronisation', brings.features ? vendor.sync : null],
    ['lamps', brings.lamps && lamps.length > 0 ? vendor.lamps : null],
    ['the list', brings.lamps && list !== null ? vendor.list : null],
    ['the outbound proxy', way === 'inline' ? vendor.inline : null],
    ['the server of subscriptions', way === 'sidecar' ? vendor.sidecar : null],
  ] as const;
  const unverified = used.filter(([, known]) => known?.sure === 'unverified').map(([what]) => what);
  return [
    ...(unverified.length === 0 ? [] : [`Unverified, try it with one phone first: ${unverified.join(', ')}.`]),
    ...(brings.features && vendor.sync === null ? ['No setting for feature synchronisation is known.'] : []),
    ...(brings.lamps && lamps.length > 0 && vendor.lamps === null ? ['It has no lamp keys.'] : []),
    ...(brings.lamps && list !== null && vendor.list === null ? ['No setting for a list of lamps is known.'] : []),
  ];
}

/** For terminals and JSON: without links and marks of Markdown. */
function plainMarkdown(text: string): string {
  return text.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll('`', '');
}
