import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aorOf } from '../../src/model/aor.ts';
import type { AuditRow } from '../../src/model/audit.ts';
import type { FeatureRow, Origin } from '../../src/model/feature.ts';
import type { Leg } from '../../src/model/pbx-event.ts';
import type { RegistrationRow } from '../../src/model/phone.ts';
import type { PublicationRow } from '../../src/model/publication-row.ts';
import { lapsedMs, type SubscriptionRow } from '../../src/model/subscription-row.ts';
import type { Store } from '../../src/store/store.ts';

/** A place where a store lives through restarts. */
export interface StorePlace {
  open(path?: string): Store;
  readonly backupPath: string;
  /** Ends the place; the last store is closed by then. */
  remove(): void;
}

const alice = aorOf('alice', 'example.com');
const phone: Origin = { kind: 'phone', who: 'alice', from: 'udp:127.0.0.1:5060', userAgent: "O'Brien <\"'>; --" };

export function subscriptionRow(id: number, change: Partial<SubscriptionRow> = {}): SubscriptionRow {
  return {
    id,
    aor: alice,
    event: 'dialog',
    eventId: null,
    entity: 'sip:alice@example.com',
    contentType: 'application/dialog-info+xml',
    watcher: alice,
    device: `sip:alice@192.0.2.${id}`,
    userAgent: 'Test/1',
    createdAt: 1000,
    expiresAt: 1_000_000,
    dialog: `{"callId":"'); DROP TABLE subscriptions;--"}`,
    remoteCseq: 0,
    shown: ['a', 'b'],
    cseqLimit: 1000,
    versionLimit: 1000,
    extra: null,
    ...change,
  };
}

function publicationRow(id: number, change: Partial<PublicationRow> = {}): PublicationRow {
  return {
    id,
    aor: alice,
    event: 'dialog',
    publisher: alice,
    etag: 'a1',
    said: `{"kind":"'); DROP TABLE publications;--"}`,
    createdAt: 1000,
    expiresAt: 1_000_000,
    source: 'udp:192.0.2.1:5060',
    userAgent: null,
    ...change,
  };
}

function registrationRow(id: string, change: Partial<RegistrationRow> = {}): RegistrationRow {
  return {
    id,
    aor: alice,
    contact: "sip:'); DROP TABLE registrations;--@192.0.2.1",
    flow: '{"transport":"udp"}',
    since: 1000,
    expiresAt: 1_000_000,
    userAgent: null,
    proven: false,
    ...change,
  };
}

const feature: FeatureRow = {
  aor: alice,
  feature: 'cfna',
  enabled: true,
  target: '1002',
  ringCount: 4,
  rev: 3,
  updatedBy: 'phone',
  updatedAt: 5000,
};

function audit(at: number): AuditRow {
  const before = { enabled: false, target: null, ringCount: null };
  const after = { enabled: true, target: '1002', ringCount: 4 };
  return {
    at,
    aor: alice,
    feature: 'cfna',
    origin: phone,
    before,
    after,
    wished: after,
    decision: 'granted',
    reason: null,
  };
}

const leg: Leg = {
  id: 'leg-1',
  call: 'call-1',
  phase: 'early',
  direction: 'recipient',
  holding: false,
  remote: { number: '1002', name: 'Zoë\u0000<b>', presentable: true },
  since: 42,
};

