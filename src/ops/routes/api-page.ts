import type { Hono } from 'hono';
import type { OpsEnv } from '../answers.ts';
import { apiPage } from '../api-page/page.ts';
import { apiStyle } from '../api-page/style.ts';

/**
 * The API for people; says nothing that /openapi.json does not.
 *
 * @param document always the same one: the page is made once, as it takes as long as hundreds of other answers.
 */
export function apiPageRoutes(app: Hono<OpsEnv>, document: () => object): void {
  let page: string | null = null;
  app.get('/api', (c) => {
    page ??= apiPage(document());
    return c.html(page);
  });
  app.get('/api.css', (c) => c.body(apiStyle, 200, { 'Content-Type': 'text/css; charset=utf-8' }));
}
