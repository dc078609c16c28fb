import type { Clock } from '../../../src/model/clock.ts';
import type { ClientTransactions } from './client-transactions.ts';
import type { Dialogs } from './dialogs.ts';
import type { PhoneConnections } from './phone-connections.ts';
import type { Routes } from './routes.ts';
import type { ServerTransactions } from './server-transactions.ts';
import type { Path } from './sip-sockets.ts';
import { hostPort } from './sip-text.ts';

/** What both sides of the server stand on. */
export interface Shared {
  readonly clock: Clock;
  readonly incoming: ServerTransactions;
  readonly outgoing: ClientTransactions;
  readonly dialogs: Dialogs;
  readonly routes: Routes;
  readonly phones: PhoneConnections;
}

/** `HH:MM:SS.uuuuuu`. */
export function timeOf(clock: Clock): string {
  return `${new Date(clock.now()).toISOString().slice(11, 23)}000`;
}

/** The first fields of a frame: `toMessageFormat` of drachtio.h. */
export function metaOf(clock: Clock, bytes: number, { transport, remote }: Path): string {
  return `network|${bytes}|${transport}|${remote.address}|${remote.port}|${timeOf(clock)}`;
}

/** Of a response that sofia made up: it has no size and came from nowhere. */
export function madeUpMeta(clock: Clock, transport: Path['transport']): string {
  return `network|0|${transport}||0|${timeOf(clock)}`;
}

/** What sofia puts where a client gives none: no user. */
export function ownContact({ transport, local }: Path): string {
  return `<sip:${hostPort(local)}${transport === 'udp' ? '' : `;transport=${transport}`}>`;
}

export function isTerminated(subscriptionState: string): boolean {
  return subscriptionState.includes('terminated');
}
