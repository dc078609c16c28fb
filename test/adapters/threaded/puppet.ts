import type { AdapterFactory } from '../../../adapters/adapter.ts';
import { aorOf } from '../../../src/model/aor.ts';
import { Fault } from '../../../src/model/errors.ts';
import { granted } from '../../../src/model/outcome.ts';
import type { Snapshot } from '../../../src/model/pbx-event.ts';

/** What a puppet does once it is started. */
export type Act = 'live' | 'crash' | 'hang' | 'flood' | 'keys' | 'crowd';

const can = { readable: true, writable: true, notified: true };

/** A PBX with many users, one of whom calls. */
export function crowd(users: number): Snapshot {
  const aors = Array.from({ length: users }, (_, index) => aorOf(String(1000 + index), 'lab.test'));
  const value = { enabled: false, target: null, ringCount: null };
  return {
    extensions: aors.map((aor) => ({ aor, displayName: `User ${aor}` })),
    dialogs: [{ aor: aorOf('1001', 'lab.test'), legs: [] }],
    features: aors.map((aor) => ({ aor, feature: 'dnd', value })),
    registrations: aors.map((aor) => ({ aor, contacts: 1 })),
    mailboxes: [],
    groups: [{ name: 'all', members: aors }],
  };
}

/** An adapter for the host's tests: a module as a site would write one. Its wishes make it misbehave. */
export const adapter: AdapterFactory = (settings, { logger, clock }) => {
  const { act } = settings.options as { readonly act: Act };
  const source = settings.name;
  return {
    capabilities: {
      features: { dnd: can, cfa: can, cfb: can, cfna: can },
      calls: true,
      registrations: false,
      mailboxes: false,
      tags: false,
      notifiesPhones: act === 'live',
      tellsPhones: act === 'keys',
    },
    start(tell) {
      logger.child('puppet').info({ act }, 'started');
      if (act === 'crash') throw new Error('born to die');
      const snapshot = { extensions: [], dialogs: [], features: [], registrations: [], mailboxes: [] };
      tell({ source, type: 'link', state: 'stale', reason: null });
      tell({ source, type: 'snapshot', epoch: 'one', snapshot: act === 'crowd' ? crowd(3_000) : snapshot });
      if (act === 'crowd') tell({ source, type: 'snapshot', epoch: 'two', snapshot: crowd(1_000) });
      tell({ source, type: 'link', state: 'up', reason: null });
      if (act === 'keys') {
        const aor = aorOf('1001', 'lab.test');
        const origin = { kind: 'phone', who: '1001', from: 'puppet:a', userAgent: null } as const;
        tell({ source, type: 'phone-key', aor, wishes: [{ aor, feature: 'dnd', enabled: true, origin }], phone: 'a' });
      }
      if (act !== 'flood') return;
      for (let count = 0; count < 100_000; count++) {
        try {
          tell({ source, type: 'link', state: 'up', reason: null });
        } catch {
          // as libraries do with what a listener throws
        }
      }
    },
    async stop() {
      if (act === 'hang') await new Promise(() => undefined);
    },
    async setFeature(wish) {
      // A throw out of reach of every promise, as libraries have them.
      if (wish.target === 'crash') clock.after(0, () => JSON.parse('{'));
      if (wish.target === 'spin') for (;;);
      if (wish.target === 'crash' || wish.target === 'silence') return new Promise(() => undefined);
      return granted({ enabled: wish.enabled, target: wish.target ?? null, ringCount: null });
    },
    async notifyPhones(aor, { event }) {
      if (event === 'silence') return new Promise(() => undefined);
      return granted([{ contact: `sip:${aor}`, userAgent: event, source: null, answer: null }]);
    },
    async checks(deadlineMs) {
      if (act === 'hang') return new Promise(() => undefined);
      if (act === 'flood') throw new Fault('pbx-unreachable', 'nobody answers');
      return [{ check: 'puppet', level: 'ok', text: `within ${deadlineMs} ms`, fix: null }];
    },
    tellFeatures(aor, features, phone) {
      logger.info({ aor, dnd: features.dnd.enabled, phone }, 'told');
    },
    async credentials(user, domain) {
      if (user === 'away') throw new Fault('pbx-unreachable', 'the PBX is away');
      return user === 'nobody' ? null : { realm: domain, password: `secret of ${user}` };
    },
    digest: (domain) => (domain === 'silent.test' ? null : { realm: domain, md5Only: false }),
  };
};
