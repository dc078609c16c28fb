import { networkInterfaces } from 'node:os';
import type { PbxAdapter } from '../../adapters/adapter.ts';
import type { Config } from '../config/schema.ts';
import { eventPackages } from '../event-packages/index.ts';
import { Examiner } from '../examination/examiner.ts';
import { aorOf } from '../model/aor.ts';
import type { Finding } from '../model/check.ts';
import type { Clock } from '../model/clock.ts';
import type { PhoneView } from '../model/phone.ts';
import type { WaysView } from '../model/ways.ts';
import type { Notifier } from '../notifier/notifier.ts';
import type { Push } from '../push/push.ts';
import type { SecurityLog } from '../sip/security-log.ts';
import type { UnservedDomains } from '../sip/unserved-domains.ts';
import type { Hub } from '../state/hub.ts';
import { inspect } from '../store/integrity.ts';
import type { HookPlace } from './hook-place.ts';
import type { SipWays } from './ways.ts';

export interface CheckSide {
  readonly config: Config;
  readonly clock: Clock;
  readonly hub: Hub;
  readonly adapters: ReadonlyMap<string, PbxAdapter>;
  readonly notifier: Notifier;
  readonly push: Push;
  readonly security: Pick<SecurityLog, 'refusedLogins'>;
  readonly sip: { readonly ways: Pick<SipWays, 'heard'>; readonly unserved: Pick<UnservedDomains, 'list'> };
  readonly ways: () => WaysView;
  /** Phones that registered through us; null: none does. */
  readonly phones: { list(): readonly PhoneView[] } | null;
  readonly storeFailure: () => string | null;
  /** Of now: a reload may name another. */
  readonly hooks: Pick<HookPlace, 'hooks'>;
}

/** What the examination looks at of each room. */
export function examination(side: CheckSide): () => Promise<readonly Finding[]> {
  const { config, clock, hub, adapters, notifier, push, security, sip, ways, phones, storeFailure } = side;
  const packages = eventPackages.map(({ event }) => event);
  const examiner = new Examiner({
    clock,
    pbxs: adapters,
    look: () => {
      const extensions = hub.list().map((aor) => hub.view(aor));
      return {
        config,
        clock,
        packages,
        ways: ways(),
        addresses: ownAddresses(),
        subscriptions: notifier.list(),
        extensions,
        pushed: new Set(push.list().map(({ aor }) => aor)),
        refusedLogins: security.refusedLogins,
        unservedDomains: sip.unserved.list(),
        agents: new Map((phones?.list() ?? []).map(({ aor, userAgent }) => [aor, userAgent ?? ''])),
        database: {
          path: config.store.path,
          failure: storeFailure(),
          writer: null,
          inspect: () => inspect(config.store.path),
        },
        hook: side.hooks.hooks,
        expect: (port) => sip.ways.heard.expect(port),
        question: {
          event: packages.find((name) => !config.sip.inline.pbx.includes(name)) ?? 'dialog',
          aor: extensions.find(({ lamp }) => lamp !== true)?.aor ?? aorOf('lamplighter-doctor', config.domain),
        },
      };
    },
  });
  return () => examiner.run();
}

/** Of this host but loopback, without brackets. */
export function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
  return all.filter(({ internal }) => !internal).map(({ address }) => address);
}
