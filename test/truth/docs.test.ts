import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { exitMeanings } from '../../src/cli/exits.ts';
import { program } from '../../src/cli/program.ts';
import { processTerminal } from '../../src/cli/terminal.ts';
import { configSchema } from '../../src/config/schema.ts';
import { faults } from '../../src/model/errors.ts';
import { routes } from '../../src/ops/routes/table.ts';
import { apiMethods } from '../../src/ops/rpc/api-methods.ts';

const inFolder = (folder: string) => readdirSync(folder).map((name) => join(folder, name));
const folders = ['docs', ...inFolder('docs').filter((path) => statSync(path).isDirectory())];
const pages = ['README.md', 'CHANGELOG.md', ...folders.flatMap(inFolder)].filter((path) => path.endsWith('.md'));

/** Methods of JSON-RPC are no settings, though some look so. */
const methods = new Set(apiMethods(routes).map(({ name }) => name));

for (const page of pages) {
  const text = readFileSync(page, 'utf8');

  test(`every file that ${page} names is there, and every link leads to one, and to a heading of it`, () => {
    const named = text.matchAll(/[`(]((?:src|adapters|test|docs|config)\/[\w./-]+)[`)]/g);
    const missing = [...named].map((match) => match[1]!).filter((path) => !existsSync(path));
    for (const [, to = '', anchor] of text.matchAll(/\]\(([\w./-]*)(?:#([\w-]+))?\)/g)) {
      const file = to === '' ? page : join(dirname(page), to);
      if (!existsSync(file)) missing.push(to);
      else if (anchor !== undefined && !headings(file).includes(anchor)) missing.push(`${to}#${anchor}`);
    }
    assert.deepEqual(missing, []);
  });

  // Settings of phones, some of which begin as ours do.
  if (/^docs\/vendors\/(?!README)/.test(page)) continue;
  test(`every setting that ${page} names by its path is one`, () => {
    const named = [...text.matchAll(/`((?:sip|http|log|store|features|phones)\.[A-Za-z]\w*(?:\.\w+)*)/g)];
    assert.deepEqual(
      named.map((match) => match[1]!).filter((path) => !isSetting(path) && !methods.has(path)),
      [],
    );
  });
}

/** The anchors of a page's headings, as Git servers make them. */
function headings(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, words = '']) =>
    words
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}

type Node = { readonly properties?: Record<string, Node>; readonly items?: Node };
const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as Node;

/** A secret may stand as the file that holds it. */
function isSetting(path: string): boolean {
  let node: Node | undefined = schema;
  for (const name of path.split('.')) node = node?.properties?.[name] ?? node?.properties?.[name.replace(/File$/, '')];
  return node !== undefined;
}

test('each text of the security log that docs/tls-websocket.md explains is one that the engine writes', () => {
  const code = inFolder('src/sip/embedded')
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  const [, table = ''] = readFileSync('docs/tls-websocket.md', 'utf8').split(/^\| `detail` .*$/m);
  const told = [...table.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)]);
  const ours = told.map(([, text = '']) => text.replace(/…$/, '')).filter((text) => !/^(?:ERR_|HPE_|…)/.test(text));
  assert.ok(ours.length > 5);
  assert.deepEqual(
    ours.filter((text) => !code.includes(text)),
    [],
  );
});

test('each alert leads to a heading of docs/troubleshooting.md', () => {
  const there = headings('docs/troubleshooting.md');
  const named = readFileSync('config/prometheus/alerts.yml', 'utf8').matchAll(/runbook: (\S+?)#(\S+)$/gm);
  const alerts = [...named];
  assert.ok(alerts.length > 15);
  for (const [, page, anchor = ''] of alerts) {
    assert.equal(page, 'docs/troubleshooting.md');
    assert.ok(there.includes(anchor), anchor);
  }
});

test('each word of the code that docs/troubleshooting.md has is one, and each command that a page names', () => {
  const sources = ['src', 'adapters'].flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)),
  );
  const code = sources
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
  const words = [...readFileSync('docs/troubleshooting.md', 'utf8').matchAll(/`([a-z]+(?:-[a-z0-9]+)+)`/g)];
  assert.ok(words.length > 40);
  assert.deepEqual(
    words.map(([, word = '']) => word).filter((word) => !code.includes(`'${word}'`)),
    [],
  );

  const known = new Set(program(processTerminal()).commands.map((command) => command.name()));
  const unknown = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/(?:^|`|\$ |sudo |npx )lamplighter ([a-z][a-z-]*)/gm)]
      .filter(([, name = '']) => !known.has(name))
      .map(([text]) => `${page}: ${text}`),
  );
  assert.deepEqual(unknown, []);
});

test('docs/README.md leads to every page', () => {
  const index = readFileSync('docs/README.md', 'utf8');
  const led = (path: string) => index.includes(`](${path})`);
  const alone = folders.flatMap(inFolder).filter((path) => {
    const page = relative('docs', path);
    return (
      page.endsWith('.md') &&
      page !== 'README.md' &&
      !led(page) &&
      !led(dirname(page)) &&
      !led(`${dirname(page)}/README.md`)
    );
  });
  assert.deepEqual(alone, []);
});

test('docs/architecture.md stays under two pages', () => {
  const words = readFileSync('docs/architecture.md', 'utf8').split(/\s+/).length;
  assert.ok(words < 1100, `${words} words`);
});

test('the exit codes of README are those of the faults and of the commands', () => {
  const told = [...readFileSync('README.md', 'utf8').matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
  const known = new Set([...exitMeanings.map(([code]) => code), ...Object.values(faults).map(({ exit }) => exit)]);
  assert.deepEqual(
    told,
    [...known].sort((a, b) => a - b),
  );
});

test('docs/dependencies.md names every dependency with its version', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
  const page = readFileSync('docs/dependencies.md', 'utf8');
  for (const [name, version] of Object.entries(dependencies)) {
    const told = new RegExp(`${name.replaceAll('/', '\\/')} (\\d+(?:\\.\\d+)*)`).exec(page)?.[1];
    assert.ok(told !== undefined && `${version}.`.startsWith(`${told}.`), `${name} ${version}: told ${told}`);
  }
});
