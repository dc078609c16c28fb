import { describe, test } from 'node:test';
import { setTimeout as later } from 'node:timers/promises';
import { domain, NativeStage } from '../../flows/native-stage.ts';
import type { FeaturePhone, Told } from '../../support/freeswitch/phones.ts';

const aor = `1001@${domain}`;

/**
 * A phone with key synchronisation and feature codes both set up: what a NOTIFY changes it says again, by a key or by a code
 * that it dials (FusionPBX, pull requests 5839 and 5864).
 */
class Echo {
  readonly #stage: NativeStage;
  readonly #phone: FeaturePhone;
  readonly #how: 'key' | 'code';
  readonly #wayMs: number;
  #heard = 0;
  shows = false;

  /** `wayMs`: how long a message takes, there and back alike. */
  constructor(stage: NativeStage, how: 'key' | 'code', wayMs: number) {
    this.#stage = stage;
    this.#how = how;
    this.#wayMs = wayMs;
    this.#phone = stage.pbx.phones.subscribe('1001', domain);
    const told = this.#phone.told as Told[];
    told.push = (...all) => {
      for (const _ of all) setTimeout(() => this.#hears(), wayMs);
      return Array.prototype.push.apply(told, all);
    };
  }

  press(): void {
    this.shows = !this.shows;
    this.#key(this.shows);
  }

  #hears(): void {
    const { documents } = this.#phone.told[this.#heard++]!;
    const word = documents.map((it) => /<doNotDisturbOn>(\w+)/.exec(it)?.[1]).find((it) => it !== undefined);
    if (word === undefined || (word === 'true') === this.shows) return;
    this.shows = word === 'true';
    if (this.#how === 'key') this.#key(this.shows);
    else setTimeout(() => this.#stage.pbx.dial(aor, word === 'true' ? '*78' : '*79'), this.#wayMs);
  }

  #key(on: boolean): void {
    setTimeout(() => this.#phone.setDnd(on), this.#wayMs);
  }
}

// Each has a PBX of its own, and waits most of the time.
describe('phones that say again whatever they are told', { concurrency: 8 }, () => {
  for (const how of ['key', 'code'] as const) {
    for (const wayMs of [10, 120, 300]) {
      test(`by a ${how}, ${wayMs} ms away, and a key pressed quickly: it ends, and all show what is so`, async () => {
        const it = await NativeStage.open(['1001']);
        try {
          const phones = [1, 1.3, 0.7].map((share) => new Echo(it, how, wayMs * share));
          let last = Date.now();
          it.hub.onChange(({ topic }) => {
            if (topic === 'features') last = Date.now();
          });
          for (let time = 0; time < 5; time++) {
            phones[time % 2]?.press();
            await later(15);
          }
          const quiet = () =>
            Date.now() - last > 4_000 && phones.every(({ shows }) => shows === it.feature('1001', 'dnd').enabled);
          await it.until(quiet, 'it goes on and on');
        } finally {
          await it.close();
        }
      });
    }
  }
});
