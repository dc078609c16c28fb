import { token } from '../../../src/model/random.ts';
import type { AdapterTools } from '../../adapter.ts';
import type { EslCommands } from '../esl/commands.ts';
import type { EslEvent } from '../esl-event.ts';

/** An event that every account of ours may hear, whatever it says. */
const probeSubclass = 'lamplighter::changed';

/** Headers of a probe: who sends it, and whether others are to say that they are here. */
const from = 'Lamplighter-Probe';
const ask = 'Lamplighter-Ask';

/** Who sent a probe, or the answer to one; null: the event is neither. */
export function markOf(event: EslEvent): string | null {
  return event['Event-Subclass'] === probeSubclass ? (event[from] ?? null) : null;
}

/** Sends a probe: it comes back to us, and others who hear it answer. Rejects like `sendEvent`. */
export async function sendProbe(esl: EslCommands, mark: string): Promise<void> {
  await esl.sendEvent('CUSTOM', { 'Event-Subclass': probeSubclass, [from]: mark, [ask]: 'yes' });
}

/** Answers are given no faster than this, whoever asks; milliseconds. */
const restMs = 1_000;

/** Lets a second Lamplighter on one FreeSWITCH find the first: no list there names who listens. */
export class Presence {
  /** Names this Lamplighter for the life of its process. */
  readonly mark: string;
  readonly #esl: EslCommands;
  readonly #tools: AdapterTools;
  #answeredAt = Number.NEGATIVE_INFINITY;

  constructor(esl: EslCommands, tools: AdapterTools) {
    this.mark = token(tools.random, 64);
    this.#esl = esl;
    this.#tools = tools;
  }

  /** Answers a probe of somebody else; other events mean nothing here. */
  take(event: EslEvent): void {
    const mark = markOf(event);
    if (mark === null || mark === this.mark || event[ask] === undefined) return;
    const now = this.#tools.clock.now();
    if (now - this.#answeredAt < restMs && now >= this.#answeredAt) return;
    this.#answeredAt = now;
    const answer = this.#esl.sendEvent('CUSTOM', { 'Event-Subclass': probeSubclass, [from]: this.mark });
    answer.catch((error: unknown) => this.#tools.logger.debug({ error: String(error) }, 'a probe was not answered'));
  }
}
