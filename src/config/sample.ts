import { stringify } from 'yaml';
import { z } from 'zod';
import { defaultProfile } from '../model/profile.ts';
import { configSchema } from './schema.ts';
import { sampleHash } from './token-hash.ts';

/** What stands in the example for an admin to change, by path. Everything else is there as a comment. */
const written: Readonly<Record<string, unknown>> = {
  version: 1,
  domain: 'pbx.example.com',
  aliases: ['192.0.2.10'],
  'sip.listen': ['udp:0.0.0.0:5070', 'tcp:0.0.0.0:5070'],
  'pbx.name': 'main',
  'pbx.type': 'asterisk',
  'pbx.ari.url': 'http://127.0.0.1:8088',
  'pbx.ari.username': 'lamplighter',
  'pbx.ari.passwordFile': '/etc/lamplighter/ari',
  'pbx.ami.host': '127.0.0.1',
  'pbx.ami.port': 5038,
  'pbx.ami.username': 'lamplighter',
  'pbx.ami.passwordFile': '/etc/lamplighter/ami',
  'pbx.features': 'freepbx',
  'store.path': '/var/lib/lamplighter/lamplighter.db',
};

const place = (family: string) => ({ family, key: '{ext}' });

/** What a commented setting shows where it has no default, or where the default would show nothing. */
const shown: Readonly<Record<string, unknown>> = {
  domains: [{ name: 'tenant2.example.com', aliases: ['198.51.100.20'] }],
  'pbx.domain': 'tenant2.example.com',
  'sip.tls.cert': '/etc/lamplighter/fullchain.pem',
  'sip.tls.key': '/etc/lamplighter/privkey.pem',
  'sip.tls.clientCa': '/etc/lamplighter/phones-ca.pem',
  'sip.webSocketOrigins': ['https://phone.example.com'],
  'sip.advertise': '203.0.113.10',
  'sip.identity.from': ['192.0.2.5'],
  'sip.upstream': 'sip:127.0.0.1:5060',
  'sip.drachtio.secretFile': '/etc/lamplighter/drachtio',
  'sip.users': [{ user: '1001', passwordFile: '/etc/lamplighter/1001' }],
  'pbx.astdb': {
    dnd: { ...place('DND'), on: 'YES', states: [{ name: 'Custom:DND{ext}', on: 'BUSY', off: 'NOT_INUSE' }] },
    cfa: place('CF'),
    cfb: place('CFB'),
    cfna: place('CFU'),
    ringTimer: { family: 'AMPUSER', key: '{ext}/ringtimer' },
    devices: { family: 'AMPUSER', key: '{ext}/device' },
    user: { family: 'DEVICE', key: '{ext}/user' },
  },
  'pbx.lamps': { park: ['711-720'], queue: [], conf: ['8000-8009'], agent: [], flow: ['0-3'], custom: ['Open'] },
  'pbx.agents': {
    queues: [{ name: 'sales', members: ['2001-2010'], penalty: 0, wrapUpSeconds: 15 }],
    interface: 'PJSIP/{ext}',
    stateInterface: 'PJSIP/{ext}',
  },
  'features.policy.allow': ['^0[1-9]\\d{5,11}$'],
  'features.policy.deny': ['^0(900|190|137)'],
  'phones.profiles': [{ ...{ name: '', match: '' }, ...defaultProfile, name: 'snom', match: '^snom' }],
  'phones.pickup': [{ watchers: '1\\d{3}', extensions: '1\\d{3}' }],
  'publish.rights': [{ publishers: 'branch', extensions: '7\\d{3}', domain: 'pbx.example.com', features: false }],
  'profiles.directory': '/etc/lamplighter/profiles',
  'profiles.types': { cfg: 'application/x-phone-config' },
  'profiles.url': 'https://provisioning.example.com/{mac}.cfg',
  'profiles.effectiveBy': 3600,
  groups: [{ name: 'sales', extensions: '20\\d\\d', domain: 'pbx.example.com' }],
  lists: [{ name: 'office', displayNames: { en: 'Office' }, members: ['1001', '1002', 'sales'] }],
  push: [{ extensions: '1\\d{3}', packages: ['as-feature-event', 'dialog'], watch: ['1001', 'dnd+1001'] }],
  hooks: {
    webhook: {
      url: 'https://hooks.example.com/dfks',
      tokenFile: '/etc/lamplighter/token',
      ca: '/etc/lamplighter/hooks-ca.pem',
    },
    calls: ['get', 'set', 'assigned', 'notify'],
    owns: ['cfb'],
    timeoutMs: 1000,
    onFailure: { set: 'refuse', get: 'pass' },
    targets: 'policy',
  },
  'http.tokenFile': '/etc/lamplighter/token',
  'http.tokens': [
    { name: 'wallboard', role: 'read', tokenFile: '/etc/lamplighter/wallboard' },
    { name: 'anna', role: 'operate', sha256: sampleHash },
  ],
  'http.names': ['lamplighter.example.com'],
  'trace.hep.to': 'homer.example.com:9060',
  'trace.hep.passwordFile': '/etc/lamplighter/homer',
  'freeswitch.esl.user': 'lamplighter@pbx.example.com',
  'freeswitch.esl.passwordFile': '/etc/lamplighter/esl',
  'freeswitch.extensions': ['1001-1010', 'park+5901-5910'],
};

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly required?: readonly string[];
  readonly [other: string]: unknown;
}

