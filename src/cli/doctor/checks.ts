import { configuration, engine, health, unanswered, version } from './daemon-checks.ts';
import { advertise, loopback, nobodySubscribed, notForUs, unheard } from './listener-checks.ts';
import type { Check, Finding, Seen } from './seen.ts';
import {
  nothingLearnt,
  proxyNotTrusted,
  trustedPhones,
  trustedTooWide,
  upstream,
  upstreamIsHere,
  way,
} from './way-checks.ts';

/** Whatever doctor looks for, in the order it tells it. A new check is one function, and a line here. */
export const checks: readonly Check[] = [
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
  trustedTooWide,
  trustedPhones,
  advertise,
  unanswered,
];

export function examine(seen: Seen): readonly Finding[] {
  return checks.flatMap(({ name, look }) => look(seen).map((found) => ({ check: name, ...found })));
}
