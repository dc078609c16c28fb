import type { Check } from '../model/check.ts';
import { natAddress } from './address.ts';
import { certificate } from './certificates.ts';
import { type ConfigSeen, configChecks } from './config-checks.ts';
import { database } from './database.ts';
import { hep } from './hep.ts';
import { hook } from './hook.ts';
import { listeners } from './listeners.ts';
import { neverSubscribed, refusedLogins, refusedNotify, unanswered } from './phones.ts';
import type { DaemonSeen } from './seen.ts';
import { unservedDomains } from './unserved-domains.ts';

/** What the daemon looks for in itself, in the order it is told. A new check is one function, and a line here. */
export const daemonChecks: readonly Check<DaemonSeen & ConfigSeen>[] = [
  listeners,
  certificate,
  natAddress,
  database,
  hook,
  hep,
  unanswered,
  refusedNotify,
  refusedLogins,
  unservedDomains,
  neverSubscribed,
  ...configChecks,
];
