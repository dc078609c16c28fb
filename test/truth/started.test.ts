import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { daemonFlags } from '../run/started.ts';

const starters: readonly (readonly [file: string, start: RegExp])[] = [
  ['package.json', /"start": "node (.*?) dist\/src\/main\.js start"/],
  [
    'config/deb/launcher',
    /^exec \/usr\/lib\/lamplighter\/node (.*?) \/usr\/lib\/lamplighter\/dist\/src\/main\.js "\$@"$/m,
  ],
  ['config/docker/Dockerfile', /^ENTRYPOINT \["node", (.*?), "\/usr\/lib\/lamplighter\/dist\/src\/main\.js"\]$/m],
];

for (const [file, start] of starters) {
  test(`${file} starts the daemon with the flags that the benchmarks measure and the build has code for`, () => {
    const flags = start.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
    assert.deepEqual(flags.replaceAll(/[",]/g, '').split(' '), daemonFlags);
  });
}
