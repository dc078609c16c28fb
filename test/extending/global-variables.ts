import type { EslCommands } from '../../adapters/freeswitch/esl/commands.ts';
import type { FeatureBackend, Holding } from '../../adapters/freeswitch/features/backend.ts';
import { safeAor, safeTarget } from '../../adapters/freeswitch/features/words.ts';
import type { Aor } from '../../src/model/aor.ts';
import { Fault } from '../../src/model/errors.ts';
import { type FeatureName, type FeatureValue, featureOff, type Wish } from '../../src/model/feature.ts';
import { granted, type Outcome, refused } from '../../src/model/outcome.ts';

/** Features in FreeSWITCH's global variables: `dnd_1001@pbx.example.com=on`. They are gone when FreeSWITCH is started again. */
export class GlobalVariables implements FeatureBackend {
  readonly names = ['dnd', 'cfa'] as const;
  readonly notified = false;
  readonly entangled = false;

  /** There is no list to ask for, so every user may have something. */
  async survey(): Promise<Holding> {
    return () => true;
  }

  async read(esl: EslCommands, aor: Aor): Promise<ReadonlyMap<FeatureName, FeatureValue>> {
    const values = new Map<FeatureName, FeatureValue>();
    if (!safeAor.test(aor)) return values;
    for (const feature of this.names) values.set(feature, await this.#value(esl, aor, feature));
    return values;
  }

  async write(
    esl: EslCommands,
    { aor, feature, enabled, target }: Wish,
    before: FeatureValue,
    deadlineMs: number,
  ): Promise<Outcome<FeatureValue>> {
    if (feature !== 'dnd' && feature !== 'cfa') return refused('not-writable', `${feature} is not kept here`);
    if (!safeAor.test(aor)) return refused('pbx-refused', 'this user cannot be part of a variable');
    const value = !enabled ? '' : feature === 'dnd' ? 'on' : target || before.target;
    if (value === null) return refused('pbx-refused', 'there is no target to forward to');
    if (value !== '' && !safeTarget.test(value)) return refused('pbx-refused', 'the target holds forbidden characters');
    const reply = await esl.api('global_setvar', `${feature}_${aor}=${value}`, deadlineMs);
    if (!reply.startsWith('+OK')) throw new Fault('pbx-refused', 'FreeSWITCH does not set the variable');
    return granted(await this.#value(esl, aor, feature, deadlineMs));
  }

  async #value(esl: EslCommands, aor: Aor, feature: 'dnd' | 'cfa', deadlineMs?: number): Promise<FeatureValue> {
    const text = await esl.api('global_getvar', `${feature}_${aor}`, deadlineMs);
    // Somebody else may have written it: what must not be dialled is no forward.
    if (text.startsWith('-ERR') || !safeTarget.test(text)) return featureOff;
    return { ...featureOff, enabled: true, target: feature === 'dnd' ? null : text };
  }
}
