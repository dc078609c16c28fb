import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import type { AuditRow, Decision } from '../../src/model/audit.ts';
import { featureOff } from '../../src/model/feature.ts';
import { AuditTable } from '../../src/store/audit.ts';
import { Driver } from '../../src/store/driver.ts';
import { migrate } from '../../src/store/migrate.ts';

test('wishes in vain are forgotten while it runs, and never push out a change', () => {
  const driver = new Driver(':memory:');
  migrate(driver, ':memory:');
  const table = new AuditTable(driver, 10);
  const append = (at: number, decision: Decision) =>
    table.append({
      at,
      aor: aorOf('1001', 'example.com'),
      feature: 'cfa',
      origin: {
        kind: 'phone',
        who: '1001',
        from: 'udp:192.0.2.1:5060',
        userAgent: "'; DROP TABLE audit;--\u0000\n<b>",
      },
      before: featureOff,
      after: featureOff,
      wished: null,
      decision,
      reason: null,
    });
  append(1, 'granted');
  append(2, 'observed');
  for (let at = 3; at < 500; at++) append(at, (['refused', 'failed', 'equal'] as const)[at % 3]!);
  const rows = table.query({ limit: 1000 });
  assert.ok(rows.length <= 2 + 20, `${rows.length} rows`);
  assert.deepEqual(
    rows.slice(-2).map(({ at, decision }) => [at, decision]),
    [
      [2, 'observed'],
      [1, 'granted'],
    ],
  );
  assert.equal(rows[0]?.at, 499, 'the newest is there');
  driver.close();
});

test('a wish for an agent is read back as it was written, also where he is none', () => {
  const driver = new Driver(':memory:');
  migrate(driver, ':memory:');
  const table = new AuditTable(driver);
  const row: AuditRow = {
    at: 1,
    aor: aorOf('1001', 'example.com'),
    feature: 'agent',
    origin: { kind: 'api', who: 'admin', from: '127.0.0.1', userAgent: null },
    before: null,
    after: { phase: 'notReady', reason: `'; DROP TABLE audit;--\u{1f600}` },
    wished: { phase: 'notReady', reason: null },
    decision: 'granted',
    reason: null,
  };
  table.append(row);
  assert.deepEqual(table.query({ limit: 10 }), [row]);
  driver.close();
});
