import { userOf } from '../model/aor.ts';
import type { AuditRow } from '../model/audit.ts';
import type { FeatureName, FeatureState, FeatureValue } from '../model/feature.ts';
import { reachable } from '../model/reachable.ts';
import type { DialogView, LinkView, ResourceView, SubscriptionView } from '../model/views.ts';

/** The shapes of the API: stable, and without what is internal. Times are ISO 8601 in UTC. */

/** What callers call themselves is as long as a SIP message, and goes to every reader of the event stream. */
const longestName = 256;

export function extensionShape(view: ResourceView, subscriptions: number): object {
  const { dnd, cfa, cfb, cfna } = view.features;
  return {
    aor: view.aor,
    ext: userOf(view.aor),
    displayName: view.displayName,
    registered: view.contacts > 0,
    reachable: reachable(view),
    dialogs: view.dialogs.map(dialogShape),
    features: {
      dnd: featureShape('dnd', dnd),
      cfa: featureShape('cfa', cfa),
      cfb: featureShape('cfb', cfb),
      cfna: featureShape('cfna', cfna),
    },
    mailbox: view.mailbox,
    subscriptions,
    stale: view.stale,
  };
}

function dialogShape(dialog: DialogView): object {
  // A caller who withholds his identity has withheld it from this page too.
  const { number, name } = dialog.remote.presentable ? dialog.remote : { number: null, name: null };
  return {
    id: dialog.id,
    state: dialog.phase,
    direction: dialog.direction,
    held: dialog.holding,
    remote: { number: shortened(number), name: shortened(name) },
    since: time(dialog.since),
  };
}

function shortened(text: string | null): string | null {
  return text === null || text.length <= longestName ? text : `${text.slice(0, longestName)}…`;
}

/** `assigned` is said only where the user does not have the feature. */
export function featureShape(feature: FeatureName, state: FeatureState): object {
  return { ...valueShape(feature, state), ...(state.assigned ? {} : { assigned: false }) };
}

function valueShape(feature: FeatureName, { enabled, target, ringCount }: FeatureValue): object {
  if (feature === 'dnd') return { enabled };
  return feature === 'cfna' ? { enabled, target, ringCount } : { enabled, target };
}

export function subscriptionShape(view: SubscriptionView): object {
  return {
    ...view,
    ext: userOf(view.aor),
    createdAt: time(view.createdAt),
    expiresAt: time(view.expiresAt),
    lastNotifyAt: view.lastNotifyAt === null ? null : time(view.lastNotifyAt),
  };
}

export function auditShape(row: AuditRow): object {
  return {
    at: time(row.at),
    aor: row.aor,
    ext: userOf(row.aor),
    feature: row.feature,
    who: row.origin.who,
    via: row.origin.kind,
    from: row.origin.from,
    userAgent: row.origin.userAgent,
    old: valueShape(row.feature, row.before),
    new: valueShape(row.feature, row.after),
    wished: row.wished === null ? null : valueShape(row.feature, row.wished),
    decision: row.decision,
    reason: row.reason,
  };
}

export function linkShape(link: LinkView): object {
  return { source: link.source, state: link.state, reason: link.reason, since: time(link.since) };
}

function time(ms: number): string {
  // What lies outside the range of a date would throw, and with it the whole answer.
  return new Date(Math.min(Math.max(ms, 0), 8.64e15)).toISOString();
}
