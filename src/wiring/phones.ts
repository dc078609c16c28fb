import { upstreamsOf } from '../config/inline-schema.ts';
import type { Config } from '../config/schema.ts';
import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { RegistrationRow } from '../model/phone.ts';
import type { Random } from '../model/random.ts';
import { type Flow, isStream, type SipEngine } from '../sip/engine.ts';
import { RegisterLearner } from '../sip/inline/learning.ts';
import { OwnDevices } from '../sip/inline/own-devices.ts';
import { LearntPhones, type RegistrationStore } from '../sip/inline/registrations.ts';
import type { SipUri } from '../sip/message/uri.ts';
import type { Places } from '../sip/places.ts';
import type { SecurityReports } from '../sip/security-log.ts';

export interface PhonesSide {
  readonly config: Pick<Config, 'sip'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly security: SecurityReports;
  /** Makes the names of registrations; the same after a restart. */
  readonly secret: Buffer;
  readonly store: RegistrationStore;
  readonly registrations: readonly RegistrationRow[];
  readonly places: Places;
  readonly engine: Pick<SipEngine, 'reachableAt'>;
  /** Addresses that may bring any number of phones. */
  readonly exempt: (address: string) => boolean;
}

/** What is learnt of phones that register through us. */
export interface InlinePhones {
  readonly phones: LearntPhones;
  readonly edits: RegisterLearner;
  readonly devices: OwnDevices;
  /** For the authenticator; absent: nobody is believed for having registered. */
  readonly registered?: (flow: Flow, from: SipUri) => Aor | null;
}

/** null: no REGISTER goes through us. */
export function inlinePhones(side: PhonesSide): InlinePhones | null {
  const { config, clock, random, logger, secret, store, places, engine, exempt, security } = side;
  const { inline } = config.sip;
  if (upstreamsOf(config.sip).length === 0) return null;
  const isOpen = (flow: Flow) => engine.reachableAt === undefined || engine.reachableAt(flow) !== null;
  const phones = new LearntPhones({ secret, store, clock, logger, exempt, isOpen });
  phones.restore(side.registrations);
  const edits = new RegisterLearner({
    phones,
    reach: inline.reach,
    places,
    clock,
    random,
    logger: logger.child('phones'),
    security,
  });
  const devices = new OwnDevices(phones);
  if (inline.believe === 'none') return { phones, edits, devices };
  const registered = (flow: Flow, from: SipUri): Aor | null => {
    if (inline.believe === 'streams' && !isStream(flow.transport)) return null;
    const aor = places.aorFor(from);
    return aor !== null && phones.isProven(flow, aor) ? aor : null;
  };
  return { phones, edits, devices, registered };
}
