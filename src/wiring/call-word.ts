import type { ResourceView } from '../model/views.ts';

export const callWords = ['ringing', 'talking', 'held', 'idle'] as const;

/** What an extension's calls come to, in a word: what its lamp shows. */
export type CallWord = (typeof callWords)[number];

/** `held`: it holds all its calls itself. */
export function callWord({ dialogs }: Pick<ResourceView, 'dialogs'>): CallWord {
  if (dialogs.length === 0) return 'idle';
  if (dialogs.some(({ phase }) => phase !== 'confirmed')) return 'ringing';
  return dialogs.every(({ holding }) => holding) ? 'held' : 'talking';
}
