import { type FeatureValue, sameFeature, type Wish } from '../model/feature.ts';
import type { FeatureContext, FeatureMatter } from './context.ts';
import { consult } from './hook.ts';
import { authorise, normalise } from './judge.ts';
import { ask, compare, limit, readBack } from './put.ts';

/** Do not disturb and forwards. The hub audits their changes itself, so that those the PBX makes are in the trail too. */
export const featureMatter: FeatureMatter = {
  way: [normalise, authorise, limit, compare, ask, readBack],
  source: ({ aor }, tools) => tools.sourceFor(aor),
  present: ({ aor, feature }, tools) => tools.view(aor).features[feature],
  wished: ({ feature, enabled, target, ringCount }) => {
    if (feature === 'dnd') return { enabled, target: null, ringCount: null };
    return { enabled, target: target ?? null, ringCount: feature === 'cfna' ? (ringCount ?? null) : null };
  },
  same: sameFeature,
  ask: (context, deadlineMs) => context.tools.ask(exactWish(context), deadlineMs),
  commit: ({ wish, before, wished, targetNamed, quiet, tools, guards }, source, answer) => {
    const { aor, feature, origin } = wish;
    // A PBX that forgets the target of an inactive forward would forget one that was just named: the hub remembers it.
    const kept = !answer.enabled && answer.target === null && !wish.enabled && targetNamed;
    const value = kept ? { ...answer, target: wished.target } : answer;
    const then = tools.view(aor).features[feature];
    const attributed = guards.inFlight.asked(aor, feature)?.attributed ?? false;
    // What somebody else changed after the PBX had reported the wish is newer than its answer.
    const isOld = attributed && then.rev > before.rev && then.updatedBy === 'pbx';
    if (!isOld) {
      tools.apply({ type: 'feature', source, aor, feature, value, origin, wished, ...(quiet ? { quiet } : {}) });
    }
    const { rev } = tools.view(aor).features[feature];
    return rev > then.rev || (attributed && then.rev > before.rev);
  },
  commitLate: ({ wish: { aor, feature }, before, tools }, source, value) => {
    if (tools.view(aor).features[feature].rev !== before.rev) return;
    tools.apply({ type: 'feature', source, aor, feature, value });
  },
  row: ({ wish: { aor, feature, origin }, before, wished }, { after, ...facts }) => ({
    ...facts,
    aor,
    feature,
    origin,
    before: bareValue(before),
    after: bareValue(after),
    wished,
  }),
};

/** Where the admin has his own word on wishes. */
export const hookedFeatureMatter: FeatureMatter = {
  ...featureMatter,
  way: [normalise, authorise, limit, consult, compare, ask, readBack],
};

/** The wish as the adapter gets it: normalised, and with the remembered target where it switches on without naming one. */
function exactWish({ wish, wished, targetNamed }: FeatureContext): Wish {
  const { aor, feature, enabled, origin } = wish;
  const target = wished.target !== null && (enabled || targetNamed) ? { target: wished.target } : {};
  const ringCount = wished.ringCount === null ? {} : { ringCount: wished.ringCount };
  return { aor, feature, enabled, origin, ...target, ...ringCount };
}

function bareValue({ enabled, target, ringCount }: FeatureValue): FeatureValue {
  return { enabled, target, ringCount };
}
