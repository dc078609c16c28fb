import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { biomeText } from './rooms.ts';

test('biome.json says what the table of rooms says', () => {
  assert.deepEqual(JSON.parse(readFileSync('biome.json', 'utf8')), JSON.parse(biomeText()), 'run `npm run rooms`');
});

/** file → an import that its room must refuse. */
const planted: readonly (readonly [file: string, line: string])[] = [
  ['src/model/planted.ts', "import { x } from '../state/hub.ts';"],
  ['src/state/planted.ts', "import { x } from '../store/store.ts';"],
  ['src/state/planted.ts', "import x from 'better-sqlite3';"],
  ['src/commands/planted.ts', "import { x } from '../../adapters/adapter.ts';"],
  ['src/event-packages/dialog/planted.ts', "import { x } from '../../state/hub.ts';"],
  ['src/event-packages/dialog/planted.ts', "import x from 'fast-xml-parser';"],
  ['src/notifier/planted.ts', "import { x } from '../sip/engine.ts';"],
  ['src/notifier/planted.ts', "import { x } from '../event-packages/dialog/dialog.ts';"],
  ['src/compositor/planted.ts', "import { x } from '../state/hub.ts';"],
  ['src/compositor/planted.ts', "import { x } from '../notifier/outbox.ts';"],
  ['src/push/planted.ts', "import { x } from '../notifier/outbox.ts';"],
  ['src/push/planted.ts', "import { x } from '../../adapters/adapter.ts';"],
  ['src/sip/embedded/planted.ts', "import { x } from '../../notifier/notifier.ts';"],
  ['src/sip/planted.ts', "import type { X } from '../../adapters/adapter.ts';"],
  ['src/store/planted.ts', "import { x } from '../state/hub.ts';"],
  ['src/hooks/planted.ts', "import { x } from '../xml/read.ts';"],
  ['src/xml/planted.ts', "import { x } from '../event-packages/list/render.ts';"],
  ['src/hooks/planted.ts', "import { x } from '../commands/gate.ts';"],
  ['src/hooks/planted.ts', "import { z } from 'zod';"],
  ['src/ops/planted.ts', "import { x } from '../notifier/notifier.ts';"],
  ['src/ops/planted.ts', "import { x } from 'preact';"],
  ['src/ops/panel/planted.ts', "import { z } from 'zod';"],
  ['src/ops/panel/planted.ts', "import { x } from '../../sip/engine.ts';"],
  ['src/config/planted.ts', "import pino from 'pino';"],
  ['src/cli/planted.ts', "import { z } from 'zod';"],
  ['adapters/asterisk/planted.ts', "import { x } from '../../src/state/hub.ts';"],
  ['adapters/simulated/planted.ts', "import x from 'ari-client';"],
  ['adapters/simulated/planted.ts', "import { z } from 'zod';"],
  ['adapters/host-planted.ts', "const x = await import('ari-client');"],
];

test('a planted import across the rooms is an error in every room', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-rooms-'));
  try {
    cpSync('biome.json', join(folder, 'biome.json'));
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    spawnSync('git', ['init', '-q'], { cwd: folder });
    for (const [index, [file, line]] of planted.entries()) {
      const path = join(folder, file.replace('planted', `planted${index}`));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${line}\n`);
    }
    const biome = join('node_modules', '.bin', 'biome');
    const { stdout } = spawnSync(biome, ['lint', '--only=style/noRestrictedImports', '--reporter=json', '.'], {
      cwd: folder,
      encoding: 'utf8',
    });
    for (const [index, [file, line]] of planted.entries()) {
      assert.ok(stdout.includes(`planted${index}.ts`), `not refused: ${file}: ${line}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what the rooms do need passes', () => {
  const biome = join('node_modules', '.bin', 'biome');
  const result = spawnSync(biome, ['lint', '--only=style/noRestrictedImports', 'src', 'adapters'], {
    encoding: 'utf8',
  });
  assert.equal(result.status, 0, result.stdout + result.stderr);
});
