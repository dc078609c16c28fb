import { type Aor, domainOf, userOf } from '../../../src/model/aor.ts';
import { Fault } from '../../../src/model/errors.ts';
import {
  type FeatureName,
  type FeatureValue,
  featureNames,
  featureOff,
  type Wish,
} from '../../../src/model/feature.ts';
import { granted, type Outcome, refused } from '../../../src/model/outcome.ts';
import type { EslCommands } from '../esl/commands.ts';
import type { FeatureBackend, Holding } from './backend.ts';
import { printable, ringsOf, safeAor, safeTarget } from './words.ts';

/** The realm of each feature; the key in it is `user@domain`. `config/freeswitch/dialplan.xml` reads and writes the same. */
export const realms: Readonly<Record<FeatureName, string>> = { dnd: 'dnd', cfa: 'cfwd', cfb: 'cfb', cfna: 'cfna' };

/** Seconds a phone rings before its no-answer forward: what the dialplan needs. */
export const secondsRealm = 'cfna_seconds';

/** What `realms.dnd` holds while it is on; off has no row. */
export const dndOn = 'true';

/** COMPAT(FreeSWITCH 1.11): a list is cut off in a buffer of 4,096 bytes, its last comma taken away. Bytes. */
const cutListBytes = 4094;

/**
 * Features in mod_db (kept on disk) or mod_hash (in memory): two modules with the same words. Neither raises an event, so
 * what the dialplan writes is told by the event it fires (`readChanged`), and by polling where it fires none.
 */
export class DatabaseBackend implements FeatureBackend {
  readonly names = featureNames;
  readonly notified = false;
  readonly entangled = false;
  readonly #module: 'db' | 'hash';
  readonly #secondsPerRing: number;

  constructor(module: 'db' | 'hash', secondsPerRing: number) {
    this.#module = module;
    this.#secondsPerRing = secondsPerRing;
  }

  /** Five questions to mod_db; mod_hash has no such word, and looks into memory only. */
  async survey(esl: EslCommands): Promise<Holding> {
    if (this.#module === 'hash') return () => true;
    const keys = new Map<string, ReadonlySet<string> | null>();
    for (const realm of [...Object.values(realms), secondsRealm]) keys.set(realm, await this.#list(esl, realm));
    const has = (realm: string, aor: Aor) => keys.get(realm)?.has(aor) ?? true;
    return (aor, feature) => has(realms[feature], aor) || (feature === 'cfna' && has(secondsRealm, aor));
  }

  async read(esl: EslCommands, aor: Aor, holding?: Holding): Promise<ReadonlyMap<FeatureName, FeatureValue>> {
    const values = new Map<FeatureName, FeatureValue>();
    if (!safeAor.test(aor)) return values;
    for (const feature of this.names) {
      const off = holding !== undefined && !holding(aor, feature);
      values.set(feature, off ? featureOff : await this.#value(esl, aor, feature));
    }
    return values;
  }

  async write(esl: EslCommands, wish: Wish, before: FeatureValue, deadlineMs: number): Promise<Outcome<FeatureValue>> {
    const { aor, feature, enabled, ringCount } = wish;
    if (!safeAor.test(aor)) {
      return refused(
        'pbx-refused',
        `${printable(userOf(aor), 64)}@${domainOf(aor)} cannot be a key of mod_${this.#module}`,
      );
    }
    if (!enabled) {
      // COMPAT(FreeSWITCH 1.11): mod_db refuses an empty value, so off is no row.
      await this.#put(esl, `delete/${realms[feature]}/${aor}`, deadlineMs);
      return granted(await this.#value(esl, aor, feature, deadlineMs));
    }
    const value = feature === 'dnd' ? dndOn : wish.target || before.target;
    if (value === null) return refused('pbx-refused', 'there is no target to forward to');
    if (!safeTarget.test(value)) return refused('pbx-refused', 'the target holds forbidden characters');
    if (feature === 'cfna' && ringCount !== undefined) {
      const seconds = Math.round(ringCount * this.#secondsPerRing);
      await this.#put(esl, `insert/${secondsRealm}/${aor}/${seconds}`, deadlineMs);
    }
    await this.#put(esl, `insert/${realms[feature]}/${aor}/${value}`, deadlineMs);
    return granted(await this.#value(esl, aor, feature, deadlineMs));
  }

  async #value(esl: EslCommands, aor: Aor, feature: FeatureName, deadlineMs?: number): Promise<FeatureValue> {
    const stored = await this.#select(esl, realms[feature], aor, deadlineMs);
    if (feature === 'dnd') return { ...featureOff, enabled: stored === dndOn };
    // What the dialplan would not dial is no forward, whoever wrote it.
    const target = stored !== null && safeTarget.test(stored) ? stored : null;
    if (feature !== 'cfna') return { enabled: target !== null, target, ringCount: null };
    const seconds = await this.#select(esl, secondsRealm, aor, deadlineMs);
    return { enabled: target !== null, target, ringCount: ringsOf(seconds ?? undefined, this.#secondsPerRing) };
  }

  async #select(esl: EslCommands, realm: string, aor: Aor, deadlineMs?: number): Promise<string | null> {
    const reply = await esl.api(this.#module, `select/${realm}/${aor}`, deadlineMs);
    // COMPAT(FreeSWITCH 1.11): the text for any empty answer.
    if (reply === '' || reply.startsWith('-ERR no reply')) return null;
    if (isFailure(reply)) throw this.#failure(reply);
    return reply;
  }

  /** The keys of a realm; null where they are too many to be listed. */
  async #list(esl: EslCommands, realm: string): Promise<ReadonlySet<string> | null> {
    const reply = await esl.api(this.#module, `list/${realm}`);
    if (reply === '' || reply.startsWith('-ERR no reply')) return new Set();
    if (isFailure(reply)) throw this.#failure(reply);
    return Buffer.byteLength(reply) < cutListBytes ? new Set(reply.split(',')) : null;
  }

  async #put(esl: EslCommands, args: string, deadlineMs: number): Promise<void> {
    const reply = await esl.api(this.#module, args, deadlineMs);
    // A key that is not there cannot be deleted: that is what was wished (mod_hash; mod_db says +OK).
    if (reply.startsWith('+OK') || (args.startsWith('delete/') && /^-ERR not found/i.test(reply))) return;
    throw this.#failure(reply);
  }

  #failure(reply: string): Fault {
    return new Fault('pbx-refused', `mod_${this.#module} says '${printable(reply.trim(), 80)}': is the module loaded?`);
  }
}

function isFailure(reply: string): boolean {
  return reply.startsWith('-ERR') || reply.startsWith('-USAGE') || reply === '!err!';
}
