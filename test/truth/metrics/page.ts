import { type Declared, declared, type MetricName } from '../../../src/ops/metrics/declared.ts';

const head = `# Metrics

\`GET /metrics\` answers in the text format of Prometheus: without a token on a loopback listener that has none, elsewhere with a
token of role \`read\`. Made from \`src/ops/metrics/declared.ts\` by \`npm run generate\`; a test runs the daemon and compares.

\`\`\`yaml
scrape_configs:
  - job_name: lamplighter
    static_configs:
      - targets: ['127.0.0.1:8090']
    # where http.tokenFile or http.tokens is set:
    # authorization: { credentials_file: /etc/prometheus/lamplighter-token }
\`\`\`

* No label holds an extension, an address or anything else of the network: the number of series is bounded by the configuration (event
  packages, PBXs, routes), whoever sends what. Words that are not known are counted as \`other\`.
* Rooms count plain numbers while they work; everything else is read when somebody asks. A scrape of 1,000 extensions takes about a
  millisecond; every 15 s is often enough. Counters begin at 0 with each start.
* Dashboard: [config/grafana/lamplighter.json](../config/grafana/lamplighter.json) (Grafana: Dashboards, New, Import). Alerts:
  [config/prometheus/alerts.yml](../config/prometheus/alerts.yml), each with what to do.
* Of what Node can tell of itself only these are told that cost nothing while nobody asks. What the garbage collector does is seen as
  lag of the event loop, which is what phones feel of it.
`;

const chapters: readonly (readonly [title: string, prefix: RegExp])[] = [
  ['Lamplighter', /^lamplighter_(build_info|ready)$/],
  ['Subscriptions, publications and NOTIFYs', /^lamplighter_(subscri|notify|publi|phone_watches|pushes)/],
  ['Extensions and features', /^lamplighter_(extensions|dialogs|stuck|feature|wishes|loop)/],
  ['PBXs', /^lamplighter_pbx_/],
  ['SIP', /^lamplighter_(sip|source|auth|security|tls|drachtio)_/],
  ['Inline', /^lamplighter_(relay|upstream|phones_learnt)/],
  ['Hooks', /^lamplighter_hook_/],
  ['Database', /^lamplighter_store_/],
  ['HTTP', /^lamplighter_http_/],
  ['Process', /^(lamplighter_eventloop|process|nodejs)_/],
];

/** docs/metrics.md */
export function metricsPage(): string {
  const all = Object.entries(declared) as [MetricName, Declared][];
  const homeless = all.filter(([name]) => chapters.filter(([, prefix]) => prefix.test(name)).length !== 1);
  if (homeless.length > 0) throw new Error(`in no chapter, or in two: ${homeless.map(([name]) => name).join(', ')}`);
  const sections = chapters.map(([title, prefix]) => {
    const lines = all.filter(([name]) => prefix.test(name)).map(([name, family]) => line(name, family));
    return [`## ${title}`, '', '| name | | labels | |', '| --- | --- | --- | --- |', ...lines, ''].join('\n');
  });
  return [head, ...sections].join('\n');
}

function line(name: string, { type, labels, help, values = {} }: Declared): string {
  const told = Object.entries(values).map(([label, text]) => `\`${label}\`: ${text}`);
  const about = [help, ...told].join('<br>').replaceAll('|', '\\|');
  return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${about} |`;
}
