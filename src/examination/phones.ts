import { type Aor, userOf } from '../model/aor.ts';
import { type Check, many, odd, type Remark, someOf } from '../model/check.ts';
import type { ResourceView, SubscriptionView } from '../model/views.ts';
import type { DaemonSeen } from './seen.ts';

/** Kinds of phones that are named one by one. */
const mostKinds = 5;
const nameless = 'phones that do not say what they are';

/** Registered, and nobody of that user subscribes: their lamps and keys are not known here. */
export const neverSubscribed: Check<DaemonSeen> = {
  name: 'never-subscribed',
  look: ({ config, extensions, subscriptions, pushed, ways, agents }) => {
    // the phones of the demo are simulated like their PBX: there is nothing to turn on
    if (config.pbx.every(({ type }) => type === 'simulated')) return [];
    // nobody does: that is said once, not for each; by native mode and push nobody needs to
    if (subscriptions.length === 0 || ways.engine.kind !== 'embedded') return [];
    const watchers = new Set(subscriptions.map(({ watcher }) => watcher));
    const silent = extensions.filter(
      ({ aor, contacts, lamp }) => contacts > 0 && lamp !== true && !watchers.has(aor) && !pushed.has(aor),
    );
    const kinds = grouped(silent, (view) => [agentOf(view, agents), userOf(view.aor)]);
    return kinds.map(([agent, users]) =>
      odd(
        `registered at the PBX, and never subscribed here: ${agent}: ${someOf(users)}`,
        'on the phone turn on feature key synchronisation and lamps (BLF), with Lamplighter as their server (docs/vendors); right as it is for soft phones without lamps',
      ),
    );
  },
};

function agentOf({ aor, devices }: ResourceView, agents: ReadonlyMap<string, string>): string {
  return devices?.find(({ userAgent }) => userAgent !== null)?.userAgent ?? agents.get(aor) ?? nameless;
}

/** A NOTIFY without an answer means a lamp that may be wrong. */
export const unanswered: Check<DaemonSeen> = {
  name: 'unanswered',
  look: ({ subscriptions }) => {
    const lost = subscriptions.filter(({ lastStatus }) => lastStatus === 408);
    return byAgent(lost, subscriptions.length).map((text) =>
      odd(
        `the last NOTIFY was not answered: ${text}`,
        'phones that were switched off are forgotten when they expire. Where they are on: a firewall or NAT forgot them; ' +
          'let them subscribe for 120 s, keep the connection alive, or use TCP',
      ),
    );
  },
};

/** A phone that says no to what it is told shows something else. */
export const refusedNotify: Check<DaemonSeen> = {
  name: 'refused-notify',
  look: ({ subscriptions }) => {
    const bad = subscriptions.filter(({ lastStatus }) => (lastStatus ?? 0) >= 300 && lastStatus !== 408);
    return byAgent(bad, subscriptions.length).map((text) =>
      odd(
        `the last NOTIFY was refused: ${text}`,
        'lamplighter trace EXT shows it; another profile in phones.profiles may suit the phone (docs/phones.md)',
      ),
    );
  },
};

/** `Yealink SIP-T46U 66.85.0.5: 3 subscriptions of 1001, 1002 (408)`, the most first. */
function byAgent(some: readonly SubscriptionView[], total: number): readonly string[] {
  const kinds = grouped(some, (one) => [
    one.userAgent ?? nameless,
    `${userOf(one.watcher ?? one.aor)} (${one.lastStatus})`,
  ]);
  return kinds.map(
    ([agent, all]) => `${agent}: ${many(all.length, 'subscription')} of ${total}, ${someOf([...new Set(all)])}`,
  );
}

function grouped<T>(
  items: readonly T[],
  read: (item: T) => readonly [string, string],
): readonly [string, readonly string[]][] {
  const groups = new Map<string, string[]>();
  for (const item of items) {
    const [key, value] = read(item);
    const there = groups.get(key);
    if (there === undefined) groups.set(key, [value]);
    else there.push(value);
  }
  return [...groups].sort((a, b) => b[1].length - a[1].length).slice(0, mostKinds);
}

const why: Readonly<Record<string, readonly [string, string]>> = {
  'auth-failed': [
    'wrong password',
    'give the phone the password that the PBX has for it; after a change of it, restart the phone',
  ],
  'unknown-user': [
    'no PBX has this user',
    'the phone logs in with another name than its extension, or to another domain: correct it there, or name the domain in aliases. From strangers: config/fail2ban',
  ],
  'not-trusted': [
    'not from a trusted network',
    'sip.auth is trusted: name the address in sip.trusted where it is a proxy of yours, or let phones prove themselves with auth: pbx',
  ],
};

/** So old a refusal is no news; milliseconds. */
const newMs = 3_600_000;
const mostLogins = 10;

/** Phones that were refused in the last hour, and of whose user nothing stands now. */
export const refusedLogins: Check<DaemonSeen> = {
  name: 'refused-logins',
  look: ({ refusedLogins: all, subscriptions, clock }) => {
    const now = clock.now();
    const good = new Set(subscriptions.map(({ watcher, source }) => `${userOfOr(watcher)} ${addressIn(source)}`));
    const recent = all.filter(
      ({ lastAt, user, source }) => now - lastAt < newMs && !good.has(`${user ?? ''} ${source}`),
    );
    const worst = [...recent].sort((a, b) => b.count - a.count);
    const remarks: Remark[] = worst.slice(0, mostLogins).map(({ event, source, user, count }) => {
      const [reason, fix] = why[event] ?? [event, 'docs/security.md'];
      const who = user === null ? 'somebody' : user;
      return odd(`${who} at ${source} was refused ${many(count, 'time')}: ${reason}`, fix);
    });
    if (worst.length > mostLogins) {
      remarks.push(
        odd(`${worst.length - mostLogins} more were refused`, 'the security log has them all (docs/security.md)'),
      );
    }
    return remarks;
  },
};

function userOfOr(aor: Aor | null): string {
  return aor === null ? '' : userOf(aor);
}

/** Of `udp:192.0.2.1:5060` and `tcp:[2001:db8::1]:5060`. */
function addressIn(source: string): string {
  return source
    .replace(/^\w+:/, '')
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}
