import { type FeatureName, type FeatureValue, featureNames, featureOff } from '../../../src/model/feature.ts';
import type { Place, Templates } from '../options.ts';

/** The rows of the polled families: `FAMILY/key` to value. */
export type Database = ReadonlyMap<string, string>;

export type Step =
  | { readonly do: 'put'; readonly family: string; readonly key: string; readonly value: string }
  | { readonly do: 'del'; readonly family: string; readonly key: string }
  | { readonly do: 'state'; readonly device: string; readonly state: string };

/** A row's address in the PBX's database. */
export interface Row {
  readonly family: string;
  readonly key: string;
}

/**
 * The last guard before the dialplan: what is written here ends up in Dial strings, database keys and AMI lines. Judging
 * whether a target is allowed is the gate's work; this only keeps metacharacters out.
 */
export function isSafeTarget(target: string): boolean {
  return /^[+]?[A-Za-z0-9*#._-]{1,64}$/.test(target);
}

export function isSafeUser(user: string): boolean {
  return /^[A-Za-z0-9+*#._-]{1,64}$/.test(user);
}

/** Where the features of a user lie in AstDB, and which writes make up one change. Pure: the steps are data. */
export class AstdbFeatures {
  readonly #templates: Templates;
  readonly #secondsPerRing: number;
  readonly #writeRingTimer: boolean;
  /** Last count wished by a phone, for a PBX that keeps no ring time of its own. */
  readonly #wishedRings = new Map<string, number>();

  constructor(templates: Templates, secondsPerRing: number, writeRingTimer: boolean) {
    this.#templates = templates;
    this.#secondsPerRing = secondsPerRing;
    this.#writeRingTimer = writeRingTimer;
  }

  /** The features that have a place. */
  get names(): readonly FeatureName[] {
    return featureNames.filter((name) => this.#templates[name] !== undefined);
  }

  /** Families to read often: those of the features. */
  get families(): readonly string[] {
    return [...new Set(this.#places().map(([, place]) => place.family))];
  }

  /** The feature raises an event when it changes: it has device states. */
  notifies(feature: FeatureName): boolean {
    return (this.#templates[feature]?.states.length ?? 0) > 0;
  }

  rowOf(user: string, feature: FeatureName): Row | null {
    const place = this.#templates[feature];
    return place === undefined ? null : { family: place.family, key: fill(place.key, user) };
  }

  ringTimerRow(user: string): Row | null {
    const place = this.#templates.ringTimer;
    return place === undefined ? null : { family: place.family, key: fill(place.key, user) };
  }

  devicesRow(user: string): Row | null {
    const place = this.#templates.devices;
    return place === undefined ? null : { family: place.family, key: fill(place.key, user) };
  }

  /** Where it stands whose device this is. */
  userRow(device: string): Row | null {
    const place = this.#templates.user;
    return place === undefined ? null : { family: place.family, key: fill(place.key, device) };
  }

  /** The value of a feature. `ringTimer`: seconds as the PBX keeps them, 0 = it has none of its own. */
  value(feature: FeatureName, user: string, stored: string | undefined, ringTimer: number): FeatureValue {
    const enabled = stored !== undefined && stored !== '';
    if (feature === 'dnd') return enabled ? { ...featureOff, enabled } : featureOff;
    const ringCount = feature === 'cfna' ? this.#ringCount(user, ringTimer) : null;
    return { enabled, target: enabled ? stored : null, ringCount };
  }

  /** All values of a user that the database answers. */
  values(user: string, rows: Database, ringTimer: number): ReadonlyMap<FeatureName, FeatureValue> {
    const values = new Map<FeatureName, FeatureValue>();
    for (const name of this.names) {
      const row = this.rowOf(user, name);
      if (row === null) continue;
      values.set(name, this.value(name, user, rows.get(`${row.family}/${row.key}`), ringTimer));
    }
    return values;
  }

  /** The writes of one change, in order: the row first, then what lamps and FreePBX's own pages look at. */
  steps(user: string, feature: FeatureName, target: string | null, devices: readonly string[]): readonly Step[] {
    const place = this.#templates[feature];
    if (place === undefined) return [];
    const row = { family: place.family, key: fill(place.key, user) };
    const write: Step =
      target === null ? { do: 'del', ...row } : { do: 'put', ...row, value: feature === 'dnd' ? place.on : target };
    return [write, ...statesOf(place, user, target !== null, devices)];
  }

  /** The write of a ring time, where that is allowed. */
  ringSteps(user: string, ringCount: number): readonly Step[] {
    const row = this.ringTimerRow(user);
    if (!this.#writeRingTimer || row === null) return [];
    return [{ do: 'put', ...row, value: String(Math.round(ringCount * this.#secondsPerRing)) }];
  }

  /** Keeps the count a phone wished, because the PBX does not. */
  remember(user: string, ringCount: number): void {
    this.#wishedRings.set(user, ringCount);
  }

  /** True where a change of this device state may mean that a feature changed. */
  isTrigger(deviceState: string): boolean {
    return this.#places().some(([, place]) =>
      place.states.some((it) => deviceState.startsWith(it.name.slice(0, it.name.indexOf('{')))),
    );
  }

  /** True where this line of dialplan writes one of the families (the value in it is not to be trusted). */
  isWrite(applicationData: string): boolean {
    return this.families.some((it) =>
      new RegExp(`(?:DB\\(|DB_DELETE\\(|Deleting: )${escaped(it)}/`).test(applicationData),
    );
  }

  #places(): [FeatureName, Place][] {
    return featureNames.flatMap((name) => {
      const place = this.#templates[name];
      return place === undefined ? [] : [[name, place] as [FeatureName, Place]];
    });
  }

  #ringCount(user: string, ringTimer: number): number | null {
    if (!(ringTimer > 0)) return this.#wishedRings.get(user) ?? null;
    return Math.min(Math.max(Math.ceil(ringTimer / this.#secondsPerRing), 1), 20);
  }
}

function statesOf(place: Place, user: string, on: boolean, devices: readonly string[]): Step[] {
  return place.states.flatMap((it) => {
    const state = on ? it.on : it.off;
    if (!it.name.includes('{device}')) return [{ do: 'state', device: fill(it.name, user), state } as const];
    return devices.map((device) => ({ do: 'state', device: fill(it.name, user, device), state }) as const);
  });
}

function fill(template: string, ext: string, device = ext): string {
  return template.replaceAll(/\{(ext|device)\}/g, (_, what) => (what === 'ext' ? ext : device));
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\-]/g, '\\$&');
}
