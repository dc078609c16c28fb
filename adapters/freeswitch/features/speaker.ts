import type { Aor } from '../../../src/model/aor.ts';
import type { Clock } from '../../../src/model/clock.ts';
import { type FeatureName, type FeatureValue, featureNames, sameFeature } from '../../../src/model/feature.ts';
import type { Logger } from '../../../src/model/logger.ts';
import type { EslCommands } from '../esl/commands.ts';
import { buildNotice, type Features, type NoticeStyle } from './notice.ts';
import type { Place } from './phone-feature.ts';
import { type Phones, placeName, type Question, readQuestion } from './phones.ts';
import { Rest } from './rest.ts';

const restless =
  'a feature goes back and forth, as with phones that have key synchronisation and feature codes: ' +
  'his phones are told when it is quiet';

export interface SpeakerTools {
  readonly esl: EslCommands;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly style: NoticeStyle;
  readonly phones: Phones;
  /** Where phones of a user may be of which nobody has heard since the start. */
  readonly places: (aor: Aor) => readonly Place[];
  readonly complain: (
    kind: string,
    fields: { readonly aor: Aor; readonly [name: string]: unknown },
    message: string,
  ) => void;
}

/** What all phones of a user were last told of a feature, and which question was the last one before that. */
interface Said extends FeatureValue {
  readonly question: number;
}

/** What is still to be said to the phones of one user. */
interface Lane {
  features: Features;
  all: boolean;
  /** By phone. */
  questions: Map<string, Question>;
  busy: boolean;
}

/**
 * Tells phones, by way of FreeSWITCH. One event is under way for each user; what comes meanwhile is told afterwards, once,
 * and as it is then. Nothing waits for a timer, but for phones that contradict each other.
 */
export class Speaker {
  readonly #tools: SpeakerTools;
  readonly #lanes = new Map<Aor, Lane>();
  readonly #said = new Map<Aor, Partial<Record<FeatureName, Said>>>();
  /** Users whose phones could not be told, or not yet. */
  readonly #owed = new Map<Aor, Features>();
  readonly #rest: Rest;

  constructor(tools: SpeakerTools) {
    this.#tools = tools;
    this.#rest = new Rest(tools.clock);
  }

  /** `asked`: the question of one phone; null: all of them are told. */
  tell(aor: Aor, features: Features, asked: string | null): void {
    const question = asked === null ? null : readQuestion(asked);
    // What could not be told is told with this, as it is now.
    const all = this.#owed.delete(aor) || question === null;
    const rests = all && this.#rest.needs(aor);
    if (rests) this.#tellLater(aor, features, question === null);
    this.#speak(aor, features, all && !rests, question);
  }

  /** Tells those who could not be told. */
  again(): void {
    for (const [aor, features] of [...this.#owed]) this.tell(aor, features, null);
  }

  /** Nobody can be told now. */
  pause(): void {
    this.#rest.stop();
  }

  /** Nobody was told anything. */
  forget(): void {
    this.#rest.stop();
    this.#said.clear();
    this.#owed.clear();
  }

  /** When it is quiet, everything: whatever they show meanwhile. */
  #tellLater(aor: Aor, features: Features, changed: boolean): void {
    this.#owed.set(aor, features);
    if (!changed && this.#rest.isUnderWay(aor)) return;
    const isNew = this.#rest.begin(aor, () => {
      const now = this.#owed.get(aor) ?? features;
      this.#owed.delete(aor);
      this.#said.delete(aor);
      this.#speak(aor, now, true, null);
    });
    if (isNew) this.#tools.complain('restless', { aor }, restless);
  }