/**
 * The example of a configuration: every setting with what it means; those an admin has to set are written, the others
 * are comments that show the default, and so is a whole PBX of the other type. Throws where a setting has neither a default
 * nor an entry above.
 *
 * @param asterisk the options of that type.
 */
export function exampleYaml(asterisk: z.ZodType, freeswitch: z.ZodType): string {
  const top = withFiles(jsonSchema(configSchema));
  const options = withFiles(jsonSchema(asterisk)).properties ?? {};
  const entry = top.properties?.['pbx']?.items?.properties ?? {};
  const lines = Object.entries(top.properties ?? {}).flatMap(([key, node]) => {
    if (key !== 'pbx') return ['', ...setting(key, node, key, '')];
    const item = settings({ ...entry, ...options }, 'pbx', '    ');
    const first = item.findIndex((line) => !line.trimStart().startsWith('#'));
    const written = item.with(first, (item[first] ?? '').replace('    ', '  - '));
    return ['', ...about(node, ''), 'pbx:', ...written, ...another(freeswitch)];
  });
  return `${[...preface, ...lines].join('\n')}\n`;
}

function another(freeswitch: z.ZodType): string[] {
  const options = withFiles(jsonSchema(freeswitch)).properties ?? {};
  return [
    '',
    '  # A FreeSWITCH or FusionPBX instead of the entry above: docs/freeswitch.md.',
    '  #- name: switch',
    '    #type: freeswitch',
    ...settings(options, 'freeswitch', '    '),
  ];
}

const preface = [
  '# yaml-language-server: $schema=lamplighter.schema.json',
  '# Lamplighter beside an Asterisk or a FreeSWITCH. `npm run generate` writes this file from the code.',
  '# Without a comment sign: set it. `#key: value` is a setting that may be set; where it has a default, that is shown.',
  '# Every setting is also an environment variable: LAMPLIGHTER_SIP__LISTEN, LAMPLIGHTER_PBX__0__AMI__HOST.',
  '# A password never stands here: passwordFile names a file that holds nothing else (mode 0600).',
];

/** The JSON schema of the file, for editors. `pbx` knows the options of each type that comes with Lamplighter. */
export function schemaJson(kinds: Readonly<Record<string, z.ZodType>>): string {
  const top = withFiles(jsonSchema(configSchema));
  const pbx = top.properties?.['pbx'] ?? {};
  const common = pbx.items?.properties ?? {};
  const known = Object.entries(kinds).map(([type, options]) => {
    const own = withFiles(jsonSchema(options));
    const properties = { ...common, type: { ...common['type'], const: type }, ...own.properties };
    return {
      type: 'object',
      properties,
      required: ['name', 'type', ...(own.required ?? [])],
      additionalProperties: false,
    };
  });
  const type = { ...common['type'], pattern: '^(\\.{0,2}/|[A-Za-z]:\\\\)' };
  const module = { type: 'object', properties: { ...common, type }, required: ['name', 'type'] };
  const { $schema, ...rest } = top;
  const properties = { ...top.properties, pbx: { ...pbx, items: { anyOf: [...known, module] } } };
  return `${JSON.stringify({ $schema, title: 'Lamplighter configuration', ...rest, properties }, null, 2)}\n`;
}

