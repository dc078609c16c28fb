import { computed, signal } from '@preact/signals';
import { routeOf } from '../words/route.ts';

const hash = signal(location.hash);

addEventListener('hashchange', () => {
  hash.value = location.hash;
});

const place = computed(() => routeOf(hash.value));

/** Which view is shown. The same object as long as only the query differs. */
export const route = computed(() => {
  const next = place.value.route;
  if (JSON.stringify(next) !== JSON.stringify(last)) last = next;
  return last;
});

let last = routeOf(location.hash).route;

/** What the view's address says besides. */
export const query = computed(() => place.value.query);

/** Writes the view's own choices into its address, so that it can be linked; empty ones are left out. */
export function keepQuery(values: Readonly<Record<string, string | null>>): void {
  const next = new URLSearchParams(query.peek());
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  const [path = '#/'] = (location.hash || '#/').split('?', 1);
  const text = next.toString();
  // No entry in the history for each letter that is typed.
  history.replaceState(null, '', text === '' ? path : `${path}?${text}`);
  hash.value = location.hash;
}
