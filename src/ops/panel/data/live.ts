import { ask, Refused } from '../link/ask.ts';
import type { StreamEvent } from '../link/event-reader.ts';
import { follow } from '../link/follow.ts';
import type { Extension } from '../words/shapes.ts';
import { connection, lastHeard, loadStatus } from './session.ts';
import { featureNews, put, replace } from './world.ts';

/** Readiness changes without an event. */
const statusMs = 15_000;
/** Subscriptions come and go without a change of the extension. */
const listMs = 60_000;

/** What an event said while a list was on its way is newer than the list. */
const loads = new Set<Set<string>>();

async function load(): Promise<void> {
  const newer = new Set<string>();
  loads.add(newer);
  try {
    replace(await ask<Extension[]>('GET', '/api/v1/extensions?lamps=true'), newer);
  } finally {
    loads.delete(newer);
  }
}

/** Keeps the page true as long as it is open. */
export function startLive(): void {
  void follow('/api/v1/events', { connected, told, lost }, new AbortController().signal);
  setInterval(() => again(loadStatus), statusMs);
  setInterval(() => again(load), listMs);
}

async function connected(resumed: boolean): Promise<void> {
  await Promise.all(resumed ? [loadStatus()] : [loadStatus(), load()]);
  connection.value = 'live';
  lastHeard.value = Date.now();
}

function lost(error: unknown): void {
  // Nothing is lost where a token is missing: the dialog says so.
  connection.value = error instanceof Refused && error.status === 401 ? 'connecting' : 'lost';
}

function told({ event, data }: StreamEvent): void {
  lastHeard.value = Date.now();
  if (event === 'reset') {
    void load().catch(() => undefined);
    return;
  }
  if (event === 'link') {
    void loadStatus().catch(() => undefined);
    return;
  }
  if (event !== 'message') return;
  const news = JSON.parse(data) as { aor: string; topic: string; extension: Extension | null };
  for (const newer of loads) newer.add(news.aor);
  put(news.aor, news.extension);
  if (news.topic === 'features' || news.topic === 'agent') featureNews.value++;
}

function again(read: () => Promise<void>): void {
  if (connection.peek() === 'live' && !document.hidden) read().catch(() => undefined);
}
