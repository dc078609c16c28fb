import { type Aor, aorOf } from '../../src/model/aor.ts';
import type { AuditRow } from '../../src/model/audit.ts';
import type { FeatureName, FeatureRow, FeatureValue } from '../../src/model/feature.ts';
import type { Leg, PbxEvent, Snapshot } from '../../src/model/pbx-event.ts';
import type { Change } from '../../src/model/views.ts';
import { Hub } from '../../src/state/hub.ts';
import type { HubStore } from '../../src/state/hub-store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

export const domain = 'pbx.example.com';
export const a1001 = aorOf('1001', domain);
export const a1002 = aorOf('1002', domain);
export const a1003 = aorOf('1003', domain);

/** A store that keeps everything, or fails on demand. */
export class MemoryStore implements HubStore {
  readonly rows: FeatureRow[] = [];
  readonly audits: AuditRow[] = [];
  readonly legs = new Map<string, readonly Leg[]>();
  legWrites = 0;
  broken = false;

  commitFeature(row: FeatureRow, audit: AuditRow | null): void {
    if (this.broken) throw new Error('disk full');
    this.rows.push(row);
    if (audit !== null) this.audits.push(audit);
  }

  putLegs(source: string, aor: Aor, legs: readonly Leg[]): void {
    if (this.broken) throw new Error('disk full');
    this.legWrites++;
    this.legs.set(`${source} ${aor}`, legs);
  }
}

export interface Bench {
  readonly hub: Hub;
  readonly clock: FakeClock;
  readonly store: MemoryStore;
  readonly logger: RecordingLogger;
  readonly changes: Change[];
  /** Empties `changes` and answers `topic user aspects` of each. */
  heard(): string[];
}

export function bench(sources: readonly string[] = ['main'], clock = new FakeClock()): Bench {
  const store = new MemoryStore();
  const logger = new RecordingLogger();
  const hub = new Hub({ clock, logger, store, secret: Buffer.alloc(32, 7), sources });
  const changes: Change[] = [];
  hub.onChange((change) => changes.push(change));
  const heard = () =>
    changes.splice(0).map((c) => [c.topic, c.aor.slice(0, c.aor.indexOf('@')), c.aspects.join()].join(' ').trim());
  return { hub, clock, store, logger, changes, heard };
}

/** A bench whose PBX `main` is up and has 1001 to 1003. */
export function inStep(): Bench {
  const made = bench();
  made.hub.apply(snapshot({ extensions: [a1001, a1002, a1003].map((aor) => ({ aor, displayName: null })) }));
  made.hub.apply({ type: 'link', source: 'main', state: 'up', reason: null });
  made.heard();
  return made;
}

export function leg(id: string, more: Partial<Leg> = {}): Leg {
  return {
    id,
    call: 'c1',
    phase: 'early',
    direction: 'recipient',
    holding: false,
    remote: { number: null, name: null, presentable: true },
    since: 1000,
    ...more,
  };
}

export function dialogs(aor: Aor, legs: readonly Leg[], source = 'main'): PbxEvent {
  return { type: 'dialogs', source, aor, legs };
}

export function feature(aor: Aor, name: FeatureName, value: Partial<FeatureValue>, source = 'main'): PbxEvent {
  return {
    type: 'feature',
    source,
    aor,
    feature: name,
    value: { enabled: false, target: null, ringCount: null, ...value },
  };
}

export function snapshot(parts: Partial<Snapshot>, source = 'main', epoch = 'e1'): PbxEvent {
  const nothing: Snapshot = { extensions: [], dialogs: [], features: [], registrations: [], mailboxes: [] };
  return { type: 'snapshot', source, epoch, snapshot: { ...nothing, ...parts } };
}
