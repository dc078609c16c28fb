import { expandExtensions } from '../extensions.ts';
import { isSafeUser } from './features/astdb.ts';
import type { AsteriskOptions } from './options.ts';

/** A queue that an agent belongs to, whether he is logged in or not. */
export interface Place {
  readonly queue: string;
  readonly interface: string;
  readonly stateInterface: string;
  readonly penalty: string;
}

/** AstDB family that remembers, by extension, in which queues somebody was who logged off: it outlives both of us. */
export const rememberedFamily = 'LamplighterAgents';

/** COMPAT(FreePBX): `QPENALTY/<queue>/agents/<extension>` holds the penalty of each dynamic member of a queue. */
export const freepbxFamily = 'QPENALTY';

type QueueOptions = Pick<AsteriskOptions, 'features' | 'agents'>;

/** The extensions that the configuration calls agents. */
export function configuredAgents({ agents }: QueueOptions): readonly string[] {
  return [...new Set(agents.queues.flatMap((it) => expandExtensions(it.members)))];
}

export function configuredWrapUps({ agents }: QueueOptions): ReadonlyMap<string, number> {
  return new Map(agents.queues.flatMap((it) => (it.wrapUpSeconds === undefined ? [] : [[it.name, it.wrapUpSeconds]])));
}

/** The extensions that FreePBX lists as dynamic members of some queue. */
export function freepbxAgents(rows: ReadonlyMap<string, string>): readonly string[] {
  return [...new Set(freepbxRows(rows).map((it) => it.extension))];
}

/**
 * Where somebody logs in: the queues of the configuration that have him as a member; else those of FreePBX's list; else
 * those he was in when he logged off.
 */
export function placesOf(
  extension: string,
  options: QueueOptions,
  freepbx: ReadonlyMap<string, string>,
  remembered: readonly Place[],
): readonly Place[] {
  const { queues, interface: iface, stateInterface } = options.agents;
  const isFreepbx = options.features === 'freepbx';
  const how = {
    interface: filled(iface ?? (isFreepbx ? 'Local/{ext}@from-queue/n' : 'PJSIP/{ext}'), extension),
    stateInterface: filled(stateInterface ?? (isFreepbx ? 'hint:{ext}@ext-local' : ''), extension),
  };
  const configured = queues.filter((it) => expandExtensions(it.members).includes(extension));
  if (configured.length > 0) {
    return configured.map(({ name, penalty }) => ({ ...how, queue: name, penalty: String(penalty) }));
  }
  const listed = freepbxRows(freepbx).filter((it) => it.extension === extension);
  if (listed.length > 0) return listed.map(({ queue, penalty }) => ({ ...how, queue, penalty }));
  return remembered;
}

/** Places as a row: JSON, for names of queues may hold what any separator is made of. */
export function written(places: readonly Place[]): string {
  return JSON.stringify(places.map((it) => [it.queue, it.interface, it.stateInterface, it.penalty]));
}

/** The places of a row; none where it is not one of ours. */
export function read(row: string | null): readonly Place[] {
  let list: unknown;
  try {
    list = JSON.parse(row ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(list)) return [];
  return list.flatMap((it: unknown) => {
    if (!Array.isArray(it) || !it.every((cell) => typeof cell === 'string' && !/[\r\n\0]/.test(cell))) return [];
    const [queue, iface, stateInterface = '', penalty = '0'] = it as string[];
    return queue && iface ? [{ queue, interface: iface, stateInterface, penalty }] : [];
  });
}

function freepbxRows(rows: ReadonlyMap<string, string>) {
  return [...rows].flatMap(([key, penalty]) => {
    const [, queue, extension] = /^QPENALTY\/([^/]+)\/agents\/([^/]+)$/.exec(key) ?? [];
    if (queue === undefined || extension === undefined || !isSafeUser(extension)) return [];
    return [{ queue, extension, penalty: /^\d{1,5}$/.test(penalty) ? penalty : '0' }];
  });
}

function filled(template: string, extension: string): string {
  return template.replaceAll('{ext}', extension);
}