/** What every store must do, whatever it is made of. */
export function storeContract(name: string, place: () => StorePlace): void {
  const withPlace = async (work: (place: StorePlace) => Promise<void> | void) => {
    const here = place();
    try {
      await work(here);
    } finally {
      here.remove();
    }
  };

  test(`${name}: a subscription is there again after a restart, byte for byte`, () =>
    withPlace(async (here) => {
      const store = here.open();
      store.load(0);
      await store.putSubscription(subscriptionRow(1));
      store.close();
      const again = here.open();
      assert.deepEqual([...again.load(0).subscriptions], [subscriptionRow(1)]);
      again.close();
    }));

  test(`${name}: the limit of pushed versions is there at once, and after a restart that nobody announced`, () =>
    withPlace((here) => {
      const store = here.open();
      store.load(0);
      assert.equal(store.pushVersionLimit(), 0);
      store.reservePushVersions(1000);
      store.reservePushVersions(2000);
      assert.equal(store.pushVersionLimit(), 2000);
      store.close();
      const again = here.open();
      again.load(0);
      assert.equal(again.pushVersionLimit(), 2000);
      again.close();
    }));

  test(`${name}: a subscription that expired is loaded for an hour more, so that its phone can be told, and not later`, () =>
    withPlace(async (here) => {
      const store = here.open();
      store.load(0);
      await store.putSubscription(subscriptionRow(1, { expiresAt: 10 }));
      await store.putSubscription(subscriptionRow(2, { expiresAt: 11 }));
      store.close();
      const again = here.open();
      assert.deepEqual(
        [...again.load(lapsedMs + 10).subscriptions].map((row) => row.id),
        [2],
      );
      again.close();
    }));

  test(`${name}: publications are there again after a restart, the last word of each; ended and expired ones are not`, () =>
    withPlace(async (here) => {
      const store = here.open();
      assert.deepEqual(store.load(0).publications, []);
      const kept = publicationRow(3, { publisher: null, etag: null, expiresAt: null, userAgent: 'x' });
      await Promise.all([
        store.putPublication(kept),
        store.putPublication(publicationRow(2)),
        store.putPublication(publicationRow(1, { expiresAt: 10 })),
        store.putPublication(publicationRow(2, { etag: 'b2', said: 'null' })),
        store.putPublication(publicationRow(4)),
        store.deletePublication(4),
        store.deletePublication(77),
      ]);
      store.close();
      const again = here.open();
      assert.deepEqual(again.load(10).publications, [publicationRow(2, { etag: 'b2', said: 'null' }), kept]);
      again.close();
      const last = here.open();
      assert.equal(last.load(0).publications.length, 2, 'what had expired is off the disk');
      last.close();
    }));

  test(`${name}: registrations are there again after a restart, the last word of each; ended and expired ones are not`, () =>
    withPlace(async (here) => {
      const store = here.open();
      assert.deepEqual(store.load(0).registrations, []);
      const kept = registrationRow('b', { since: 900, proven: true, userAgent: 'Zoë' });
      const births = [
        store.putRegistration(registrationRow('a')),
        store.putRegistration(kept),
        store.putRegistration(registrationRow('c', { expiresAt: 10 })),
        store.putRegistration(registrationRow('d')),
      ];
      store.touchRegistration(registrationRow('a', { expiresAt: 2_000_000, userAgent: 'new', proven: true }));
      await Promise.all([...births, store.deleteRegistration('d'), store.deleteRegistration('nobody')]);
      store.touchRegistration(registrationRow('d', { expiresAt: 3_000_000 }));
      store.close();
      const again = here.open();
      const touched = registrationRow('a', { expiresAt: 2_000_000, userAgent: 'new', proven: true });
      assert.deepEqual(again.load(10).registrations, [kept, touched]);
      again.touchRegistration(registrationRow('a', { expiresAt: 20 }));
      await again.putRegistration(registrationRow('a', { contact: 'sip:1001@192.0.2.9', flow: '{}' }));
      again.close();
      const last = here.open();
      const moved = registrationRow('a', { contact: 'sip:1001@192.0.2.9', flow: '{}' });
      assert.deepEqual(
        last.load(30).registrations,
        [kept, moved],
        'what is written at once is newer than what was to be',
      );
      last.close();
    }));

  test(`${name}: a subscription id is never handed out twice, deletions included`, () =>
    withPlace(async (here) => {
      const store = here.open();
      const first = store.load(0).nextSubscriptionId;
      await store.putSubscription(subscriptionRow(first + 20_000));
      await store.deleteSubscription(first + 20_000);
      store.close();
      const again = here.open();
      assert.ok(again.load(0).nextSubscriptionId > first + 20_000);
      again.close();
    }));

  test(`${name}: reserved limits only grow, whatever is written later`, () =>
    withPlace(async (here) => {
      const store = here.open();
      store.load(0);
      const birth = store.putSubscription(subscriptionRow(1));
      store.reserve(1, 2000, 3000);
      await birth;
      store.touchSubscription(subscriptionRow(1, { expiresAt: 2_000_000 }));
      await store.putSubscription(subscriptionRow(1));
      store.reserveAll(1000, 1000);
      store.close();
      const again = here.open();
      const [row] = again.load(0).subscriptions;
      assert.equal(row?.cseqLimit, 3000);
      assert.equal(row?.versionLimit, 4000);
      again.close();
    }));

  test(`${name}: what is written behind is on disk after close, the newest of each key`, () =>
    withPlace(async (here) => {
      const store = here.open();
      store.load(0);
      await store.putSubscription(subscriptionRow(1));
      for (let at = 1; at <= 500; at++)
        store.touchSubscription(subscriptionRow(1, { expiresAt: 5000 + at, shown: [] }));
      store.putLegs('main', alice, [leg]);
      store.close();
      const again = here.open();
      const loaded = again.load(0);
      const [row] = loaded.subscriptions;
      assert.equal(row?.expiresAt, 5500);
      assert.deepEqual(row?.shown, []);
      assert.deepEqual(loaded.dialogs, [{ source: 'main', aor: alice, legs: [leg] }]);
      again.close();
    }));

  test(`${name}: of what was shown last the newest is kept, whether it was written alone or with the rest`, () =>
    withPlace(async (here) => {
      const store = here.open();
      store.load(0);
      for (const id of [1, 2, 3]) await store.putSubscription(subscriptionRow(id, { shown: ['old'] }));
      const whole = (id: number, shown: string) => store.touchSubscription(subscriptionRow(id, { shown: [shown] }));
      const pulse = (id: number, shown: string, remoteCseq = 7) =>
        store.pulseSubscription({ id, expiresAt: 1_000_000 + id, remoteCseq, shown: [shown] });
      pulse(1, 'b');
      whole(2, 'a');
      pulse(2, 'b');
      whole(3, 'a');
      pulse(3, 'b');
      whole(3, 'c');
      pulse(77, 'nobody');
      store.close();
      const again = here.open();
      assert.deepEqual(
        [...again.load(0).subscriptions].map(({ shown }) => shown),
        [['b'], ['b'], ['c']],
      );
      again.close();
    }));

  test(`${name}: a pulse brings expiry and CSeq, is older than a row written after it, and decides what has expired`, () =>
    withPlace(async (here) => {
      const store = here.open();
      store.load(0);
      for (const id of [1, 2, 3, 4]) await store.putSubscription(subscriptionRow(id, { expiresAt: 100 }));
      const pulse = (id: number, expiresAt: number) =>
        store.pulseSubscription({ id, expiresAt, remoteCseq: 40 + id, shown: ['now'] });
      for (const id of [1, 2, 3]) pulse(id, 200);
      pulse(4, 50);
      store.flush();
      await store.putSubscription(subscriptionRow(2, { expiresAt: 300, contentType: 'b/c', shown: ['put'] }));
      await store.deleteSubscription(3);
      store.close();
      const again = here.open();
      assert.deepEqual(
        [...again.load(lapsedMs + 60).subscriptions].map(({ id, expiresAt, remoteCseq, shown }) => [
          id,
          expiresAt,
          remoteCseq,
          shown,
        ]),
        [
          [1, 200, 41, ['now']],
          [2, 300, 0, ['put']],
        ],
      );
      again.close();
    }));

  test(`${name}: among hundreds each has the pulse that is its own, and many have none`, () =>
    withPlace(async (here) => {
      const store = here.open();
      store.load(0);
      const ids = Array.from({ length: 700 }, (_, index) => index + 1);
      await Promise.all(ids.map((id) => store.putSubscription(subscriptionRow(id, { expiresAt: 1000 }))));
      const hasPulse = (id: number) => id % 3 === 0 || (id > 240 && id < 260);
      for (const id of ids.filter(hasPulse)) {
        store.pulseSubscription({ id, expiresAt: 1000 + id, remoteCseq: id, shown: [] });
      }
      store.flush();
      const goneAt = (id: number) => id % 7 === 0 || (id > 500 && id <= 520);
      await Promise.all(ids.filter(goneAt).map((id) => store.deleteSubscription(id)));
      store.close();
      const again = here.open();
      assert.deepEqual(
        [...again.load(0).subscriptions].map(({ id, expiresAt }) => [id, expiresAt]),
        ids.filter((id) => !goneAt(id)).map((id) => [id, hasPulse(id) ? 1000 + id : 1000]),
      );
      again.close();
    }));

  test(`${name}: a late write-behind does not bring a deleted subscription back`, () =>
    withPlace(async (here) => {
      const store = here.open();
      store.load(0);
      await store.putSubscription(subscriptionRow(1));
      const gone = store.deleteSubscription(1);
      store.touchSubscription(subscriptionRow(1, { expiresAt: 9_000_000 }));
      await gone;
      store.close();
      const again = here.open();
      assert.deepEqual([...again.load(0).subscriptions], []);
      again.close();
    }));

  test(`${name}: a feature and its audit row are one write, and the last value wins`, () =>
    withPlace((here) => {
      const store = here.open();
      store.load(0);
      store.commitFeature(feature, audit(1));
      store.commitFeature({ ...feature, enabled: false, rev: 4 }, null);
      store.close();
      const again = here.open();
      assert.deepEqual(again.load(0).features, [{ ...feature, enabled: false, rev: 4 }]);
      assert.deepEqual(again.audit({ limit: 10 }), [audit(1)]);
      again.close();
    }));

  test(`${name}: audit answers newest first, by user, within its limit`, () =>
    withPlace((here) => {
      const store = here.open();
      store.load(0);
      for (let at = 1; at <= 5; at++) store.appendAudit(audit(at));
      assert.deepEqual(
        store.audit({ limit: 2 }).map((row) => row.at),
        [5, 4],
      );
      assert.deepEqual(store.audit({ aor: aorOf('bob', 'example.com'), limit: 2 }), []);
      store.close();
    }));

  test(`${name}: the installation's secret stays the same`, () =>
    withPlace((here) => {
      const store = here.open();
      const secret = store.load(0).secret;
      store.close();
      const again = here.open();
      assert.equal(secret.length, 32);
      assert.deepEqual(again.load(0).secret, secret);
      again.close();
    }));

  test(`${name}: a backup taken while running is a whole store`, () =>
    withPlace(async (here) => {
      const store = here.open();
      store.load(0);
      store.commitFeature(feature, null);
      await store.backup(here.backupPath);
      store.close();
      const copy = here.open(here.backupPath);
      assert.deepEqual(copy.load(0).features, [feature]);
      copy.close();
    }));
}
