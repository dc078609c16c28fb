// After `tsc`: makes the panel of src/ops/panel, where src/ops/routes/panel.ts looks for it. `tsc` has checked its types.
import { copyFileSync, mkdirSync } from 'node:fs';
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
});
for (const file of ['index.html', 'favicon.svg']) copyFileSync(join(source, file), join(target, file));
