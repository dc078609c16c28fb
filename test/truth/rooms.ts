/**
 * Who may import what (docs/architecture.md), as one table. `biome.json` is made from it, because an override of Biome
 * replaces the rule's options as a whole and each has to repeat the full list.
 */
interface Room {
  readonly files: readonly string[];
  /** Folders of the project it may import from. */
  readonly folders: readonly string[];
  readonly packages?: readonly string[];
  /** Files it may import from folders it may not. */
  readonly exceptions?: readonly string[];
}

const folders = [
  'adapters',
  'model',
  'state',
  'commands',
  'event-packages',
  'notifier',
  'sip',
  'store',
  'ops',
  'config',
  'cli',
  'rehearsal',
  'compositor',
  'hooks',
  'profiles',
  'watcher',
  'push',
  'trace',
  'examination',
  'setup',
  'provision',
  'xml',
];

const hono = [
  'hono',
  'hono/streaming',
  'hono/secure-headers',
  'hono/body-limit',
  'hono/http-exception',
  'hono/utils/http-status',
  '@hono/node-server',
  '@hono/node-server/conninfo',
];

/** What runs in the browser. */
const preact = ['preact', 'preact/hooks', '@preact/signals'];

/** Every third-party package of the product and the room it lives in. */
const homes: Readonly<Record<string, string>> = {
  'ari-client': 'adapters/asterisk',
  modesl: 'adapters/freeswitch/esl',
  'drachtio-srf': 'src/sip/drachtio',
  'fast-xml-parser': 'src/xml',
  'better-sqlite3': 'src/store',
  yaml: 'src/config',
  pino: 'src/log.ts',
  'prom-client': 'src/ops/metrics',
  commander: 'src/cli',
  zod: 'src/config, src/ops, adapters/index.ts and files called options.ts, parse.ts or events.ts',
  ws: 'src/sip/embedded',
  koffi: 'src/sip/embedded/datagrams',
  'fast-check': 'test',
  esbuild: 'test/run',
  ...Object.fromEntries(preact.map((name) => [name, 'src/ops/panel'])),
  ...Object.fromEntries(hono.map((name) => [name, 'src/ops'])),
};

export const rooms: readonly Room[] = [
  { files: ['src/model/**'], folders: ['model'] },
  { files: ['src/state/**', 'src/commands/**'], folders: ['model'] },
  { files: ['src/event-packages/**'], folders: ['model', 'event-packages', 'xml'] },
  {
    files: ['src/event-packages/*/options.ts', 'src/event-packages/*/parse.ts'],
    folders: ['model', 'event-packages', 'xml'],
    packages: ['zod'],
  },
  {
    files: ['src/notifier/**'],
    folders: ['model', 'notifier'],
    exceptions: ['**/event-packages/event-package.ts', '**/sip/front.ts', '**/sip/dialog.ts'],
  },
  {
    files: ['src/watcher/**'],
    folders: ['model', 'watcher', 'xml'],
    exceptions: ['**/event-packages/event-package.ts', '**/sip/front.ts', '**/compositor/continued.ts'],
  },
  {
    files: ['src/compositor/**'],
    folders: ['model', 'compositor'],
    exceptions: [
      '**/event-packages/event-package.ts',
      '**/sip/front.ts',
      '**/notifier/expiry.ts',
      '**/notifier/rare-complaint.ts',
    ],
  },
  {
    files: ['src/push/**'],
    folders: ['model', 'push'],
    exceptions: [
      '**/event-packages/event-package.ts',
      '**/event-packages/account-uri.ts',
      '**/notifier/news.ts',
      '**/notifier/subscription.ts',
    ],
  },
  { files: ['src/sip/**'], folders: ['model', 'sip'] },
  { files: ['src/sip/embedded/**'], folders: ['model', 'sip'], packages: ['ws'] },
  { files: ['src/sip/embedded/datagrams/**'], folders: ['model', 'sip'], packages: ['koffi'] },
  { files: ['src/trace/**'], folders: ['model', 'trace'] },
  { files: ['src/profiles/**'], folders: ['model', 'profiles'] },
  { files: ['src/hooks/**'], folders: ['model', 'hooks'] },
  { files: ['src/hooks/parse.ts'], folders: ['model', 'hooks'], packages: ['zod'] },
  { files: ['src/store/**'], folders: ['model', 'store'], packages: ['better-sqlite3'] },
  { files: ['src/ops/**'], folders: ['model', 'ops'], packages: ['zod', ...hono] },
  { files: ['src/ops/panel/**'], folders: [], packages: preact },
  { files: ['src/ops/metrics/**'], folders: ['model', 'ops'], packages: [...hono, 'prom-client'] },
  { files: ['src/config/**'], folders: ['model', 'config'], packages: ['zod', 'yaml'] },
  {
    files: ['src/examination/**'],
    folders: ['model', 'config', 'examination'],
    exceptions: ['**/sip/local-addresses.ts', '**/sip/own-contact.ts'],
  },
  { files: ['src/provision/**'], folders: ['model', 'provision', 'xml'] },
  { files: ['src/setup/**'], folders: ['model', 'adapters', 'config', 'setup'] },
  { files: ['src/cli/**'], folders: [...folders, 'app'], packages: ['commander'] },
  {
    files: ['src/rehearsal/**'],
    folders: ['model', 'state', 'event-packages', 'notifier', 'sip', 'store', 'rehearsal'],
  },
  { files: ['src/xml/**'], folders: ['model', 'xml'], packages: ['fast-xml-parser'] },
  { files: ['src/log.ts'], folders: ['model'], packages: ['pino'] },
  { files: ['adapters/**'], folders: ['model', 'adapters'] },
  {
    files: ['adapters/index.ts', 'adapters/*/options.ts', 'adapters/*/parse.ts', 'adapters/*/events.ts'],
    folders: ['model', 'adapters'],
    packages: ['zod'],
  },
  { files: ['adapters/asterisk/**'], folders: ['model', 'adapters'], packages: ['ari-client'] },
  {
    files: ['adapters/asterisk/options.ts', 'adapters/asterisk/events.ts'],
    folders: ['model', 'adapters'],
    packages: ['ari-client', 'zod'],
  },
  { files: ['adapters/freeswitch/**'], folders: ['model', 'adapters'] },
  { files: ['adapters/freeswitch/options.ts'], folders: ['model', 'adapters'], packages: ['zod'] },
  { files: ['adapters/freeswitch/esl/**'], folders: ['model', 'adapters'], packages: ['modesl'] },
];

