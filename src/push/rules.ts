import type { EventPackage } from '../event-packages/event-package.ts';
import { type Aor, aorOf, domainOf, userOf } from '../model/aor.ts';
import type { PhoneProfile } from '../model/profile.ts';

/** To whom the admin wants what pushed. */
export interface PushRule {
  /** On the whole number. */
  readonly extensions: RegExp;
  readonly domain: string;
  readonly packages: readonly EventPackage[];
  /** The user parts that are told as `dialog`, for each of the phones. */
  readonly watch: readonly string[];
  /** null: by the User-Agent of the phone. */
  readonly profile: PhoneProfile | null;
  /** Phones that subscribe here are told by their subscription alone. */
  readonly sparesSubscribed: boolean;
  /** From one NOTIFY of a package to the next at the phones of a user; milliseconds. */
  readonly minIntervalMs: number;
  /** Everything is told again after this time; milliseconds; null: never. */
  readonly repeatMs: number | null;
}

/** A package that the phones of a user are told, and of which resources. */
export interface Wanted {
  readonly rule: PushRule;
  readonly pkg: EventPackage;
  readonly resources: readonly Aor[];
}

/** What is pushed to this user; of two rules for the same package the first counts. */
export function wantedFor(rules: readonly PushRule[], phone: Aor): readonly Wanted[] {
  const wanted = new Map<string, Wanted>();
  for (const rule of rules) {
    if (rule.domain !== domainOf(phone) || !rule.extensions.test(userOf(phone))) continue;
    for (const pkg of rule.packages) {
      if (wanted.has(pkg.event)) continue;
      const resources = pkg.watchers === 'owner' ? [phone] : rule.watch.map((user) => aorOf(user, rule.domain));
      wanted.set(pkg.event, { rule, pkg, resources });
    }
  }
  return [...wanted.values()];
}
