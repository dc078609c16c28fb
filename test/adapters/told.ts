import type { PbxEvent } from '../../src/model/pbx-event.ts';

/** What an adapter told, and a way to wait for more of it. The deadline is generous: it only ends a test that failed. */
export class Telling {
  readonly events: PbxEvent[] = [];
  readonly #waiting = new Set<() => void>();

  readonly tell = (event: PbxEvent): void => {
    this.events.push(structuredClone(event));
    for (const look of this.#waiting) look();
  };

  /** `down`, `stale`, `up`, `snapshot`, in order. */
  get course(): readonly string[] {
    return this.events.flatMap((it) => (it.type === 'link' ? [it.state] : it.type === 'snapshot' ? ['snapshot'] : []));
  }

  count(state: string): number {
    return this.course.filter((it) => it === state).length;
  }

  of<T extends PbxEvent['type']>(type: T): Extract<PbxEvent, { type: T }>[] {
    return this.events.filter((it): it is Extract<PbxEvent, { type: T }> => it.type === type);
  }

  /** `work` is called now, and after each event. */
  onEvent(work: () => void): void {
    this.#waiting.add(work);
    work();
  }

  /** Resolves when `isSo`; rejects after 20 s with what was told instead. */
  until(isSo: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error) => {
        clearInterval(again);
        clearTimeout(late);
        this.#waiting.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      const look = () => {
        if (isSo()) done();
      };
      const late = setTimeout(() => done(new Error(`${what}: ${JSON.stringify(this.events.slice(-5))}`)), 20_000);
      const again = setInterval(look, 20);
      this.#waiting.add(look);
      look();
    });
  }

  /** Waits until the link is up for the nth time. */
  up(times = 1): Promise<void> {
    return this.until(() => this.count('up') >= times, `no link up number ${times}`);
  }
}
