import type { Aor } from '../model/aor.ts';
import type { AgentAuditRow, AuditRow, FeatureAuditRow } from '../model/audit.ts';
import type { FeatureRow, FeatureValue } from '../model/feature.ts';
import type { Logger } from '../model/logger.ts';
import type { Meters } from '../model/meters.ts';
import type { Change, LinkView } from '../model/views.ts';
import type { Hub } from '../state/hub.ts';
import type { HubStore } from '../state/hub-store.ts';
import { callWord } from './call-word.ts';

type Told = Pick<Hub, 'view' | 'links' | 'onChange' | 'onLink'>;

/** Extensions whose last word is remembered; more have their changes told without what was before. */
const mostRemembered = 100_000;

/**
 * One line for each change: who, what, from where, old and new (docs/logs.md). What people do and what goes wrong is told at
 * level info, what calls and phones do all day at debug. It counts along.
 */
export class ChangeLog {
  readonly #logger: Logger;
  readonly #meters: Meters;
  /** What was last seen of an extension, by topic. */
  readonly #last = new Map<string, string>();
  readonly #links = new Map<string, LinkView['state']>();

  constructor(logger: Logger, meters: Meters) {
    this.#logger = logger.child('changes');
    this.#meters = meters;
  }

  /** The hub's store, with each feature told that is written to it: also where the disk refuses, for it is true all the same. */
  over(store: HubStore): HubStore {
    return {
      putLegs: (source, aor, legs) => store.putLegs(source, aor, legs),
      commitFeature: (row: FeatureRow, audit: AuditRow | null) => {
        if (audit !== null) this.told(audit);
        store.commitFeature(row, audit);
      },
    };
  }

  /** Every row of the audit trail passes here. */
  told(row: AuditRow): void {
    if (row.feature === 'agent') this.#agent(row);
    else this.#feature(row);
  }

  /** Listens to the hub from now on. */
  watch(hub: Told): void {
    for (const { source, state } of hub.links()) this.#links.set(source, state);
    hub.onLink((link) => this.#link(link));
    hub.onChange((change) => this.#changed(change, hub));
  }

  #feature({ aor, feature, origin, before, after, decision }: FeatureAuditRow): void {
    const { kind, who, from, userAgent } = origin;
    const values = { old: wordOf(before), new: wordOf(after) };
    const fields = { aor, feature, ...values, by: kind, who, from, userAgent };
    if (decision === 'granted' || decision === 'observed') {
      this.#meters.features.add(feature, kind);
      this.#logger.info(fields, 'feature changed');
    } else if (decision === 'equal') {
      this.#logger.debug(fields, 'feature stays: it was so already');
    }
    // the gate tells of those that were not granted
  }

  #agent({ aor, origin, before, after, decision }: AgentAuditRow): void {
    const { kind, who, from, userAgent } = origin;
    const fields = { aor, old: before?.phase ?? null, new: after?.phase ?? null, by: kind, who, from, userAgent };
    if (decision === 'granted') this.#logger.info(fields, 'agent changed');
  }

  #link({ source, state, reason }: LinkView): void {
    const old = this.#links.get(source) ?? null;
    this.#links.set(source, state);
    if (old !== state) this.#meters.pbxLinks.add(source, state);
    const fields = { pbx: source, old, new: state, reason };
    // a PBX with two links that are away has another reason with each attempt, a whole night long; its adapter has told the first
    if (old === state) this.#logger.debug(fields, 'PBX link');
    else if (state === 'down') this.#logger.warn(fields, 'PBX link');
    else this.#logger.info(fields, 'PBX link');
  }

  #changed({ topic, aor, aspects }: Change, hub: Told): void {
    if (topic === 'dialogs') {
      const view = hub.view(aor);
      const word = callWord(view);
      const old = this.#was(topic, aor, word);
      if (old === word || this.#logger.verbose !== true) return;
      const others = view.dialogs.map(({ remote }) => remote.number);
      this.#logger.debug({ aor, old, new: word, with: others }, 'lamp changed');
    } else if (topic === 'registration' && aspects.includes('contacts')) {
      const phones = String(hub.view(aor).contacts);
      const old = this.#was(topic, aor, phones);
      if (old !== phones)
        this.#logger.debug({ aor, old: old === null ? null : Number(old), new: Number(phones) }, 'phones changed');
    } else if (topic === 'mailbox') {
      const { mailbox } = hub.view(aor);
      const counts = mailbox === null ? 'none' : `${mailbox.new}/${mailbox.old}`;
      const old = this.#was(topic, aor, counts);
      if (old !== counts) this.#logger.debug({ aor, old, new: counts }, 'mailbox changed');
    }
  }

  /** null: not seen before. */
  #was(topic: string, aor: Aor, word: string): string | null {
    const key = `${topic} ${aor}`;
    const old = this.#last.get(key) ?? null;
    if (old !== null || this.#last.size < mostRemembered) this.#last.set(key, word);
    return old;
  }
}

/** `off`, `on`, `on 1002`, `on 1002 after 4 rings`; what is remembered of a forward that is off stands in brackets. */
function wordOf({ enabled, target, ringCount }: FeatureValue): string {
  if (!enabled) return target === null ? 'off' : `off (${target})`;
  return ['on', target, ringCount === null ? null : `after ${ringCount} rings`]
    .filter((part) => part !== null)
    .join(' ');
}
