import { listFormat } from '../../src/event-packages/list/list.ts';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import type { ResourceList } from '../../src/model/resource-list.ts';
import type { SubscribeRequest } from '../../src/sip/front.ts';
import { type ListDocument, listIn } from '../support/list-view.ts';
import { alice, bob, domain, FakeStore, keys, lamps, newDialog, type SentNotify, World } from './support.ts';

export const office = aorOf('office', domain);
export const carol = aorOf('1003', domain);

/** Lists that tests write. */
export class FakeLists {
  readonly lists = new Map<Aor, ResourceList>();
  complete = true;
  readonly #listeners = new Set<() => void>();

  find(aor: Aor): ResourceList | null {
    return this.lists.get(aor) ?? null;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(aor: Aor, ...members: readonly Aor[]): void {
    this.lists.set(aor, {
      names: [{ text: 'Office', lang: 'en' }],
      members: members.map((member) => ({ aor: member, uri: null, names: [] })),
    });
  }

  picture(): void {
    for (const listener of this.#listeners) listener();
  }
}

export const listed = { ...lamps, eventlist: true };
export const ownKeys = { ...keys, eventlist: true };

/** A world with the list `office` of alice, bob and carol. */
export class ListWorld extends World {
  readonly lists: FakeLists;
  room = Number.POSITIVE_INFINITY;

  constructor(store = new FakeStore(), lists = new FakeLists()) {
    if (lists.lists.size === 0) lists.set(office, alice, bob, carol);
    const aorFor = (uri: string) => {
      const [, user, host] = /^sip:([^@]+)@([^;]+)/.exec(uri) ?? [];
      return user === undefined || host === undefined || !host.endsWith('.test') ? null : aorOf(user, host);
    };
    super(store, { packages: [listed, ownKeys], lists: { reader: lists, format: listFormat, aorFor } });
    this.lists = lists;
    this.sender.roomBytes = () => this.room;
  }

  asking(over: Partial<SubscribeRequest> = {}): Partial<SubscribeRequest> {
    return {
      resource: office,
      requestUri: 'sip:office@pbx.test;x=1',
      supported: ['eventlist'],
      accept: ['multipart/related', 'application/rlmi+xml', 'application/lamps+xml'],
      ...over,
    };
  }

  /** A phone with the list, its first NOTIFY answered and out of the way. */
  async watching(over: Partial<SubscribeRequest> = {}) {
    const dialog = over.dialog ?? newDialog();
    const answer = await this.subscribe(this.asking({ ...over, dialog }));
    const first = this.read();
    return { dialog, answer, first };
  }

  /** What was sent since the last look. */
  read(): readonly ListDocument[] {
    return this.sender.take().map(documentOf);
  }
}

export function documentOf({ message }: SentNotify): ListDocument {
  return listIn({ contentType: message.contentType ?? '', body: message.content });
}

export const brief = ({ fullState, rows }: ListDocument) => [
  fullState,
  ...rows.map(({ uri, state }) => `${uri.slice(4, -domain.length - 1)} ${state}`),
];
