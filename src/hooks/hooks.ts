import type { Aor } from '../model/aor.ts';
import type { Clock } from '../model/clock.ts';
import type { FeatureName } from '../model/feature.ts';
import type { HookAdvice, HookCall, HookQuestion, HookTrouble } from '../model/hook.ts';
import { granted, type Outcome, refused } from '../model/outcome.ts';
import type { Grid } from '../model/tally.ts';
import { HookFailure, type HookLine, type LineTools } from './line.ts';
import { Outage } from './outage.ts';
import { parseAnswer } from './parse.ts';
import { TellQueue } from './tell-queue.ts';
import { Troubles } from './troubles.ts';
import { messageOf } from './words.ts';

/** What is done where the hook does not answer, or not sensibly. */
export type OnFailure = 'refuse' | 'pass';

export interface HookSettings {
  /** The longest time one answer may take; milliseconds. */
  readonly timeoutMs: number;
  /** Features whose store is the hook's. */
  readonly owns: readonly FeatureName[];
  /** Whether its targets need permission by the policy. */
  readonly targets: 'policy' | 'any';
  readonly onFailure: { readonly set: OnFailure; readonly get: OnFailure };
}

/** Questions of one kind under way at once; more are answered by `onFailure`. */
const mostAtOnce = 64;
/** Changes that wait to be told. */
const mostToTell = 1000;
const tellAtOnce = 8;

type Advice = Outcome<HookAdvice | null>;

/** The admin's own code beside the PBX, whatever kind it is: asked within its time, and never trusted to answer. */
export class Hooks {
  readonly owns: ReadonlySet<FeatureName>;
  readonly targets: 'policy' | 'any';
  readonly deadlineMs: number;
  readonly onFailure: HookSettings['onFailure'];
  readonly #line: HookLine;
  readonly #clock: Clock;
  readonly #outage: Outage;
  readonly #troubles = new Troubles();
  readonly #tells: TellQueue<HookQuestion>;
  readonly #counts: Grid | undefined;
  readonly #underWay: Record<HookCall, number> = { get: 0, set: 0, assigned: 0, notify: 0 };
  #stopped = false;

  /** `counts`: of questions, by call and result. */
  constructor(
    line: HookLine,
    settings: HookSettings,
    { logger, clock }: Pick<LineTools, 'logger' | 'clock'>,
    counts?: Grid,
  ) {
    this.#line = line;
    this.#clock = clock;
    this.#counts = counts;
    this.owns = new Set(settings.owns);
    this.targets = settings.targets;
    this.deadlineMs = settings.timeoutMs;
    this.onFailure = settings.onFailure;
    this.#outage = new Outage(logger, 'hook-failed', clock);
    this.#tells = new TellQueue((question) => this.tell(question), mostToTell, tellAtOnce);
  }

  /** What it is, for people. */
  get name(): string {
    return this.#line.name;
  }

  /** Calls that fail at present. */
  get troubles(): readonly HookTrouble[] {
    return this.#troubles.list;
  }

  /** False: it is certain that nobody there takes this call. */
  takes(call: HookCall): boolean {
    return this.#line.takes(call);
  }

  start(): void {
    this.#line.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#tells.clear();
    await this.#line.stop();
  }

  /** A wish: may it pass, and how? Never rejects. */
  async set(question: HookQuestion, deadlineMs: number): Promise<Advice> {
    const own = this.owns.has(question.feature);
    if (own && !this.takes('set')) return failed('the hook owns this feature but takes no `set`');
    const answer = await this.#ask('set', question, deadlineMs);
    // What only the hook can write is not written where it fails, whatever the policy.
    return answer.ok || own || this.onFailure.set === 'refuse' ? answer : granted(null);
  }

  /** How things stand, by the hook. Never rejects; a refusal: it did not say. */
  get(question: HookQuestion): Promise<Advice> {
    return this.#ask('get', question, this.deadlineMs);
  }

  /** Whether the user has the feature; null: it does not say. */
  async assigned(question: HookQuestion): Promise<Outcome<boolean | null>> {
    const answer = await this.#ask('assigned', question, this.deadlineMs);
    if (!answer.ok) return answer;
    return granted(answer.value === null ? null : answer.value.assigned);
  }

  /** A change, told without waiting. */
  notify(question: HookQuestion): void {
    if (!this.takes('notify') || this.#stopped) return;
    if (this.#tells.put(question.aor, question)) return;
    this.#counts?.add('notify', 'dropped');
    const reason = `more than ${mostToTell} changes wait to be told; further ones are dropped`;
    this.#troubles.failed('notify', reason, this.#clock.now());
    this.#outage.failed(reason, { call: 'notify' });
  }

  /** The same, and resolves when it has been told, or not. Never rejects. */
  async tell(question: HookQuestion): Promise<void> {
    if (this.#stopped) return;
    await this.#ask('notify', question, this.deadlineMs);
  }

  async #ask(call: HookCall, question: HookQuestion, deadlineMs: number): Promise<Advice> {
    if (!this.takes(call)) return granted(null);
    if (this.#underWay[call] >= mostAtOnce) return this.#failed(call, question.aor, 'too many questions at once');
    this.#underWay[call]++;
    try {
      const said = parseAnswer(call, await this.#line.ask(call, messageOf(question), deadlineMs));
      if (!said.ok) return this.#failed(call, question.aor, said.refusal.message);
      this.#outage.well();
      this.#troubles.well(call);
      this.#counts?.add(call, 'ok');
      return said;
    } catch (error) {
      const reason = error instanceof HookFailure ? error.message : `internal: ${String(error)}`;
      return this.#failed(call, question.aor, reason);
    } finally {
      this.#underWay[call]--;
    }
  }

  #failed(call: HookCall, aor: Aor, reason: string): Advice {
    this.#counts?.add(call, 'failed');
    if (!this.#stopped) {
      this.#troubles.failed(call, reason, this.#clock.now());
      this.#outage.failed(reason, { hook: this.name, call, aor });
    }
    return failed(`the hook did not decide: ${reason}`);
  }
}

function failed(message: string): Advice {
  return refused('hook-failed', message, 503);
}
