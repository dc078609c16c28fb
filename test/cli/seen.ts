import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adapterKinds, adapterOptions } from '../../adapters/index.ts';
import { examine } from '../../src/cli/doctor/checks.ts';
import type { Seen, WaysAnswer } from '../../src/cli/doctor/seen.ts';
import { loadConfig } from '../../src/config/load.ts';
import { describe } from '../../src/config/problems.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Finding } from '../../src/model/check.ts';

/** As the product reads it. */
export function configOf(yaml: string): Config {
  const folder = mkdtempSync(join(tmpdir(), 'lamplighter-doctor-'));
  try {
    const file = join(folder, 'lamplighter.yaml');
    writeFileSync(file, yaml);
    const types = Object.keys(adapterKinds);
    const result = loadConfig({ file, environment: {}, optionsOf: adapterOptions, adapterTypes: types });
    assert.ok(result.ok, result.ok ? '' : describe(result.problems, 'l.yaml'));
    return result.config;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const listener: WaysAnswer['listeners'][number] = {
  transport: 'udp',
  address: '0.0.0.0',
  port: 5070,
  requests: { SUBSCRIBE: 12 },
  lastRequestAt: '2026-11-20T10:00:00.000Z',
};

/** A sidecar with which all is well. */
export const healthy: Seen = {
  config: configOf('sip: { listen: [ udp:0.0.0.0:5070 ] }'),
  version: '0.1.0',
  url: 'http://127.0.0.1:8090',
  addresses: ['192.0.2.10'],
  health: [
    { name: 'pbx main', ok: true, reason: null },
    { name: 'store', ok: true, reason: null },
  ],
  findings: [],
  ways: {
    version: '0.1.0',
    domains: ['lamplighter.test'],
    engine: { kind: 'embedded', up: true, reason: null },
    auth: 'pbx',
    listeners: [listener],
    upstreams: [],
    subscriptions: { total: 6, direct: 6, inline: 0, proxy: 0, drachtio: 0, unanswered: 0 },
    sources: [{ address: '192.0.2.21', subscriptions: 6, users: 1 }],
    sourceCount: 1,
    phonesLearnt: null,
    pushRules: null,
  },
};

/** What doctor finds where this differs from a healthy sidecar. */
export function found(ways: Partial<WaysAnswer>, more: Partial<Seen> = {}): readonly Finding[] {
  return examine({ ...healthy, ...more, ways: { ...healthy.ways, ...ways } });
}

/** `check: level` of all that is not well. */
export function complaints(findings: readonly Finding[]): string[] {
  return findings.filter(({ level }) => level !== 'ok').map(({ check, level }) => `${check}: ${level}`);
}
