import { type Check, type Finding, runChecks } from '../../../src/model/check.ts';
import type { AdapterTools } from '../../adapter.ts';
import type { FreeswitchOptions } from '../options.ts';
import { esl, eslEvents, eslRights } from './esl-checks.ts';
import { type FreeswitchSeen, lookAt, type OwnEsl, type Wanted } from './seen.ts';
import { featureHome, freeswitchVersion, nativeHook, sofiaProfiles } from './state-checks.ts';

/** What is looked for at a FreeSWITCH, in the order it is told. A new check is one function, and a line here. */
export const freeswitchChecks: readonly Check<FreeswitchSeen>[] = [
  freeswitchVersion,
  esl,
  eslRights,
  eslEvents,
  sofiaProfiles,
  featureHome,
  nativeHook,
];

/** Of what a check may need: a handful of questions, and the wait for an event. */
const eachMs = 9_000;

/** Never rejects; all within `deadlineMs`. A connection of its own is closed at the end. */
export async function examineFreeswitch(
  options: FreeswitchOptions,
  own: OwnEsl,
  mark: string,
  wanted: Wanted,
  tools: AdapterTools,
  deadlineMs: number,
): Promise<readonly Finding[]> {
  const started = tools.clock.now();
  const { esl: reached, close } = await lookAt(options, own, wanted, tools);
  try {
    const seen: FreeswitchSeen = { options, clock: tools.clock, esl: reached, silenced: own.silenced, mark };
    const left = deadlineMs - (tools.clock.now() - started);
    return await runChecks(freeswitchChecks, seen, tools.clock, { eachMs, deadlineMs: left });
  } finally {
    close();
  }
}
