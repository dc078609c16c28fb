import { signal } from '@preact/signals';
import { ask } from '../link/ask.ts';
import type { Extension, Feature, FeatureName } from '../words/shapes.ts';
import { attempt } from './session.ts';

/** The forward that is being asked about. */
export const forwardAsked = signal<{ readonly extension: Extension; readonly feature: FeatureName } | null>(null);

/**
 * Wishes it of the PBX. What is shown does not change by that: the key shows what the PBX holds, and the event stream says
 * when it does.
 */
export async function wish(extension: Extension, feature: FeatureName, body: Partial<Feature>): Promise<boolean> {
  const path = `/api/v1/extensions/${encodeURIComponent(extension.aor)}/features/${feature}`;
  return attempt(() => ask('PUT', path, body));
}

/** A press on the key: off goes at once, a forward asks where to. */
export async function press(extension: Extension, feature: FeatureName): Promise<void> {
  const value = extension.features[feature];
  if (feature === 'dnd' || value.enabled) await wish(extension, feature, { enabled: !value.enabled });
  else forwardAsked.value = { extension, feature };
}
