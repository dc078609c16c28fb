import type { Aor } from '../model/aor.ts';
import type { TracedSubscription } from '../model/trace.ts';
import type { DialogState } from '../sip/dialog.ts';
import { flowName } from './dialog-json.ts';
import type { Subscription } from './record.ts';

/** A phone that subscribes, whatever to. */
export interface Device {
  readonly dialog: DialogState;
  readonly userAgent: string | null;
  /** `udp:192.0.2.1:5060` */
  readonly source: string;
}

/** Living subscriptions to one package over one transport. */
export interface SubscriptionCount {
  readonly event: string;
  readonly transport: string;
  readonly living: number;
  /** Those of them whose last NOTIFY nobody answered. */
  readonly unanswered: number;
}

/** How one subscription reaches its phone. */
export interface SubscriptionPath {
  readonly watcher: Aor | null;
  /** Of the phone, or of the proxy that is next. */
  readonly address: string;
  /** A proxy put itself into the path (Record-Route). */
  readonly proxied: boolean;
  /** Nobody answered the last NOTIFY. */
  readonly unanswered: boolean;
}

/** How many there are, by package and transport, and of how many nobody answered the last NOTIFY. */
export function countsOf(subs: Iterable<Subscription>): readonly SubscriptionCount[] {
  const counts = new Map<string, { event: string; transport: string; living: number; unanswered: number }>();
  for (const { pkg, channel, lastStatus } of subs) {
    const { event } = pkg;
    const { transport } = channel.dialog.flow;
    const key = `${event} ${transport}`;
    const count = counts.get(key) ?? { event, transport, living: 0, unanswered: 0 };
    count.living += 1;
    if (lastStatus === 408) count.unanswered += 1;
    counts.set(key, count);
  }
  return [...counts.values()];
}

/** Where each is told. */
export function pathOf({ watcher, lastStatus, channel }: Subscription): SubscriptionPath {
  const { flow, routeSet } = channel.dialog;
  return { watcher, address: flow.remote.address, proxied: routeSet.length > 0, unanswered: lastStatus === 408 };
}

/** The dialog of this user's youngest subscription for each device, no matter to what. */
export function devicesOf(user: Aor, subs: Iterable<Subscription>): readonly Device[] {
  const youngest = new Map<string, Subscription>();
  for (const sub of subs) {
    if (sub.watcher === user && sub.id > (youngest.get(sub.device)?.id ?? 0)) youngest.set(sub.device, sub);
  }
  return [...youngest.values()].map(({ channel: { dialog }, userAgent }) => ({
    dialog,
    userAgent,
    source: flowName(dialog.flow),
  }));
}

/** The call by which its messages are known. */
export function callOf({ id, aor, watcher, pkg, eventId, channel }: Subscription): TracedSubscription {
  return { id, aor, watcher, event: pkg.event, eventId, callId: channel.dialog.callId };
}
