import type { Finding } from '../../model/check.ts';
import { configuration, engine, health, version } from './daemon-checks.ts';
import { advertise, loopback, nobodySubscribed, notForUs, unheard } from './listener-checks.ts';
import type { DaemonCheck, Seen } from './seen.ts';
import { nothingLearnt, proxyNotTrusted, trustedPhones, upstream, upstreamIsHere, way } from './way-checks.ts';

/** What is read off the daemon's answers, in the order it is told. A new check is one function, and a line here. */
export const checks: readonly DaemonCheck[] = [
  version,
  way,
  configuration,
  health,
  engine,
  upstream,
  upstreamIsHere,
  nothingLearnt,
  loopback,
  unheard,
  notForUs,
  nobodySubscribed,
  proxyNotTrusted,
  trustedPhones,
  advertise,
];

export function examine(seen: Seen): readonly Finding[] {
  return checks.flatMap(({ name, look }) => look(seen).map((found) => ({ check: name, ...found })));
}
