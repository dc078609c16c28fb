import { type Gauge, Registry } from 'prom-client';
import { type Declared, declared, type MetricName } from './declared.ts';
import type { Readers, Sample, SpreadSample } from './reading.ts';

/** One line, as prom-client writes it. */
interface Line {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The text of `/metrics`. Nothing is counted here: each number is read from where it was counted at the moment somebody
 * asks. Of prom-client only the registry and its text are used. Its default metrics are left out, as its observer of the
 * garbage collector and its lists of all handles cost something while nobody asks; those that do not are declared here
 * under their usual names.
 */
export class Exposition {
  readonly #registry = new Registry();

  constructor(readers: Readers) {
    for (const [name, family] of Object.entries(declared) as [MetricName, Declared][]) {
      const metric = new ReadMetric(name, family, readers[name]);
      // its own kinds count by themselves; the registry asks nothing of a metric but its name and `get`
      this.#registry.registerMetric(metric as unknown as Gauge);
    }
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

class ReadMetric {
  readonly name: MetricName;
  readonly #family: Declared;
  readonly #read: () => Iterable<Sample | SpreadSample>;

  constructor(name: MetricName, family: Declared, read: () => Iterable<Sample | SpreadSample>) {
    this.name = name;
    this.#family = family;
    this.#read = read;
  }

  get() {
    const { type, help, labels: names } = this.#family;
    const values: Line[] = [];
    for (const [given, value] of this.#read()) {
      const labels = Object.fromEntries(names.map((label, index) => [label, given[index] ?? '']));
      if (typeof value === 'number') values.push({ labels, value });
      else values.push(...this.#buckets(labels, value));
    }
    return { name: this.name, help, type, values };
  }

  #buckets(labels: Line['labels'], { bounds, cumulative, count, sum }: SpreadSample[1]): readonly Line[] {
    const bucket = (le: string, value: number) => ({
      metricName: `${this.name}_bucket`,
      labels: { ...labels, le },
      value,
    });
    return [
      ...bounds.map((bound, index) => bucket(String(bound), cumulative[index] ?? 0)),
      bucket('+Inf', count),
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}
