import type { ConfigSeen } from '../../src/examination/config-checks.ts';
import type { DaemonSeen } from '../../src/examination/seen.ts';
import { aorOf } from '../../src/model/aor.ts';
import { type Check, type Finding, runChecks } from '../../src/model/check.ts';
import { systemClock } from '../../src/model/clock.ts';
import type { SubscriptionView } from '../../src/model/views.ts';
import { configOf } from '../cli/seen.ts';

export const domain = 'lamplighter.test';

/** A daemon with which all is well. */
export const healthy: DaemonSeen & ConfigSeen = {
  config: configOf('sip: { listen: [ udp:0.0.0.0:5070 ] }'),
  clock: systemClock,
  packages: ['dialog', 'as-feature-event', 'message-summary', 'presence'],
  ways: {
    engine: { kind: 'embedded', up: true, reason: null },
    auth: 'pbx',
    listeners: [],
    upstreams: [],
    subscriptions: { total: 0, direct: 0, inline: 0, proxy: 0, drachtio: 0, unanswered: 0 },
    sources: [{ address: '192.0.2.21', subscriptions: 6, users: 1 }],
    sourceCount: 1,
    phonesLearnt: null,
    pushRules: null,
  },
  addresses: ['192.0.2.10'],
  subscriptions: [],
  extensions: [],
  pushed: new Set(),
  refusedLogins: [],
  unservedDomains: [],
  agents: new Map(),
  database: { path: '/nowhere/lamplighter.db', failure: null, writer: null, inspect: async () => [] },
  hook: null,
  expect: () => ({ came: true, end: () => undefined }),
  question: { event: 'dialog', aor: `1001@${domain}` },
};

export function subscription(id: number, ext: string, more: Partial<SubscriptionView> = {}): SubscriptionView {
  return {
    id,
    aor: aorOf(ext, domain),
    event: 'dialog',
    eventId: null,
    watcher: aorOf(ext, domain),
    device: '',
    userAgent: 'Yealink SIP-T46U 108.86.0.20',
    source: 'udp:192.0.2.21:5060',
    createdAt: 0,
    expiresAt: 0,
    lastNotifyAt: 0,
    lastStatus: 200,
    notifies: 1,
    ...more,
  };
}

/** What one check finds where this differs from a healthy daemon. */
export function look(
  check: Check<DaemonSeen & ConfigSeen>,
  more: Partial<DaemonSeen & ConfigSeen> = {},
): Promise<readonly Finding[]> {
  return runChecks([check], { ...healthy, ...more }, systemClock, { eachMs: 20_000, deadlineMs: 20_000 });
}

/** `level: text`. */
export function said(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ level, text }) => `${level}: ${text}`);
}