  #speak(aor: Aor, features: Features, all: boolean, question: Question | null): void {
    const lane = this.#lanes.get(aor) ?? { features, all: false, questions: new Map<string, Question>(), busy: false };
    this.#lanes.set(aor, lane);
    lane.features = features;
    lane.all ||= all;
    if (question !== null) lane.questions.set(question.handle, both(question, lane.questions.get(question.handle)));
    if (!lane.busy) void this.#run(aor, lane);
  }

  async #run(aor: Aor, lane: Lane): Promise<void> {
    lane.busy = true;
    while (lane.all || lane.questions.size > 0) {
      const { features, all, questions } = lane;
      lane.all = false;
      lane.questions = new Map();
      try {
        if (all) await this.#tellAll(aor, features);
        for (const question of questions.values()) await this.#answer(aor, features, question);
      } catch (error) {
        // Nobody knows what arrived: everything is told when the PBX is back.
        this.#said.delete(aor);
        this.#owed.set(aor, features);
        this.#tools.logger.debug({ aor, error: String(error) }, 'phones could not be told their features');
      }
    }
    lane.busy = false;
    this.#lanes.delete(aor);
  }

  /** What differs from what they were told last; everything to those who were told nothing yet. */
  async #tellAll(aor: Aor, features: Features): Promise<void> {
    const { phones, style } = this.#tools;
    const said = this.#said.get(aor);
    const scope = featureNames.filter((it) => said?.[it] === undefined || !sameFeature(said[it], shown(features, it)));
    if (scope.length === 0) return;
    const question = phones.questions;
    const audience = this.#audience(aor);
    if (audience.length === 0) return;
    for (const { place, callId } of audience) {
      await this.#send(aor, buildNotice(place, callId, features, scope, style));
    }
    if (said !== undefined) this.#rest.note(aor, scope);
    // Several features at once go out as the whole picture.
    this.#note(aor, features, scope.length === 1 ? scope : featureNames, question);
  }

  /** A phone is answered, unless what all were told since it asked is the answer. */
  async #answer(aor: Aor, features: Features, question: Question): Promise<void> {
    const phone = this.#tools.phones.of(question.handle);
    if (phone === null || phone.aor !== aor || this.#isAnswered(aor, features, question)) return;
    const scope = scopeOf(question);
    await this.#send(aor, buildNotice(phone.place, phone.callId, features, scope, this.#tools.style));
  }

  #isAnswered(aor: Aor, features: Features, question: Question): boolean {
    const said = this.#said.get(aor);
    return scopeOf(question).every((it) => {
      const last = said?.[it];
      return last !== undefined && last.question >= question.number && sameFeature(last, shown(features, it));
    });
  }

  #note(aor: Aor, features: Features, scope: readonly FeatureName[], question: number): void {
    const said = { ...this.#said.get(aor) };
    for (const it of scope) said[it] = { ...shown(features, it), question };
    this.#said.set(aor, said);
  }

  /** Each place where he has phones, told as a whole; phone by phone where a stranger listens in his name. */
  #audience(aor: Aor): readonly { readonly place: Place; readonly callId: string | null }[] {
    const { phones } = this.#tools;
    const mine = phones.ofUser(aor);
    const places = new Map<string, Place>();
    for (const place of [...mine.map((it) => it.place), ...this.#tools.places(aor)]) {
      places.set(placeName(place), place);
    }
    return [...places].flatMap(([name, place]) => {
      if (!phones.hasStranger(place)) return [{ place, callId: null }];
      const here = mine.filter((it) => placeName(it.place) === name);
      return here.filter(({ callId }) => callId !== null).map(({ callId }) => ({ place, callId }));
    });
  }

  async #send(aor: Aor, notice: ReturnType<typeof buildNotice>): Promise<void> {
    if (notice.ok) await this.#tools.esl.sendEvent('PHONE_FEATURE', notice.value);
    else this.#tools.complain(notice.refusal.code, { aor }, `phones are not told: ${notice.refusal.message}`);
  }
}

/** Two questions of one phone are one. */
function both(later: Question, earlier: Question | undefined): Question {
  if (earlier === undefined) return later;
  const everything = later.about.length === 0 || earlier.about.length === 0;
  const about = everything ? [] : featureNames.filter((it) => later.about.includes(it) || earlier.about.includes(it));
  return { ...later, number: Math.max(later.number, earlier.number), about };
}

function scopeOf({ about }: Question): readonly FeatureName[] {
  return about.length === 0 ? featureNames : about;
}

/** What a phone is shown of a feature. */
function shown(features: Features, feature: FeatureName): FeatureValue {
  const { assigned, enabled, target, ringCount } = features[feature];
  return { enabled: assigned && enabled, target, ringCount };
}
