import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const folder = 'docs/extending';

/** The first line of an example says where it belongs; the rest is a file of test/extending, which tests run. */
const example = /```ts\n\/\/ (\S+)\n\n([\s\S]*?)```/g;

/** Where the file of a test imports from, as it does in its own place. */
function inItsPlace(text: string, path: string): string {
  if (path.startsWith('adapters/acme/')) {
    return text.replaceAll("'../../../adapters/", "'../").replaceAll("'../../../src/", "'../../src/");
  }
  if (path.startsWith('adapters/freeswitch/features/')) {
    return text
      .replaceAll("'../../adapters/freeswitch/features/", "'./")
      .replaceAll("'../../adapters/freeswitch/", "'../")
      .replaceAll("'../../src/", "'../../../src/");
  }
  return text.replaceAll("'../../src/event-packages/", "'../").replaceAll("'../../src/", "'../../");
}

/** `adapters/acme/link.ts` is test/extending/acme/link.ts; what is no folder there is a file. */
function tested(path: string): string {
  const [name = ''] = path.split('/').slice(-1);
  return [`test/extending/acme/${name}`, `test/extending/${name}`].find((one) => existsSync(one)) ?? name;
}

/** The order of imports follows from where they are, so it is another in each place: what is imported, and the rest. */
function parted(text: string): { readonly imports: readonly string[]; readonly rest: string } {
  const statement = /^import [^;]*;\n/gm;
  return { imports: (text.match(statement) ?? []).sort(), rest: text.replace(statement, '') };
}

const pages = readdirSync(folder).filter((one) => one.endsWith('.md') && one !== 'README.md');

for (const name of pages) {
  test(`each example of ${folder}/${name} is the file that tests run`, () => {
    const examples = [...readFileSync(`${folder}/${name}`, 'utf8').matchAll(example)];
    assert.ok(examples.length > 0);
    for (const [, path = '', text = ''] of examples) {
      assert.deepEqual(parted(text), parted(inItsPlace(readFileSync(tested(path), 'utf8'), path)), path);
    }
  });
}

test('each example passes the lint in the place it names', () => {
  const checkout = mkdtempSync(join(tmpdir(), 'lamplighter-extending-'));
  try {
    cpSync('biome.json', join(checkout, 'biome.json'));
    symlinkSync(join(process.cwd(), 'node_modules'), join(checkout, 'node_modules'));
    spawnSync('git', ['init', '-q'], { cwd: checkout });
    for (const name of pages) {
      for (const [, path = '', text = ''] of readFileSync(`${folder}/${name}`, 'utf8').matchAll(example)) {
        mkdirSync(join(checkout, dirname(path)), { recursive: true });
        writeFileSync(join(checkout, path), text);
      }
    }
    const words = ['ci', '--colors=off', 'adapters', 'src'];
    const { status, stderr } = spawnSync(join('node_modules', '.bin', 'biome'), words, {
      cwd: checkout,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
  } finally {
    rmSync(checkout, { recursive: true, force: true });
  }
});
