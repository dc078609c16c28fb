import { featureNames } from './feature.ts';
import { Grid, Spread, Tally } from './tally.ts';

/** Methods that are counted by their name. What a stranger invents is `other`, or he could make this grow. */
export const countedMethods = [
  'SUBSCRIBE',
  'PUBLISH',
  'NOTIFY',
  'OPTIONS',
  'REGISTER',
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'PRACK',
  'UPDATE',
  'INFO',
  'MESSAGE',
  'REFER',
] as const;

/**
 * What became of a NOTIFY: `ok`; `timeout`, nobody answered; `unsent`, there was no way to the phone; `gone`, the phone does
 * not know the subscription any more; `refused`, any other error; `overtaken`, its answer was not waited for.
 */
export type NotifyFate = 'ok' | 'timeout' | 'unsent' | 'gone' | 'refused' | 'overtaken';

/**
 * Why a subscription ended: the phone ended it, began anew or did not come back in time; nobody answered or the phone
 * refused its NOTIFYs; an admin ended it; what it watched is gone; the database refused it.
 */
export type SubscriptionEnd = 'ended' | 'replaced' | 'expired' | 'unanswered' | 'refused' | 'removed' | 'gone';

const networkSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 32];
const threadSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const diskSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2];

/** A PBX more than these is one of a configuration that was changed while running. */
const morePbxs = 64;

/**
 * What the rooms count while they work, for whoever asks later (`/metrics`). Each room gets what it counts, and adds plain
 * numbers; nothing here knows names of metrics. No name in it comes from the network: see `Grid`.
 */
export class Meters {
  /** Final answers of ours to SIP requests. */
  readonly answers = new Grid(countedMethods);
  /** By event package. */
  readonly subscribes: Grid;
  readonly publishes: Grid;
  readonly notifies: Grid;
  readonly births: Tally;
  readonly endings: Grid;
  readonly pushes: Grid;
  /** From a NOTIFY to its answer; by event package. */
  readonly notifySeconds: ReadonlyMap<string, Spread>;
  /** Messages of sources beyond their rate. */
  readonly limited = new Tally(['refuse', 'drop']);
  /** New requests that were sent away because of overload. */
  readonly shed = new Tally(['shed']);
  /** Requests that were sent on to the PBX, by method; and what came back, by method and status. */
  readonly relayed = new Tally(countedMethods, 1);
  readonly relayAnswers = new Grid(countedMethods);
  /** Requests that went a further way because the one before brought no answer. */
  readonly failovers = new Tally(['failover']);
  /** By PBX. */
  readonly pbxEvents: Grid;
  readonly pbxLinks: Grid;
  readonly pbxDrift: Tally;
  readonly #pbxLag = new Map<string, Spread>();
  /** Changes of features, by who made them. */
  readonly features = new Grid(featureNames);
  /** Wishes by what became of them, and the codes of those not granted. */
  readonly wishes = new Tally(['granted', 'equal', 'refused', 'failed']);
  readonly refusals = new Grid(['refused', 'failed']);
  /** Questions to hooks. */
  readonly hooks = new Grid(['get', 'set', 'assigned', 'notify']);
  /** Transactions of the database: `full` waits for the disk, `normal` does not. */
  readonly commits = { full: new Spread(diskSeconds), normal: new Spread(diskSeconds) };
  readonly storeFailures = new Tally(['failed']);

  /** `events`: the packages served. `pbxs`: names in the configuration. */
  constructor({ events, pbxs }: { readonly events: readonly string[]; readonly pbxs: readonly string[] }) {
    this.subscribes = new Grid(events);
    this.publishes = new Grid(events);
    this.notifies = new Grid(events);
    this.births = new Tally(events);
    this.endings = new Grid(events);
    this.pushes = new Grid(events);
    this.notifySeconds = new Map(events.map((event) => [event, new Spread(networkSeconds)]));
    this.pbxEvents = new Grid(pbxs, morePbxs);
    this.pbxLinks = new Grid(pbxs, morePbxs);
    this.pbxDrift = new Tally(pbxs, morePbxs);
    for (const pbx of pbxs) this.lagOf(pbx);
  }

  /** From the reading of an event of this PBX to its being taken here; seconds. */
  lagOf(pbx: string): Spread {
    const there = this.#pbxLag.get(pbx);
    if (there !== undefined) return there;
    const spread = new Spread(threadSeconds);
    this.#pbxLag.set(pbx, spread);
    return spread;
  }

  lags(): Iterable<readonly [pbx: string, spread: Spread]> {
    return this.#pbxLag;
  }
}
