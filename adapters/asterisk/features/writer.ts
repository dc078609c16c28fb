import { Fault } from '../../../src/model/errors.ts';
import type { FeatureName, FeatureValue, Wish } from '../../../src/model/feature.ts';
import type { Logger } from '../../../src/model/logger.ts';
import { granted, type Outcome, refused } from '../../../src/model/outcome.ts';
import { type AmiLink, refusal } from '../ami.ts';
import type { Fields } from '../ami-wire.ts';
import { type AstdbFeatures, isSafeTarget, isSafeUser, type Step } from './astdb.ts';
import { type RingTimers, readRingTimer, readRow } from './rows.ts';

/** Puts a wish into the PBX's database and reads it back. One user's writes follow one another. */
export class FeatureWriter {
  readonly #ami: AmiLink;
  readonly #features: AstdbFeatures;
  readonly #ringTimers: RingTimers;
  readonly #logger: Logger;
  readonly #queues = new Map<string, Promise<unknown>>();
  #writes = 0;

  constructor(ami: AmiLink, features: AstdbFeatures, ringTimers: RingTimers, logger: Logger) {
    this.#ami = ami;
    this.#features = features;
    this.#ringTimers = ringTimers;
    this.#logger = logger;
  }

  /** Grows with each begin and end of a write: a reading during which it grew may be half old. */
  get writes(): number {
    return this.#writes;
  }

  /**
   * Rejects where the PBX cannot be asked. `isLate`: who wished it was told that it failed, so it is not begun behind his back.
   */
  write(user: string, wish: Wish, deadlineMs: number, isLate: () => boolean): Promise<Outcome<FeatureValue>> {
    const before = this.#queues.get(user) ?? Promise.resolve();
    const mine = before.then(() => (isLate() ? late : this.#write(user, wish, deadlineMs)));
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#queues.set(user, settled);
    return mine.finally(() => {
      if (this.#queues.get(user) === settled) this.#queues.delete(user);
    });
  }

  async #write(user: string, wish: Wish, deadlineMs: number): Promise<Outcome<FeatureValue>> {
    if (!isSafeUser(user)) return refused('pbx-refused', 'the user name cannot be a key of the database');
    const { feature } = wish;
    const target = wish.enabled ? await this.#targetOf(user, wish) : null;
    if (wish.enabled && target === null) return refused('pbx-refused', 'there is no target to forward to');
    if (target !== null && !isSafeTarget(target))
      return refused('pbx-refused', 'the target holds forbidden characters');
    this.#writes++;
    try {
      const devices = await this.#devicesOf(user);
      for (const step of this.#features.steps(user, feature, target, devices)) await this.#take(step, deadlineMs);
      if (feature === 'cfna' && wish.ringCount !== undefined) await this.#ring(user, wish.ringCount, deadlineMs);
      return granted(await this.#value(user, feature));
    } finally {
      this.#writes++;
    }
  }

  /** A wish without a target means the one the PBX has. */
  async #targetOf(user: string, wish: Wish): Promise<string | null> {
    if (wish.feature === 'dnd') return 'on';
    if (wish.target !== undefined && wish.target !== '') return wish.target;
    return (await this.#value(user, wish.feature)).target;
  }

  async #ring(user: string, ringCount: number, deadlineMs: number): Promise<void> {
    for (const step of this.#features.ringSteps(user, ringCount)) await this.#take(step, deadlineMs);
    this.#features.remember(user, ringCount);
  }

  async #value(user: string, feature: FeatureName): Promise<FeatureValue> {
    const row = this.#features.rowOf(user, feature);
    const stored = row === null ? null : await readRow(this.#ami, row.family, row.key);
    if (feature === 'cfna') await readRingTimer(this.#ami, this.#features, this.#ringTimers, user);
    return this.#features.value(feature, user, stored ?? undefined, this.#ringTimers.get(user) ?? 0);
  }

  /** FreePBX's device-and-user mode: one user, several devices. */
  async #devicesOf(user: string): Promise<readonly string[]> {
    const row = this.#features.devicesRow(user);
    const stored = row === null ? null : await readRow(this.#ami, row.family, row.key);
    const devices = (stored ?? '').split('&').filter((it) => isSafeUser(it));
    return devices.length === 0 ? [user] : devices;
  }

  async #take(step: Step, deadlineMs: number): Promise<void> {
    const [action, fields] = actionOf(step);
    const { ok, message } = await this.#ami.action(action, fields, deadlineMs);
    // A row that is not there cannot be deleted: that is what was wished.
    if (ok || (step.do === 'del' && /could not be deleted|not found|does not exist/i.test(message))) return;
    const error = refusal(action, message);
    // The row decides about calls and is written; a state is only what lamps of the PBX itself look at.
    if (step.do !== 'state') throw error;
    const code = error instanceof Fault ? error.code : undefined;
    this.#logger.error({ code }, `${step.device} cannot be set: ${error.message}`);
  }
}

const late = refused<FeatureValue>('pbx-timeout', 'the PBX was busy for too long; nothing was written');

function actionOf(step: Step): [action: string, fields: Fields] {
  switch (step.do) {
    case 'put':
      return [
        'DBPut',
        [
          ['Family', step.family],
          ['Key', step.key],
          ['Val', step.value],
        ],
      ];
    case 'del':
      return [
        'DBDel',
        [
          ['Family', step.family],
          ['Key', step.key],
        ],
      ];
    case 'state':
      return [
        'Setvar',
        [
          ['Variable', `DEVICE_STATE(${step.device})`],
          ['Value', step.state],
        ],
      ];
  }
}
