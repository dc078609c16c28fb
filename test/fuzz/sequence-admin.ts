import { aorOf } from '../../src/model/aor.ts';
import type { Seeded } from './seeded.ts';
import { domain, type SequenceDaemon } from './sequence-daemon.ts';

/** One of eight things that an admin does at the API. */
export function administer(what: number, user: string, chance: Seeded, daemon: SequenceDaemon): void {
  const { gate, compositor, notifier, profiles } = daemon;
  const aor = aorOf(user, domain);
  const origin = { kind: 'api', who: 'admin', from: '127.0.0.1', userAgent: null } as const;
  const client = { who: 'admin', from: '127.0.0.1' };
  switch (what) {
    case 0:
    case 1:
      void gate.grant({
        aor,
        feature: chance.pick(['dnd', 'cfa', 'cfb', 'cfna']),
        enabled: chance.once(2),
        target: '1003',
        origin,
      });
      return;
    case 2:
      void compositor.setMailbox(
        aor,
        { new: chance.below(5), old: 1, newUrgent: 0, oldUrgent: 0 },
        chance.pick([null, 60]),
        { from: '127.0.0.1', userAgent: null },
      );
      return;
    case 3:
      void compositor.clearMailbox(aor);
      return;
    case 4: {
      const kind = chance.pick(['user', 'device', 'model', 'local-network']);
      const name = { user, device: '001565112233', model: 'acme/m1', 'local-network': domain }[kind] ?? user;
      const bytes = Buffer.from('x'.repeat(chance.pick([1, 300, 3000])));
      const put = { contentType: 'text/plain', bytes, owners: chance.once(2) ? ['*'] : null, effectiveBy: undefined };
      if (chance.once(4)) profiles.desk.remove(kind, name, { ifMatch: null, ifNone: false }, client);
      else profiles.desk.put(kind, name, put, { ifMatch: null, ifNone: false }, client);
      return;
    }
    case 5: {
      const all = notifier.list();
      if (all.length > 0) notifier.renotify(chance.pick(all).id);
      return;
    }
    case 6: {
      const all = notifier.list();
      if (all.length > 0) void notifier.remove(chance.pick(all).id);
      return;
    }
    default: {
      const all = compositor.list();
      if (all.length > 0) void compositor.remove(chance.pick(all).id);
    }
  }
}
