import { Buffer } from 'node:buffer';
import { Compositor, type CompositorDeps } from '../../src/compositor/compositor.ts';
import type { EventPackage, Publication } from '../../src/event-packages/event-package.ts';
import { type Aor, aorOf } from '../../src/model/aor.ts';
import { granted, refused } from '../../src/model/outcome.ts';
import type { PbxEvent } from '../../src/model/pbx-event.ts';
import type { Published } from '../../src/model/publication.ts';
import type { PublicationRow } from '../../src/model/publication-row.ts';
import { systemRandom } from '../../src/model/random.ts';
import type { PublishAnswer, PublishRequest } from '../../src/sip/front.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';

export const domain = 'pbx.test';
export const alice = aorOf('1001', domain);
export const bob = aorOf('1002', domain);
export const remote = aorOf('7001', domain);
export const neighbour = aorOf('branch', domain);
export const type = 'application/x-said';

/** Says what its JSON body says: `{ said, wishes }`, or refuses with `{ refuse: status }`. */
export const talk: EventPackage = {
  event: 'talk',
  contentTypes: [type],
  expires: { min: 60, default: 3600, max: 3600 },
  reads: ['dialogs'],
  watchers: 'domain',
  implements: [],
  maxRequestBytes: 0,
  render: () => ({ bodies: [], shown: [] }),
  maxPublishBytes: 2000,
  publish: (body) => {
    const { said = null, wishes = [], refuse } = JSON.parse(body.toString()) as Publication & { refuse?: number };
    return refuse === undefined ? granted({ said, wishes }) : refused('bad', 'as it was asked', refuse);
  },
};

const silent: EventPackage = { ...talk, event: 'silent' };
delete (silent as { publish?: unknown }).publish;

/** A disk that a test may stop, or let fail. */
export class FakeStore {
  readonly rows = new Map<number, PublicationRow>();
  failing = false;
  /** What waits for `release`; null: nothing has to. */
  #held: (() => void)[] | null = null;

  hold(): void {
    this.#held = [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const write of held) write();
  }

  putPublication(row: PublicationRow): Promise<void> {
    return this.#write(() => this.rows.set(row.id, row));
  }

  deletePublication(id: number): Promise<void> {
    return this.#write(() => this.rows.delete(id));
  }

  #write(work: () => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const write = (): void => {
        if (this.failing) reject(new Error('disk full'));
        else {
          work();
          resolve();
        }
      };
      if (this.#held === null) write();
      else this.#held.push(write);
    });
  }
}

export type Ask = Partial<Omit<PublishRequest, 'body'>> & { readonly by?: Aor | null; readonly body?: unknown };

/** A compositor on a clock of the test, and all it said. */
export class Bench {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly store: FakeStore;
  readonly told: Extract<PbxEvent, { readonly type: 'published' }>[] = [];
  readonly wished: string[] = [];
  readonly missing = new Set<Aor>([aorOf('1999', domain)]);
  readonly compositor: Compositor;

  constructor(store = new FakeStore(), more: Partial<CompositorDeps> = {}) {
    this.store = store;
    this.compositor = new Compositor({
      clock: this.clock,
      random: systemRandom,
      logger: this.logger,
      packages: [talk, silent, { ...talk, event: 'message-summary' }],
      state: { has: (aor) => !this.missing.has(aor) },
      store,
      apply: (event) => {
        if (event.type === 'published') this.told.push(event);
      },
      grant: async ({ aor, feature, origin }) => {
        this.wished.push(`${feature} of ${aor} by ${origin.who} at ${origin.from}`);
      },
      rightOf: (publisher, resource) => (publisher === neighbour && resource === remote ? 'state' : 'none'),
      interval: { min: 60, max: 3600 },
      limits: { perPublisher: 5, perResource: 7, total: 9 },
      pace: { burst: 1000, everyMs: 500 },
      ...more,
    });
  }

  async publish(ask: Ask = {}): Promise<PublishAnswer> {
    const { by = alice, body = dialogs('a'), ...more } = ask;
    const answer = await this.compositor.onPublish({
      resource: alice,
      publisher: { aor: by, how: 'digest' },
      event: 'talk',
      ifMatch: null,
      expires: null,
      contentType: type,
      userAgent: 'Test/1',
      source: 'udp:192.0.2.1:5060',
      body: body === null ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body)),
      ...more,
    });
    answer.after?.();
    return answer;
  }

  /** The entity tag of a publication that must be granted. */
  async tagOf(ask: Ask = {}): Promise<string> {
    const { status, granted: given } = await this.publish(ask);
    if (given === undefined) throw new Error(`PUBLISH was answered ${status}`);
    return given.etag;
  }

  /** What stands of a resource, as the hub was told last. */
  said(aor: Aor = alice): readonly Published[] {
    return this.told.findLast((one) => one.aor === aor)?.said ?? [];
  }

  /** Ids of the calls that stand. */
  ids(aor: Aor = alice): readonly string[] {
    return this.said(aor).flatMap((one) => (one.kind === 'dialogs' ? one.dialogs.map(({ id }) => id) : []));
  }
}

/** The body of a publication of calls; `id!` ended, `id?` rings. */
export function dialogs(...ids: readonly string[]): object {
  return {
    said: {
      kind: 'dialogs',
      dialogs: ids.map((id) => ({
        id: id.replace(/[!?]$/, ''),
        phase: id.endsWith('!') ? 'terminated' : id.endsWith('?') ? 'early' : 'confirmed',
        direction: 'recipient',
        holding: false,
        remote: { number: '1002', name: null, presentable: true },
      })),
    },
  };
}
