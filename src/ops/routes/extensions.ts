import type { Hono } from 'hono';
import type { Aor } from '../../model/aor.ts';
import { type OpsContext, type OpsEnv, printable, refuse } from '../answers.ts';
import type { OpsDeps } from '../deps.ts';
import { aorNamed, type Registry } from '../extension-name.ts';
import { extensionShape } from '../shapes.ts';

export function extensionRoutes(app: Hono<OpsEnv>, deps: OpsDeps): void {
  const { hub, subscriptions, phones } = deps;
  app.get('/api/v1/extensions', (c) =>
    c.json(
      hub
        .list()
        .filter((view) => view.known)
        .map((view) => extensionShape(view, subscriptions.count(view.aor), phones?.list(view.aor))),
    ),
  );

  app.get('/api/v1/extensions/:ext', (c) => {
    const aor = aorOr(c, c.req.param('ext'), deps);
    if (typeof aor !== 'string') return aor;
    const view = hub.view(aor);
    return view?.known
      ? c.json(extensionShape(view, subscriptions.count(view.aor), phones?.list(view.aor)))
      : noSuchExtension(c);
  });
}

/** The extension that `text` names, or the answer 409 where it names several. */
export function aorOr(c: OpsContext, text: string, registry: Registry): Aor | Response {
  const named = aorNamed(text, registry);
  return named.ok ? named.value : refuse(c, 409, named.refusal.code, printable(named.refusal.message, 300));
}

export function noSuchExtension(c: OpsContext): Response {
  return refuse(c, 404, 'unknown-extension', `the PBX has no extension ${printable(c.req.param('ext') ?? '')}`);
}
