import type { Aor } from '../model/aor.ts';
import type { Snapshot } from '../model/pbx-event.ts';
import type { Agents } from './agents.ts';
import type { ChangeSet } from './change-set.ts';
import type { Dialogs } from './dialogs.ts';
import { type Extensions, sameInfo } from './extensions.ts';
import type { Features } from './features.ts';
import type { Mailboxes } from './mailboxes.ts';
import type { Registrations } from './registrations.ts';

/** The aggregates of the one truth. */
export interface Truth {
  readonly extensions: Extensions;
  readonly dialogs: Dialogs;
  readonly features: Features;
  readonly registrations: Registrations;
  readonly mailboxes: Mailboxes;
  readonly agents: Agents;
}

/** The resources of whose standing (known, name, assigned features) a new list of extensions may change something. */
export function touchedBy(extensions: Extensions, source: string, snapshot: Snapshot): ReadonlySet<Aor> {
  const before = extensions.of(source);
  const after = new Map(snapshot.extensions.map((info) => [info.aor, info]));
  return new Set([...before.keys(), ...after.keys()].filter((aor) => !sameInfo(before.get(aor), after.get(aor))));
}

/**
 * Takes everything one PBX holds as a diff: what is missing has ended, what is equal stays silent, as it comes each minute.
 * Two things are kept where they are missing, because a PBX that cannot list them would put lamps out each minute: features,
 * and mailboxes of extensions that are still there.
 */
export function replace(truth: Truth, source: string, snapshot: Snapshot, changes: ChangeSet): void {
  const { extensions, dialogs, features, registrations, mailboxes, agents } = truth;
  const before = extensions.of(source);
  extensions.replace(source, snapshot.extensions);
  for (const aor of before.keys()) if (!extensions.of(source).has(aor)) mailboxes.drop(source, aor, changes);

  const calling = new Set(snapshot.dialogs.map(({ aor }) => aor));
  for (const aor of dialogs.heldBy(source)) if (!calling.has(aor)) dialogs.set(source, aor, [], changes);
  for (const { aor, legs } of snapshot.dialogs) dialogs.set(source, aor, legs, changes);

  registrations.replace(source, snapshot.registrations, changes);
  for (const { aor, counts } of snapshot.mailboxes) mailboxes.set(source, aor, counts, changes);
  agents.replace(source, snapshot.agents ?? [], changes);
  for (const report of snapshot.features) {
    if (ownsFeatures(extensions, source, report.aor)) features.set(source, report, changes);
  }
}

/** Features belong to the first PBX that has the extension; one that nobody has belongs to whoever speaks of it. */
export function ownsFeatures(extensions: Extensions, source: string, aor: Aor): boolean {
  const owner = extensions.owner(aor);
  return owner === null || owner === source;
}
