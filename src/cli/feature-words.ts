import type { Row } from './row.ts';

/**
 * `on`, `off`, `on:1002`, `off:1002` (a target that is kept for the next time), `on:1002/4` (rings); null: the user does
 * not have this feature, or nothing is known.
 */
export function featureText(feature: Row): string | null {
  const { value } = feature;
  if (typeof value !== 'object' || value === null) return null;
  const { assigned, known } = value as { readonly assigned?: unknown; readonly known?: unknown };
  if (assigned === false || known === false) return null;
  const target = feature.text('target');
  const rings = feature.number('ringCount');
  const state = feature.flag('enabled') ? 'on' : 'off';
  if (target === null) return rings === null ? state : `${state}/${rings}`;
  return rings === null ? `${state}:${target}` : `${state}:${target}/${rings}`;
}

/** An agent's state, with the reason of his break. */
export function agentText(agent: Row): string | null {
  const reason = agent.text('reason');
  const state = agent.text('state');
  return state === null || reason === null ? state : `${state} (${reason})`;
}
