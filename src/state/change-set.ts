import type { Aor } from '../model/aor.ts';
import type { Change, Topic } from '../model/views.ts';

/** What one event changed: one `Change` for each topic of each resource, however many things moved in it. */
export class ChangeSet {
  readonly #aspects = new Map<Aor, Map<Topic, Set<string>>>();
  /** A hook wants no NOTIFY of the features in it. */
  quiet = false;

  add(topic: Topic, aor: Aor, aspect?: string): void {
    const topics = this.#aspects.get(aor) ?? new Map<Topic, Set<string>>();
    this.#aspects.set(aor, topics);
    const aspects = topics.get(topic) ?? new Set<string>();
    topics.set(topic, aspects);
    if (aspect !== undefined) aspects.add(aspect);
  }

  /** The resources that changed. */
  aors(): Iterable<Aor> {
    return this.#aspects.keys();
  }

  /** In the order in which resources first changed. */
  list(): readonly Change[] {
    return [...this.#aspects].flatMap(([aor, topics]) =>
      [...topics].map(([topic, aspects]) => ({
        topic,
        aor,
        aspects: [...aspects],
        ...(this.quiet && topic === 'features' ? { quiet: true } : {}),
      })),
    );
  }
}
