import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { Stage } from '../flows/stage.ts';
import { Home } from '../support/daemon.ts';
import { testFile } from './lab/paths.ts';
import { orRequired } from './required.ts';

/* What Prometheus's own tool says of our text, alerts and dashboard. */

const installed = spawnSync('promtool', ['--version']).error === undefined;
const skip = orRequired(installed ? null : 'promtool (Debian: prometheus) is not installed') ?? false;
const alerts = testFile('..', 'config', 'prometheus', 'alerts.yml');
const dashboard = testFile('..', 'config', 'grafana', 'lamplighter.json');

const home = new Home();
let stage: Stage | null = null;
before(async () => {
  if (skip === false) stage = await Stage.open();
});
after(async () => {
  await stage?.close();
  home.remove();
});

/** Fails where the tool finds fault; answers what it says. */
function promtool(words: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync('promtool', [...words], { encoding: 'utf8', input });
  assert.equal(status, 0, `promtool ${words.join(' ')}\n${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

test('promtool finds no fault with what /metrics answers', { skip }, async () => {
  assert.ok(stage);
  const phone = await stage.phone(stage.ext());
  await (await phone.subscribe({ event: 'dialog', resource: stage.ext() })).next();
  const text = await (await fetch(`${stage.daemon.http}/metrics`)).text();
  assert.match(text, /^lamplighter_subscriptions\{event="dialog",transport="udp"\} 1$/m);
  assert.equal(promtool(['check', 'metrics'], text), '');
});

interface Alerts {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
}

test('promtool takes the alerts', { skip }, () => {
  const { groups } = parse(readFileSync(alerts, 'utf8')) as Alerts;
  const count = groups.flatMap(({ rules }) => rules).length;
  assert.match(promtool(['check', 'rules', alerts]), new RegExp(`SUCCESS: ${count} rules found`));
});

test('promtool can read every expression of the dashboard', { skip }, () => {
  const { panels } = JSON.parse(readFileSync(dashboard, 'utf8')) as {
    readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[];
  };
  const exprs = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  // as Grafana fills them in; rules are what the tool reads without a server
  const filled = exprs.map((expr) =>
    expr.replaceAll('$job', 'lamplighter').replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m'),
  );
  const rules = filled.map((expr, index) => ({ record: `dashboard:expression_${index}`, expr }));
  const file = home.write('dashboard.yml', stringify({ groups: [{ name: 'dashboard', rules }] }));
  assert.match(promtool(['check', 'rules', file]), new RegExp(`SUCCESS: ${rules.length} rules found`));
});

/** Series as promtool's tests have them: a value each minute. */
const steady = (series: string, value: number) => ({ series, values: `${value}x90` });
const instance = 'job="lamplighter",instance="pbx:8090"';
const well = [
  steady(`up{${instance}}`, 1),
  steady(`lamplighter_pbx_up{${instance},pbx="main"}`, 1),
  steady(`lamplighter_store_up{${instance}}`, 1),
  steady(`lamplighter_subscriptions{${instance},event="dialog",transport="udp"}`, 1000),
  steady(`lamplighter_subscriptions_unanswered{${instance},event="dialog",transport="udp"}`, 2),
  steady(`lamplighter_stuck_dialogs{${instance}}`, 0),
  steady(`lamplighter_eventloop_lag_seconds{${instance},stat="p99"}`, 0.002),
  steady(`lamplighter_security_events_total{${instance},event="wish-refused"}`, 3),
  steady(`process_open_fds{${instance}}`, 100),
  steady(`process_max_fds{${instance}}`, 1024),
];

type Series = (typeof well)[number];

/** What fires after an hour, where these take the place of those that are well. */
function firing(others: readonly Series[]): readonly string[] {
  const { groups } = parse(readFileSync(alerts, 'utf8')) as Alerts;
  const names = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
  const series = [...well.filter((one) => !others.some((other) => other.series === one.series)), ...others];
  const none = names.map((alertname) => ({ alertname, eval_time: '80m', exp_alerts: [] }));
  const tests = [{ interval: '1m', input_series: series, alert_rule_test: none }];
  const file = home.write('suite.yml', stringify({ rule_files: [alerts], evaluation_interval: '1m', tests }));
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
  // it tells of each alert that was not expected
  const told = [...`${stdout}${stderr}`.matchAll(/alertname: (\w+), time:/g)].map(([, name = '']) => name);
  assert.equal(status === 0, told.length === 0, `${stdout}${stderr}`);
  return told;
}

test('where all is well no alert fires, and each fault has its own', { skip }, () => {
  assert.deepEqual(firing([]), []);
  const cases: readonly (readonly [alert: string, series: string, value: number | string])[] = [
    ['LamplighterDown', `up{${instance}}`, 0],
    ['LamplighterPbxDown', `lamplighter_pbx_up{${instance},pbx="main"}`, 0],
    ['LamplighterStoreDown', `lamplighter_store_up{${instance}}`, 0],
    [
      'LamplighterPhonesSilent',
      `lamplighter_subscriptions_unanswered{${instance},event="dialog",transport="udp"}`,
      300,
    ],
    ['LamplighterStuckDialogs', `lamplighter_stuck_dialogs{${instance}}`, 1],
    ['LamplighterEventLoopLag', `lamplighter_eventloop_lag_seconds{${instance},stat="p99"}`, 0.9],
    ['LamplighterTollFraud', `lamplighter_security_events_total{${instance},event="wish-refused"}`, '0+2x90'],
    ['LamplighterFileLimit', `process_open_fds{${instance}}`, 1000],
    ['LamplighterUpstreamDown', `lamplighter_upstream_up{${instance},upstream="sip:127.0.0.1:5060"}`, 0],
    ['LamplighterFeatureLoop', `lamplighter_loop_suppressed_total{${instance},kind="oscillating"}`, '0+1x90'],
    ['LamplighterPbxFlapping', `lamplighter_pbx_link_changes_total{${instance},pbx="main",state="down"}`, '0+1x90'],
    ['LamplighterCertificate', `lamplighter_tls_certificate_expires_seconds{${instance}}`, 86_400],
  ];
  for (const [alert, series, value] of cases) {
    const other = typeof value === 'number' ? steady(series, value) : { series, values: value };
    assert.deepEqual(firing([other]), [alert]);
  }
});
