import { type Check, type Finding, runChecks } from '../../../src/model/check.ts';
import type { AdapterTools } from '../../adapter.ts';
import type { AriRest } from '../ari-rest.ts';
import type { AsteriskOptions } from '../options.ts';
import { ami, amiEvents, amiRights } from './ami-checks.ts';
import { ari, ariApp, ariEvents, ariWrite } from './ari-checks.ts';
import { ariChannelvars, ariTimeout, liveDangerously } from './conf-checks.ts';
import { type AsteriskSeen, logoffMs, lookAt, type OwnLinks } from './seen.ts';
import { asteriskModules, asteriskVersion, featureHome, hints, pbxClock } from './state-checks.ts';

/** What is looked for at an Asterisk, in the order it is told. A new check is one function, and a line here. */
export const asteriskChecks: readonly Check<AsteriskSeen>[] = [
  asteriskVersion,
  ari,
  ariWrite,
  ariApp,
  ariEvents,
  ami,
  amiRights,
  amiEvents,
  asteriskModules,
  ariChannelvars,
  ariTimeout,
  liveDangerously,
  featureHome,
  hints,
  pbxClock,
];

/** Of what a check may need: two questions, and the wait for an event. */
const eachMs = 9_000;

/** Never rejects; all within `deadlineMs`. Connections of its own are closed at the end. */
export async function examineAsterisk(
  options: AsteriskOptions,
  own: OwnLinks,
  tools: AdapterTools,
  rest: AriRest | null,
  deadlineMs: number,
): Promise<readonly Finding[]> {
  const started = tools.clock.now();
  const { seen, close } = await lookAt(options, own, tools, rest);
  try {
    const left = deadlineMs - logoffMs - (tools.clock.now() - started);
    return await runChecks(asteriskChecks, seen, tools.clock, { eachMs, deadlineMs: left });
  } finally {
    await close();
  }
}
