/** The views, each by the hash of its address. */
export type Route =
  | { readonly view: 'grid' }
  | { readonly view: 'ext'; readonly ext: string }
  | { readonly view: 'subscriptions' }
  | { readonly view: 'subscription'; readonly id: string }
  | { readonly view: 'audit' }
  | { readonly view: 'links' }
  | { readonly view: 'setup' }
  | { readonly view: 'unknown'; readonly path: string };

/** `#/ext/1001?x=y` → the view, and its query. */
export function routeOf(hash: string): { readonly route: Route; readonly query: URLSearchParams } {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return { route: viewOf(path), query: new URLSearchParams(query) };
}

function viewOf(path: string): Route {
  const [view, name, ...more] = path.split('/').map(decoded);
  if (more.length === 0) {
    if (view === '' && name === undefined) return { view: 'grid' };
    if (view === 'ext' && name) return { view, ext: name };
    if (view === 'subscriptions') return name ? { view: 'subscription', id: name } : { view };
    if ((view === 'audit' || view === 'links' || view === 'setup') && name === undefined) return { view };
  }
  return { view: 'unknown', path };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function extensionPath(name: string): string {
  return `#/ext/${encodeURIComponent(name)}`;
}

export function subscriptionPath(id: number | string): string {
  return `#/subscriptions/${encodeURIComponent(String(id))}`;
}
