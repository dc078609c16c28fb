import type { Clock } from '../../../src/model/clock.ts';
import { Fault } from '../../../src/model/errors.ts';
import type { AdapterTools } from '../../adapter.ts';
import { type Heard, openOnce } from '../../open-once.ts';
import { EslLink } from '../esl/esl-link.ts';
import type { EslEvent } from '../esl-event.ts';
import type { FreeswitchOptions } from '../options.ts';

/** The event socket, as far as checks ask it. */
export interface AskedEsl extends Heard<EslEvent> {
  readonly link: EslLink;
}

/** What the checks look at. */
export interface FreeswitchSeen {
  readonly options: FreeswitchOptions;
  readonly clock: Clock;
  /** A Fault: why it cannot be asked. */
  readonly esl: AskedEsl | Fault;
  /** In mode native another script answers the phones, so we keep silent. */
  readonly silenced: boolean;
  /** Who we are in probes. */
  readonly mark: string;
}

/** What a running adapter lends its checks. */
export interface OwnEsl extends Heard<EslEvent> {
  readonly link: EslLink;
  readonly silenced: boolean;
}

/** What an account subscribes to. */
export interface Wanted {
  readonly events: readonly string[];
  readonly subclasses: readonly string[];
}

/** Over the adapter's link where it is up, else over one for the time of the checks; and how to let go of it. */
export async function lookAt(
  options: FreeswitchOptions,
  own: OwnEsl,
  wanted: Wanted,
  tools: AdapterTools,
): Promise<{ readonly esl: AskedEsl | Fault; close(): void }> {
  if (own.link.up && (await isAlive(own.link)))
    return { esl: { link: own.link, hear: (listener) => own.hear(listener) }, close: () => undefined };
  const link = new EslLink({ ...options.esl, ...wanted }, tools);
  const opened = await openOnce<EslEvent>(link, tools.clock);
  if (opened instanceof Fault) return { esl: opened, close: () => undefined };
  return { esl: { link, hear: opened.hear }, close: opened.close };
}

/** How long an answer may take; milliseconds. */
const answerMs = 3_000;

/** A PBX that died a moment ago is up until its socket says so, or half-open for longer. */
async function isAlive(link: EslLink): Promise<boolean> {
  try {
    await link.api('global_getvar', 'core_uuid', answerMs);
    return true;
  } catch (error) {
    // a refusal is a sign of life
    return error instanceof Fault && error.code === 'pbx-refused';
  }
}
