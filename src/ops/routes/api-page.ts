import type { Hono } from 'hono';
import type { OpsEnv } from '../answers.ts';
import { apiPage } from '../api-page/page.ts';
import { apiStyle } from '../api-page/style.ts';

/** The API for people; says nothing that /openapi.json does not. */
export function apiPageRoutes(app: Hono<OpsEnv>, document: () => object): void {
  app.get('/api', (c) => c.html(apiPage(document())));
  app.get('/api.css', (c) => c.body(apiStyle, 200, { 'Content-Type': 'text/css; charset=utf-8' }));
}
