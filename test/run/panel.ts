// After `tsc`: makes the panel of src/ops/panel, where src/ops/routes/panel.ts looks for it. `tsc` has checked its types.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const source = 'src/ops/panel';
const target = fileURLToPath(new URL('../../panel/', import.meta.url));

mkdirSync(target, { recursive: true });
await build({
  entryPoints: [join(source, 'main.tsx')],
  outdir: target,
  tsconfig: join(source, 'tsconfig.json'),
  bundle: true,
  minify: true,
  format: 'esm',
  // What knows light-dark(), which no tool can take out.
  target: ['chrome123', 'firefox120', 'safari17.5'],
  logLevel: 'warning',
  banner: { js: '// Preact and its signals are in here, under the MIT licence: licenses.txt' },
});
for (const file of ['index.html', 'favicon.svg']) copyFileSync(join(source, file), join(target, file));
const licenses = ['preact', '@preact/signals', '@preact/signals-core'].map(
  (name) => `${name}\n\n${readFileSync(join('node_modules', name, 'LICENSE'), 'utf8')}`,
);
writeFileSync(join(target, 'licenses.txt'), licenses.join('\n\n'));
