import type { ResourceView } from './views.ts';

type Facts = Pick<ResourceView, 'known' | 'contacts' | 'dialogs' | 'features'>;

/**
 * How many of a user's phones a call can reach now: those registered, less one for each call under way; none while his calls
 * are sent away (do not disturb, forward always).
 */
export function reachable({ known, contacts, dialogs, features: { dnd, cfa } }: Facts): number {
  const away = [dnd, cfa].some(({ assigned, enabled }) => assigned && enabled);
  return known && !away ? Math.max(contacts - dialogs.length, 0) : 0;
}
