import type { Benchmark } from '../benchmark.ts';
import { parser } from '../parser.bench.ts';
import { render } from '../render.bench.ts';
import { writer } from '../writer.bench.ts';
import { demo } from './demo.ts';
import { fanOut1000, fanOut10000 } from './fan-out.ts';
import { inline } from './inline.ts';
import { kamailio } from './kamailio.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { refresh } from './refresh.ts';
import { restartKilled, restartStopped } from './restart.ts';
import { storm } from './storm.ts';
import { digest, subscribe } from './subscribe.ts';

/** In the order of the table of docs/performance.md. */
export const benchmarks: readonly Benchmark[] = [
  subscribe,
  digest,
  fanOut1000,
  fanOut10000,
  refresh,
  storm,
  latency,
  inline,
  memory,
  restartKilled,
  restartStopped,
  demo,
  kamailio,
  parser,
  writer,
  render,
];
