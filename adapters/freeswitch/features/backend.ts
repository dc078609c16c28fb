import type { Aor } from '../../../src/model/aor.ts';
import type { FeatureName, FeatureValue, Wish } from '../../../src/model/feature.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import type { EslCommands } from '../esl/commands.ts';

/** Whether something may be kept for a user's feature; false: certainly not, it is off. */
export type Holding = (aor: Aor, feature: FeatureName) => boolean;

/** A home of features in FreeSWITCH, which has none of its own. Knows no sockets, only commands. */
export interface FeatureBackend {
  /** The features it keeps: those that can be read and written. */
  readonly names: readonly FeatureName[];
  /** A change by somebody else raises an event; false: it is found by polling. */
  readonly notified: boolean;
  /** A write may change more than what was wished: everything is to be read afterwards. */
  readonly entangled: boolean;
  /**
   * Who has anything at all, as far as that can be asked with few questions, so that thousands of users without need none.
   * As it was at some moment during the call. Rejects with a Fault where the PBX cannot be asked.
   */
  survey(esl: EslCommands): Promise<Holding>;
  /** What it holds for one user, for each of `names`; what `holding` knows is not asked. Rejects like `survey`. */
  read(esl: EslCommands, aor: Aor, holding?: Holding): Promise<ReadonlyMap<FeatureName, FeatureValue>>;
  /**
   * Writes, reads back, answers what the PBX holds now. `before`: what it held, as far as known. A refusal has one of the
   * codes of `PbxAdapter.setFeature`; rejects with a Fault where the PBX cannot be asked.
   */
  write(esl: EslCommands, wish: Wish, before: FeatureValue, deadlineMs: number): Promise<Outcome<FeatureValue>>;
}