/** What to do where a package is needed in another room, too. */
const newHome = 'docs/architecture.md; a new home is a row in test/truth/rooms.ts, then npm run rooms';

function restriction(room: Omit<Room, 'files'>): object {
  const allowed = new Set(room.packages ?? []);
  const paths = Object.fromEntries(
    Object.entries(homes)
      .filter(([name]) => !allowed.has(name))
      .map(([name, home]) => [name, { message: `belongs to ${home} (${newHome})` }]),
  );
  const closed = folders.filter((folder) => !room.folders.includes(folder)).map((folder) => `**/${folder}/**`);
  if (!room.folders.includes('app')) closed.push('**/app.ts', '**/wiring/**');
  const group = [...closed, ...(room.exceptions ?? []).map((file) => `!${file}`)];
  const patterns = [{ group, message: 'this room may not import that one (docs/architecture.md)' }];
  return { level: 'error', options: group.length > 0 ? { paths, patterns } : { paths } };
}

/** What biome.json has to say. */
export function biomeConfig(): object {
  return {
    $schema: './node_modules/@biomejs/biome/configuration_schema.json',
    vcs: { enabled: true, clientKind: 'git', useIgnoreFile: true },
    files: { includes: ['**', '!biome.json', '!package-lock.json'] },
    formatter: { indentStyle: 'space', indentWidth: 2, lineWidth: 120 },
    javascript: { formatter: { quoteStyle: 'single' } },
    linter: {
      enabled: true,
      rules: {
        preset: 'recommended',
        style: {
          noNonNullAssertion: 'error',
          useImportType: 'error',
          noExcessiveLinesPerFile: { level: 'warn', options: { maxLines: 500 } },
          noRestrictedImports: restriction({ folders: [...folders, 'app'] }),
        },
        suspicious: { noImportCycles: 'error', noExplicitAny: 'error' },
        nursery: { noFloatingPromises: 'error', noMisusedPromises: 'error' },
        complexity: { useLiteralKeys: 'off' },
      },
    },
    overrides: [
      {
        includes: ['test/**'],
        linter: { rules: { style: { noNonNullAssertion: 'off', noRestrictedImports: 'off' } } },
      },
      ...rooms.map((room) => ({
        includes: room.files,
        linter: { rules: { style: { noRestrictedImports: restriction(room) } } },
      })),
    ],
  };
}

/** Before Biome has formatted it. */
export function biomeText(): string {
  return `${JSON.stringify(biomeConfig(), null, 2)}\n`;
}
