import assert from 'node:assert/strict';

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly series: readonly Series[];
}

/** The text format of Prometheus, version 0.0.4, read strictly: a line that is none fails. */
export function readMetrics(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, { type: string; help: string; series: Series[] }>();
  let current: { type: string; help: string; series: Series[] } | undefined;
  let name = '';
  assert.ok(text.endsWith('\n'), 'the last line has no end');
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, kind, of = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === 'HELP') {
      assert.ok(!families.has(of), `${of} twice`);
      current = { type: '', help: rest, series: [] };
      name = of;
      families.set(of, current);
    } else if (kind === 'TYPE') {
      assert.equal(of, name, line);
      if (current !== undefined) current.type = rest;
    } else {
      const one = readSeries(line);
      assert.ok(one.name === name || (current?.type === 'histogram' && one.name.startsWith(`${name}_`)), line);
      current?.series.push(one);
    }
  }
  return families;
}

function readSeries(line: string): Series {
  const found = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (-?[0-9.e+-]+|\+Inf|NaN)$/.exec(line);
  assert.ok(found, line);
  const [, name = '', inner = '', value = ''] = found;
  const pairs = [...inner.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)];
  assert.equal(pairs.map(([all]) => all).join(''), inner, line);
  return {
    name,
    labels: Object.fromEntries(pairs.map(([, label = '', word = '']) => [label, word])),
    value: Number(value),
  };
}

/** The sum of the series of a name whose labels are these. */
export function sumOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Record<string, string> = {},
): number {
  const all = [...families.values()].flatMap(({ series }) => series).filter((one) => one.name === name);
  const fits = all.filter((one) => Object.entries(labels).every(([label, word]) => one.labels[label] === word));
  return fits.reduce((sum, { value }) => sum + value, 0);
}
