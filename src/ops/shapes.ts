import type { AgentState } from '../model/agent.ts';
import { userOf } from '../model/aor.ts';
import type { AuditRow } from '../model/audit.ts';
import type { FeatureName, FeatureState, FeatureValue } from '../model/feature.ts';
import type { PhoneView } from '../model/phone.ts';
import type { Published } from '../model/publication.ts';
import { reachable } from '../model/reachable.ts';
import type { DialogView, LinkView, PublicationView, ResourceView, SubscriptionView } from '../model/views.ts';

/** The shapes of the API: stable, and without what is internal. Times are ISO 8601 in UTC. */

/** What callers call themselves is as long as a SIP message, and goes to every reader of the event stream. */
const longestName = 256;

/** @param phones of this user, registered through us; undefined: no REGISTER goes through us. */
export function extensionShape(view: ResourceView, subscriptions: number, phones?: readonly PhoneView[]): object {
  const { dnd, cfa, cfb, cfna } = view.features;
  return {
    aor: view.aor,
    ext: userOf(view.aor),
    ...(view.lamp === true ? { lamp: true } : {}),
    displayName: view.displayName,
    ...(view.untold === true ? { untold: true } : {}),
    registered: view.contacts > 0,
    reachable: reachable(view),
    dialogs: view.dialogs.map(dialogShape),
    features: {
      dnd: featureShape('dnd', dnd, view),
      cfa: featureShape('cfa', cfa, view),
      cfb: featureShape('cfb', cfb, view),
      cfna: featureShape('cfna', cfna, view),
    },
    mailbox: view.mailbox,
    agent: agentShape(view.agent ?? null),
    subscriptions,
    ...(phones === undefined ? {} : { phones: phones.map(phoneShape) }),
    stale: view.stale,
  };
}

/** A call and whose it is. */
export function callShape(view: ResourceView, dialog: DialogView): object {
  return { ...dialogShape(dialog), ext: userOf(view.aor), aor: view.aor, stale: view.stale };
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

/**
 * `assigned` is said only where the user does not have the feature, `known` only where nobody has told how it stands.
 *
 * @param view whose feature it is.
 */
export function featureShape(
  feature: FeatureName,
  state: FeatureState,
  view: Pick<ResourceView, 'untold'> | null | undefined,
): object {
  const isKnown = view?.untold !== true || state.rev > 0;
  return {
    ...valueShape(feature, state),
    ...(state.assigned ? {} : { assigned: false }),
    ...(isKnown ? {} : { known: false }),
  };
}

/** null: he is no agent. */
export function agentShape(agent: AgentState | null): object | null {
  return agent === null ? null : { state: agent.phase, reason: agent.reason };
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

export function phoneShape({ aor, contact, userAgent, since, expiresAt, ...view }: PhoneView): object {
  return {
    aor,
    ext: userOf(aor),
    contact: shortened(contact),
    ...view,
    userAgent: shortened(userAgent),
    since: time(since),
    expiresAt: time(expiresAt),
  };
}

export function publicationShape(view: PublicationView): object {
  const { id, aor, event, publisher, source, userAgent } = view;
  return {
    id,
    aor,
    ext: userOf(aor),
    event,
    publisher: publisher ?? 'api',
    says: view.said === null ? null : saidShape(view.said),
    source,
    userAgent,
    createdAt: time(view.createdAt),
    expiresAt: view.expiresAt === null ? null : time(view.expiresAt),
  };
}

function saidShape(said: Published): object {
  if (said.kind === 'mailbox') return { mailbox: said.counts };
  if (said.kind === 'presence') {
    const { basic, activities, notes } = said;
    return { presence: { basic, activities: activities.map(shortened), notes: notes.map(shortened) } };
  }
  return {
    dialogs: said.dialogs.map(({ phase, direction, holding, remote, since = 0 }) => {
      const { number, name } = remote.presentable ? remote : { number: null, name: null };
      const party = { number: shortened(number), name: shortened(name) };
      return { state: phase, direction, held: holding, remote: party, since: time(since) };
    }),
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
    ...auditedValues(row),
    decision: row.decision,
    reason: row.reason,
  };
}

function auditedValues(row: AuditRow): object {
  if (row.feature === 'agent') {
    return { old: agentShape(row.before), new: agentShape(row.after), wished: agentShape(row.wished) };
  }
  const { feature, before, after, wished } = row;
  return {
    old: valueShape(feature, before),
    new: valueShape(feature, after),
    wished: wished === null ? null : valueShape(feature, wished),
  };
}

export function linkShape(link: LinkView): object {
  return { source: link.source, state: link.state, reason: link.reason, since: time(link.since) };
}

function time(ms: number): string {
  // What lies outside the range of a date would throw, and with it the whole answer.
  return new Date(Math.min(Math.max(ms, 0), 8.64e15)).toISOString();
}
