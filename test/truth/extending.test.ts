import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

for (const name of readdirSync(folder).filter((one) => one.endsWith('.md') && one !== 'README.md')) {
  test(`each example of ${folder}/${name} is the file that tests run`, () => {
    const examples = [...readFileSync(`${folder}/${name}`, 'utf8').matchAll(example)];
    assert.ok(examples.length > 0);
    for (const [, path = '', text] of examples) {
      assert.equal(text, inItsPlace(readFileSync(tested(path), 'utf8'), path), path);
    }
  });
}
