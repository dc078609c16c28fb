import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Hono } from 'hono';
import { type OpsEnv, refuse } from '../answers.ts';

const files: readonly (readonly [path: string, type: string, file: string])[] = [
  ['/', 'text/html; charset=utf-8', 'index.html'],
  ['/panel/main.css', 'text/css; charset=utf-8', 'main.css'],
  ['/panel/main.js', 'text/javascript; charset=utf-8', 'main.js'],
  ['/favicon.svg', 'image/svg+xml', 'favicon.svg'],
];

/** Where the build puts them (test/run/panel.ts), from where this module stands when it runs. */
const folder = new URL('../../../panel/', import.meta.url);

/** The page: constants only, read once. It asks the API for everything it shows. */
export function panelRoutes(app: Hono<OpsEnv>): void {
  for (const [path, type, file] of files) {
    const text = contentOf(file);
    const etag = `"${createHash('sha256')
      .update(text ?? '')
      .digest('base64url')
      .slice(0, 22)}"`;
    app.get(path, (c) => {
      if (text === null) return refuse(c, 503, 'no-panel', 'the panel was not built: npm run build');
      c.header('ETag', etag);
      // Asked again each time: an upgrade must not meet yesterday's script.
      c.header('Cache-Control', 'no-cache');
      if (c.req.header('if-none-match') === etag) return c.body(null, 304);
      c.header('Content-Type', type);
      return c.body(text);
    });
  }
}

/** null: there is none, which is no reason not to light lamps. */
function contentOf(file: string): string | null {
  try {
    return readFileSync(new URL(file, folder), 'utf8');
  } catch {
    return null;
  }
}
