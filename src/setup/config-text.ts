import { currentVersion } from '../config/version.ts';
import { inBrackets } from '../model/host-port.ts';
import type { PbxAccess, PbxFlavour } from '../model/setup.ts';

/** All that a written configuration says. */
export interface ConfigFacts {
  readonly access: PbxAccess;
  readonly flavour: PbxFlavour;
  /** Where its configuration lies; null: on another host. */
  readonly folder: string | null;
  readonly domain: string;
  readonly aliases: readonly string[];
  /** Further domains (tenants). */
  readonly domains: readonly string[];
  readonly sipPort: number;
  /** Of the PBX itself. */
  readonly pbxSipPorts: readonly number[];
  readonly httpPort: number;
  /** Sofia profiles (FreeSWITCH). */
  readonly profiles: readonly string[];
  readonly store: string;
  /** Where the password files lie. */
  readonly secrets: string;
}

const names: Readonly<Record<PbxFlavour, string>> = {
  asterisk: 'Asterisk',
  freepbx: 'FreePBX',
  freeswitch: 'FreeSWITCH',
  fusionpbx: 'FusionPBX',
};

/** The configuration as an admin would have written it, with what he may want to change next to it. Holds no secret. */
export function configText(facts: ConfigFacts): string {
  const { access, flavour, folder, sipPort, pbxSipPorts } = facts;
  const where =
    folder === null
      ? `${/^[AEIOU]/.test(names[flavour]) ? 'an' : 'a'} ${names[flavour]} on another host`
      : `the ${names[flavour]} in ${folder}`;
  const beside =
    pbxSipPorts.length > 0 ? `Beside the PBX, which has ${pbxSipPorts.join(' and ')}.` : 'Where phones come.';
  const upstream = `sip:${hostOf(access)}:${pbxSipPorts[0] ?? 5060}`;
  const lines = [
    `# Lamplighter for ${where}; written by \`lamplighter setup\`, yours to change.`,
    '# Every setting there is, with its meaning: config/lamplighter.example.yaml.',
    '# `lamplighter check-config FILE` names mistakes with their lines.',
    `version: ${currentVersion}`,
    '',
    '# What phones have as SIP server: users are user@domain. Put in the name where yours is another, its address below.',
    `domain: ${quoted(facts.domain)}`,
    '# Other names and addresses that mean the same.',
    `aliases: ${listed(facts.aliases)}`,
    ...tenants(facts),
    '',
    'sip:',
    `  # ${beside} Phones have to be told to subscribe here:`,
    '  # docs/deploy/README.md shows the ways, docs/deploy/sidecar.md this one.',
    `  listen: ${listed([`udp:0.0.0.0:${sipPort}`, `tcp:0.0.0.0:${sipPort}`])}`,
    '  # Where phones cannot be told: Lamplighter in the way of all their SIP, docs/deploy/inline.md.',
    `  #upstream: ${quoted(upstream)}`,
    '',
    'pbx:',
    '  - name: main',
    ...(access.type === 'asterisk' ? asteriskLines(access, flavour, facts.secrets) : freeswitchLines(access, facts)),
    '',
    'features:',
    '  policy:',
    '    # Outside numbers that phones may forward to, as regular expressions with ^ and $; empty: extensions only.',
    "    # For example: ['^0[1-9]\\d{5,11}$'], and deny: ['^0(900|190|137)'] for premium numbers",
    '    allow: []',
    '',
    'store:',
    '  # Subscriptions, features and the audit trail; its folder is made.',
    `  path: ${quoted(facts.store)}`,
    '',
    'http:',
    '  # Panel and API, for this host only. To open it for others: an address, and a tokenFile.',
    `  listen: ${quoted(`127.0.0.1:${facts.httpPort}`)}`,
    '',
  ];
  return lines.join('\n');
}

type AsteriskAccess = Extract<PbxAccess, { type: 'asterisk' }>;
type FreeswitchAccess = Extract<PbxAccess, { type: 'freeswitch' }>;

function asteriskLines({ ari, ami, features }: AsteriskAccess, flavour: PbxFlavour, secrets: string): string[] {
  const about =
    features === 'freepbx'
      ? "FreePBX's own database keys and device states."
      : 'Keys in AstDB; calls obey them by the dialplan of config/asterisk/extensions.conf.';
  return [
    '    type: asterisk',
    '    # Calls and passwords of phones.',
    '    ari:',
    `      url: ${quoted(ari.url)}`,
    `      username: ${quoted(ari.username)}`,
    `      passwordFile: ${quoted(`${secrets}/ari`)}`,
    '    # Features, registrations, voicemail counts.',
    '    ami:',
    `      host: ${quoted(ami.host)}`,
    `      port: ${ami.port}`,
    `      username: ${quoted(ami.username)}`,
    `      passwordFile: ${quoted(`${secrets}/ami`)}`,
    `    # ${about}${flavour === 'freepbx' ? '' : ' On a FreePBX: freepbx.'}`,
    `    features: ${features}`,
  ];
}

function freeswitchLines({ esl, features }: FreeswitchAccess, facts: ConfigFacts): string[] {
  const isFusion = features === 'fusionpbx';
  return [
    '    type: freeswitch',
    isFusion
      ? "    # The socket's own password: FusionPBX has no place for another account."
      : '    # Its account in the directory.',
    '    esl:',
    `      host: ${quoted(esl.host)}`,
    `      port: ${esl.port}`,
    ...(esl.user === undefined ? [] : [`      user: ${quoted(esl.user)}`]),
    `      passwordFile: ${quoted(`${facts.secrets}/esl`)}`,
    '    # Who speaks with the keys of the phones: sidecar is Lamplighter. Others: docs/freeswitch.md.',
    '    mode: sidecar',
    isFusion
      ? "    # FusionPBX's table of extensions, by its own script."
      : '    # mod_db; calls obey it by the dialplan of config/freeswitch/dialplan.xml.',
    `    features: ${features}`,
    '    # The sofia profiles that phones register with.',
    `    profiles: ${listed(facts.profiles)}`,
    ...(isFusion
      ? [
          '    # Extensions that FreeSWITCH does not list; until they are named, one is known once its phone registers.',
          "    #extensions: ['1001-1020', '1001-1010@tenant2.example.com']",
        ]
      : []),
  ];
}

function tenants({ domains, domain }: ConfigFacts): string[] {
  const others = domains.filter((name) => name !== domain);
  if (others.length === 0) return [];
  return [
    '# Further domains; equal numbers in two of them are two users.',
    'domains:',
    ...others.map((name) => `  - { name: ${quoted(name)} }`),
  ];
}

function hostOf(access: PbxAccess): string {
  const { host } = access.type === 'asterisk' ? access.ami : access.esl;
  return inBrackets(host);
}

function listed(all: readonly string[]): string {
  return `[${all.map(quoted).join(', ')}]`;
}

/** COMPAT(YAML 1.2): what needs no quotes has none; in single ones everything is itself, in double ones JSON is YAML. */
function quoted(text: string): string {
  if (/^[A-Za-z/][A-Za-z0-9_./@-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)) return text;
  return /^[\x20-\x7e]*$/.test(text) ? `'${text.replaceAll("'", "''")}'` : JSON.stringify(text);
}
