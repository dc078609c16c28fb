import { vendors } from '../../../src/provision/index.ts';
import { render } from '../../../src/provision/render.ts';
import type { Fact, Sureness, Vendor } from '../../../src/provision/vendor.ts';
import { sample } from './sample.ts';

const made = 'Made from `src/provision` by `npm run generate`.';

const sureness: Readonly<Record<Sureness, string>> = {
  seen: 'in the traffic of a real phone that somebody published',
  'vendor document': 'its maker writes so',
  template: 'others provision such phones so: the templates of FusionPBX, Wazo and the like',
  unverified: 'none of these: a conclusion from other models, or general knowledge. Try it with one phone',
};

/** docs/vendors: an overview, and a page for each make. */
export function vendorPages(): Readonly<Record<string, string>> {
  return {
    'docs/vendors/README.md': overview(),
    ...Object.fromEntries(vendors.map((vendor) => [`docs/vendors/${vendor.id}.md`, page(vendor)])),
  };
}

function overview(): string {
  const rows = vendors.map(
    (vendor) =>
      `| [${vendor.name}](${vendor.id}.md) | ${short(vendor.sync)} | ${short(vendor.lamps)} | ${short(vendor.list)} | ${short(vendor.pickup)} | ${sidecarWord(vendor)} |`,
  );
  return `# Phones, by make

What each make needs so that its lamps and feature keys come to Lamplighter. ${made} **No phone stood here**: each statement says how sure it is.

\`\`\`
lamplighter provision                                                # the makes
lamplighter provision yealink 1001 --way inline --lamps 1002,1003    # what a Yealink of 1001 needs, with your addresses in it
\`\`\`

The same by HTTP: \`GET /api/v1/provision\` and \`GET /api/v1/provision/yealink/1001?lamps=1002,1003\` ([docs/api.md](../api.md)). Standard
output is the snippet alone, fit for a file; what to know about it goes to standard error. There is never a password in it. Options:

| option | |
| --- | --- |
| \`--lamps\` | what the keys watch; without it there are no keys in the snippet |
| \`--list\` | a [list](../lists.md) to watch as a whole |
| \`--way\` | \`inline\`: Lamplighter is the outbound proxy; \`sidecar\`: subscriptions alone go there; \`proxy\`: something else brings them, and the phone keeps its server ([docs/deploy](../deploy/README.md)). By default as the daemon is set up |
| \`--transport\` | \`udp\`, \`tcp\` or \`tls\`; by default the first that the daemon listens on |
| \`--pickup\` | the PBX's code for taking another's call, \`**\` by default |

## The makes

| make | feature synchronisation | lamps | list | taking a call | subscriptions alone (sidecar) |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

${Object.entries(sureness)
  .map(([name, text]) => `* **${name}**: ${text}.`)
  .join('\n')}
* **–**: not known, or it has none.

Makes that are not here (Algo, Digium and Sangoma, Bria, Linphone, MicroSIP, Zoiper): nothing is known of feature synchronisation in
them. Treat them as phones with lamps and codes; \`proxy\` or \`inline\` brings their lamps here without a setting that is special.

## What holds for all of them

* **Never a feature code and synchronisation for the same feature.** The phone then does both, and DND jumps back.
* **One server for one key.** What is subscribed both at the PBX and here is switched by two.
* **The code for taking a call once.** Where the phone puts it before the number the profile says \`pickup: none\`, which is the default
  ([docs/lamps.md](../lamps.md)).
* **TCP or TLS for lists**: no list fits into a packet of UDP.
* After a change let the phone fetch its configuration: \`lamplighter check-sync 1001\` ([docs/check-sync.md](../check-sync.md)).

## When Lamplighter stops

| way | calls | lamps and keys |
| --- | --- | --- |
| sidecar | go on | lamps stay as they were until the subscription ends, an hour at most; then they are dark. Keys do nothing |
| inline | **stop**, but for phones with a second outbound proxy or server to fall back on | the same |
| proxy | go on | as the proxy does it: [docs/deploy](../deploy/README.md) |

When it runs again it tells every phone the state by itself; subscriptions that ended meanwhile come back when the phone asks again.
What is peculiar to a make stands on its page.
`;
}

function short(known: Fact | null): string {
  return known === null ? '–' : known.sure;
}

function sidecarWord({ sidecar }: Vendor): string {
  if (sidecar === null) return '–';
  return `${sidecar.features ? 'lamps and keys' : 'lamps'} (${sidecar.sure})`;
}

function page(vendor: Vendor): string {
  const rows: readonly (readonly [string, Fact | null])[] = [
    ['feature synchronisation', vendor.sync],
    ['lamps', vendor.lamps],
    ['list', vendor.list],
    ['taking a call', vendor.pickup],
    ['how long a subscription lasts', vendor.expiry],
    ['by Lamplighter (inline)', vendor.inline],
    ['subscriptions alone (sidecar)', vendor.sidecar],
    ['when Lamplighter stops', vendor.stops],
  ];
  const table = rows.map(([what, known]) =>
    known === null ? `| ${what} | not known, or it has none | |` : `| ${what} | ${cell(known.text)} | ${known.sure} |`,
  );
  return `# ${vendor.name}

${vendor.holdsFor}

${made} What the words in the last column mean, and what holds for every make: [the overview](README.md).

| | | how sure |
| --- | --- | --- |
${table.join('\n')}

## Traps

${vendor.traps.map((trap) => `* ${trap}`).join('\n')}

## What to paste

Into ${vendor.file}. With your addresses: \`lamplighter provision ${vendor.id} 1001 --way inline --lamps 1002,1003\`.

${fenced(vendor, 'inline')}${sidecarExample(vendor)}
## Where this is from

${vendor.sources.map((source) => `* ${source}`).join('\n')}
`;
}

function sidecarExample(vendor: Vendor): string {
  return vendor.sidecar === null ? '' : `\nSubscriptions alone (\`--way sidecar\`):\n\n${fenced(vendor, 'sidecar')}`;
}

function fenced(vendor: Vendor, way: 'inline' | 'sidecar'): string {
  return `\`\`\`${vendor.syntax}\n${render(vendor, { ...sample, way }).text.trimEnd()}\n\`\`\`\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