function settings(all: Readonly<Record<string, Node>>, path: string, indent: string): string[] {
  return Object.entries(all)
    .filter(([key]) => !Object.hasOwn(all, `${key}File`))
    .flatMap(([key, node]) => setting(key, node, `${path}.${key}`, indent));
}

function setting(key: string, node: Node, path: string, indent: string): string[] {
  const value = written[path];
  if (value !== undefined) return [...about(node, indent), `${indent}${inYaml(key, value)}`];
  const below = node.properties;
  if (below !== undefined && shown[path] === undefined) {
    const lines = settings(below, path, `${indent}  `);
    const asleep = lines.every((line) => line.trimStart().startsWith('#'));
    return [...about(node, indent), `${indent}${asleep ? '#' : ''}${key}:`, ...lines];
  }
  const example = shown[path] ?? node.default;
  if (example === undefined) throw new Error(`src/config/sample.ts has no example for ${path}`);
  const many = Array.isArray(example) && typeof example[0] === 'object';
  const names = entriesAbout(many ? node.items : node);
  const text = inYaml(key, example).split('\n');
  return [
    ...about(node, indent),
    ...names.map((line) => `${indent}# ${line}`),
    ...text.map((line) => `${indent}#${line}`),
  ];
}

/** What each setting of an item means. */
function entriesAbout(items: Node | undefined): string[] {
  return Object.entries(items?.properties ?? {}).flatMap(([name, node]) =>
    node.description === undefined ? [] : [`${name}: ${words(node)}`],
  );
}

function about(node: Node, indent: string): string[] {
  const text = words(node);
  return text === '' ? [] : [`${indent}# ${text}`];
}

function words({ description, enum: choices }: Node): string {
  const text = description ?? '';
  const unsaid = (choices ?? []).some((choice) => !text.includes(`${choice}:`));
  return [text, unsaid ? `(${choices?.join(', ')})` : ''].filter((part) => part !== '').join(' ');
}

function inYaml(key: string, value: unknown): string {
  const flat = !Array.isArray(value) || typeof value[0] !== 'object';
  if (Array.isArray(value) && flat)
    return `${key}: ${stringify(value, { collectionStyle: 'flow', lineWidth: 0, singleQuote: true }).trim()}`;
  return stringify({ [key]: value }, { lineWidth: 0, singleQuote: true }).trimEnd();
}

function jsonSchema(schema: z.ZodType): Node {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Node;
}

/** `password`, `token` and `secret` may be given as the path of a file instead; the reader of secrets sees to it, not the schema. */
function withFiles(node: Node): Node {
  const items = node.items === undefined ? {} : { items: withFiles(node.items) };
  if (node.properties === undefined) return { ...node, ...items };
  const properties: Record<string, Node> = {};
  let required = node.required ?? [];
  const either: object[] = [];
  for (const [name, child] of Object.entries(node.properties)) {
    if (name !== 'password' && name !== 'token' && name !== 'secret') {
      properties[name] = withFiles(child);
      continue;
    }
    const file = `${name}File`;
    properties[name] = child;
    properties[file] = { type: 'string', description: `Path of a file that holds the ${name} and nothing else.` };
    if (required.includes(name)) either.push({ required: [name] }, { required: [file] });
    required = required.filter((other) => other !== name);
  }
  return {
    ...node,
    ...items,
    properties,
    ...(node.required === undefined ? {} : { required }),
    ...(either.length > 0 ? { anyOf: either } : {}),
  };
}
