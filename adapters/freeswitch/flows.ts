import { type Aor, aorOf, domainOf, userOf } from '../../src/model/aor.ts';
import type { Logger } from '../../src/model/logger.ts';
import type { Domains } from './domains.ts';
import type { EslCommands } from './esl/commands.ts';
import type { EslEvent } from './esl-event.ts';
import type { LampFact } from './facts.ts';
import { safeAor } from './features/words.ts';
import { lampAor } from './lamp-events.ts';

/** What FusionPBX's own lamps of call flows are told by; only there, for it is an event of every call too. */
export const flowEvents: readonly string[] = ['PRESENCE_IN'];

/**
 * A call flow (day/night switch) was thrown, or somebody asked how it stands. COMPAT(FusionPBX presence_in.lua): `proto`
 * says that it is a flow, `from` is its feature code at its domain; `flow+*800` is lit by night.
 */
export function readFlow(event: EslEvent, domains: Domains): readonly LampFact[] {
  const { proto, from, 'answer-state': state } = event;
  const about = domains.parse(from);
  if (proto !== 'flow' || about === null || (state !== 'confirmed' && state !== 'terminated')) return [];
  const phase = state === 'confirmed' ? 'confirmed' : null;
  const remote = { number: null, name: null };
  // Some versions leave the prefix where it was.
  const plain = aorOf(userOf(about).replace(/^flow\+/, ''), domainOf(about));
  return [{ fact: 'lamp', aor: lampAor('flow', plain), subject: 'night', phase, remote, sole: true }];
}

/**
 * Asks how flows stand, as a phone's subscription would: `blf_subscribe.lua flow`, a startup-script of FusionPBX, answers by
 * the event above. By the source of mod_event_socket a header of ours goes before FreeSWITCH's own of that name, and the
 * script answers what mod_sofia calls from there only. Where nobody answers, a flow is dark until it is thrown.
 */
export async function probeFlows(esl: EslCommands, lamps: readonly Aor[], logger: Logger): Promise<void> {
  for (const lamp of lamps) {
    if (!lamp.startsWith('flow+') || !safeAor.test(lamp)) continue;
    const headers = {
      'Event-Calling-Function': 'sofia_presence_handle_sip_i_subscribe',
      proto: 'flow',
      from: lamp,
      to: lamp,
      expires: '3600',
    };
    try {
      await esl.sendEvent('PRESENCE_PROBE', headers);
    } catch (error) {
      logger.debug({ error: String(error) }, 'call flows could not be asked for');
      return;
    }
  }
}
