import type { Aor } from '../../../src/model/aor.ts';
import type { FeatureName, FeatureValue, Wish } from '../../../src/model/feature.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import type { EslCommands } from '../esl/commands.ts';

/** A home of features in FreeSWITCH, which has none of its own. Knows no sockets, only commands. */
export interface FeatureBackend {
  /** The features it keeps: those that can be read and written. */
  readonly names: readonly FeatureName[];
  /** A change by somebody else raises an event; false: it is found by polling. */
  readonly notified: boolean;
  /** A write may change more than what was wished: everything is to be read afterwards. */
  readonly entangled: boolean;
  /** What it holds for one user, for each of `names`. Rejects with a Fault where the PBX cannot be asked. */
  read(esl: EslCommands, aor: Aor): Promise<ReadonlyMap<FeatureName, FeatureValue>>;
  /**
   * Writes, reads back, answers what the PBX holds now. `before`: what it held, as far as known. A refusal has one of the
   * codes of `PbxAdapter.setFeature`; rejects with a Fault where the PBX cannot be asked.
   */
  write(esl: EslCommands, wish: Wish, before: FeatureValue, deadlineMs: number): Promise<Outcome<FeatureValue>>;
}
