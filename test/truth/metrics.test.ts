import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { type Declared, declared } from '../../src/ops/metrics/declared.ts';
import { metricsPage } from './metrics/page.ts';

const families = Object.entries(declared) as [string, Declared][];

test('docs/metrics.md is what the declarations make', () => {
  assert.equal(readFileSync('docs/metrics.md', 'utf8'), metricsPage(), 'run `npm run generate`');
});

test('names of metrics follow the rules of Prometheus', () => {
  for (const [name, { type, labels, help }] of families) {
    assert.match(name, /^[a-z][a-z0-9_]*$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.ok(type !== 'histogram' || name.endsWith('_seconds'), name);
    assert.match(help, /^[A-Z1].*\.$/, name);
    for (const label of labels) assert.match(label, /^[a-z]+$/, name);
    assert.ok(!labels.some((label) => ['le', 'aor', 'ext', 'address', 'user'].includes(label)), name);
  }
});

/** What an expression may name: a histogram has its three, and Prometheus itself adds `up`. */
const known = new Set([
  'up',
  ...families.flatMap(([name, { type }]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
]);

/** Names and labels in an expression, by what stands around them. */
function namesIn(expr: string): string[] {
  return [...expr.matchAll(/\b((?:lamplighter|process|nodejs)_\w+|up)\b/g)].map(([, name = '']) => name);
}

function labelsIn(expr: string): { readonly metric: string; readonly label: string }[] {
  return [...expr.matchAll(/\b((?:lamplighter|process|nodejs)_\w+)\{([^}]*)\}/g)].flatMap(
    ([, metric = '', inner = '']) =>
      [...inner.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => ({ metric, label })),
  );
}

function judge(where: string, expr: string): void {
  assert.ok(namesIn(expr).length > 0, `${where}: no metric in ${expr}`);
  for (const name of namesIn(expr)) assert.ok(known.has(name), `${where}: there is no ${name}`);
  for (const { metric, label } of labelsIn(expr)) {
    const family = families.find(([name]) => metric === name || metric.startsWith(`${name}_`))?.[1];
    const labels = [...(family?.labels ?? []), 'job', 'instance', ...(family?.type === 'histogram' ? ['le'] : [])];
    assert.ok(labels.includes(label), `${where}: ${metric} has no label ${label}`);
  }
}

interface Panel {
  readonly title: string;
  readonly id: number;
  readonly type: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query?: string }[] };
}

const dashboard = JSON.parse(readFileSync('config/grafana/lamplighter.json', 'utf8')) as Dashboard;

test('every expression of the Grafana dashboard names metrics and labels that there are', () => {
  let seen = 0;
  for (const { title, targets = [] } of dashboard.panels) {
    for (const { expr } of targets) {
      judge(title, expr);
      seen++;
    }
  }
  assert.ok(seen > 25, `${seen} expressions`);
});

test('the panels of the dashboard have ids of their own, and none covers another', () => {
  const cells = new Set<string>();
  const ids = new Set<number>();
  for (const { id, title, gridPos } of dashboard.panels) {
    assert.ok(!ids.has(id), title);
    ids.add(id);
    const { x, y, w, h } = gridPos;
    assert.ok(x + w <= 24, title);
    for (let column = x; column < x + w; column++) {
      for (let row = y; row < y + h; row++) {
        const cell = `${column},${row}`;
        assert.ok(!cells.has(cell), `${title} covers another at ${cell}`);
        cells.add(cell);
      }
    }
  }
});

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string };
}

const alerts = parse(readFileSync('config/prometheus/alerts.yml', 'utf8')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = alerts.groups.flatMap(({ rules: some }) => some);

test('every alert names metrics that there are, and says what it means and where to read on', () => {
  assert.ok(rules.length > 15);
  for (const { alert, expr, labels, annotations } of rules) {
    judge(alert, expr);
    assert.match(labels.severity, /^(warning|critical)$/, alert);
    assert.ok(annotations.summary.length > 10 && annotations.description.length > 20, alert);
    assert.match(annotations.runbook, /^docs\/troubleshooting\.md#[a-z0-9-]+$/, alert);
  }
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
});

test('what an alert compares with a word is a word that the label can have', () => {
  for (const { alert, expr } of rules) {
    for (const [, metric = '', label = '', word = ''] of expr.matchAll(/(lamplighter_\w+)\{(\w+)="([^"]+)"/g)) {
      const family = families.find(([name]) => metric === name || metric === `${name}_bucket`)?.[1];
      const told = family?.values?.[label];
      assert.ok(told?.includes(`\`${word}\``), `${alert}: ${metric} has no ${label} ${word}`);
    }
  }
});
