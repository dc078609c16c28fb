import { createHash } from 'node:crypto';
import type { Hono } from 'hono';
import type { OpsEnv } from '../answers.ts';
import { api } from '../panel/api.ts';
import { grid } from '../panel/grid.ts';
import { icon, page } from '../panel/page.ts';
import { start } from '../panel/start.ts';
import { style } from '../panel/style.ts';
import { trying } from '../panel/trying.ts';
import { words } from '../panel/words.ts';

const script = 'text/javascript; charset=utf-8';

const files: readonly (readonly [path: string, type: string, text: string])[] = [
  ['/', 'text/html; charset=utf-8', page],
  ['/panel/style.css', 'text/css; charset=utf-8', style],
  ['/panel/words.js', script, words],
  ['/panel/api.js', script, api],
  ['/panel/grid.js', script, grid],
  ['/panel/trying.js', script, trying],
  ['/panel/start.js', script, start],
  ['/favicon.svg', 'image/svg+xml', icon],
];

/** The page: constants only. It asks the API for everything it shows. */
export function panelRoutes(app: Hono<OpsEnv>): void {
  for (const [path, type, text] of files) {
    const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
    app.get(path, (c) => {
      c.header('ETag', etag);
      // Asked again each time: an upgrade must not meet yesterday's script.
      c.header('Cache-Control', 'no-cache');
      if (c.req.header('if-none-match') === etag) return c.body(null, 304);
      c.header('Content-Type', type);
      return c.body(text);
    });
  }
}
