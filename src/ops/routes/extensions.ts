import type { Hono } from 'hono';
import { type Aor, aorOf, domainOf, userOf } from '../../model/aor.ts';
import { type OpsContext, type OpsEnv, printable, refuse } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { extensionShape } from '../shapes.ts';

export function extensionRoutes(app: Hono<OpsEnv>, { hub, subscriptions, domain }: OpsDeps): void {
  app.get('/api/v1/extensions', (c) =>
    c.json(
      hub
        .list()
        .filter((view) => view.known)
        .map((view) => extensionShape(view, subscriptions.count(view.aor))),
    ),
  );

  app.get('/api/v1/extensions/:ext', (c) => {
    const view = hub.view(aorFrom(c.req.param('ext'), domain));
    return view?.known ? c.json(extensionShape(view, subscriptions.count(view.aor))) : noSuchExtension(c);
  });
}

/** `1001` is of our domain; `1001@tenant.example` says its own. */
export function aorFrom(text: string, domain: string): Aor {
  return text.includes('@') ? aorOf(userOf(text as Aor), domainOf(text as Aor)) : aorOf(text, domain);
}

export function noSuchExtension(c: OpsContext): Response {
  return refuse(c, 404, 'unknown-extension', `the PBX has no extension ${printable(c.req.param('ext') ?? '')}`);
}
