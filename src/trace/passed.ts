import { type Aor, userOf } from '../model/aor.ts';
import { printable } from '../model/printable.ts';
import type { TracedMessage, TracedPath, TracedSubscription } from '../model/trace.ts';
import { type Head, hasTag, hostIn, readHead, sameness, uriIn, userIn } from './head.ts';
import { masked } from './mask.ts';
import type { Recorded } from './ring.ts';
import { shown, shownEnd, summaryOf } from './show.ts';

/** What is known elsewhere of what stands in messages. */
export interface Surroundings {
  /** Whom a URI means; null: nobody of our domains. */
  readonly aorFor: (uri: string) => Aor | null;
  /** The address of ours that this peer sends to, where we listen on all. */
  readonly facing: (remote: string) => string;
}

/** Who a message is about, and whose phone it is from or to. */
export interface Persons {
  readonly about: Aor | null;
  readonly watcher: Aor | null;
}

/** Of a domain that is not served; it stands in one line of a table. */
const longestHost = 64;

const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

/** One recorded message as whoever reads it needs it; each part is made when it is asked for. */
export class Passed {
  readonly recorded: Recorded;
  readonly head: Head;
  readonly #around: Surroundings;
  #persons: Persons | null = null;

  constructor(recorded: Recorded, around: Surroundings) {
    this.recorded = recorded;
    this.head = readHead(recorded.wire);
    this.#around = around;
  }

  /** Without secrets, as long as it was; one character a byte. */
  get wire(): string {
    return masked(this.recorded.wire, this.head);
  }

  /** Its path, with the address of ours that the peer knows. */
  get path(): TracedPath {
    const { path } = this.recorded;
    if (!wildcards.has(path.local.address)) return path;
    return { ...path, local: { address: this.#around.facing(path.remote.address), port: path.local.port } };
  }

  /** Equal for a message and its repetitions; null: it cannot be told. */
  get sameness(): string | null {
    const { direction, path } = this.recorded;
    return sameness(this.head, direction, `${path.transport} ${shownEnd(path.remote)}`);
  }

  /** As From and To say. */
  get persons(): Persons {
    this.#persons ??= this.#readPersons();
    return this.#persons;
  }

  /**
   * This user is named in From or To. In a domain that is not served nobody is known: there his number alone counts, for a
   * phone that is set to such a domain is looked for by its number.
   */
  names(aor: Aor): boolean {
    const user = userOf(aor);
    return ['from', 'to'].some((name) => {
      const uri = uriIn(this.head.headers.get(name));
      // the domain costs more, and hardly any message has the user
      if (uri === null || userIn(uri) !== user) return false;
      return (this.#around.aorFor(uri) ?? aor) === aor;
    });
  }

  message(more: {
    readonly id: string;
    readonly link: TracedSubscription | null;
    readonly retransmission: boolean;
    readonly missed: number;
  }): TracedMessage {
    const { head, recorded, path, wire } = this;
    const { link } = more;
    const about = link?.aor ?? this.persons.about;
    return {
      id: more.id,
      at: recorded.at,
      direction: recorded.direction,
      transport: path.transport,
      local: shownEnd(path.local),
      remote: shownEnd(path.remote),
      callId: head.callId === null ? null : shown(head.callId),
      cseq: head.cseq,
      method: head.method,
      status: head.start?.kind === 'response' ? head.start.status : null,
      summary: summaryOf(head, wire),
      retransmission: more.retransmission,
      ext: about === null ? null : userOf(about),
      unserved: this.#unserved(),
      watcher: link?.watcher ?? this.persons.watcher,
      subscription: link?.id ?? null,
      missed: more.missed,
      text: shown(wire),
    };
  }

  /**
   * The domain that a SUBSCRIBE or PUBLISH outside of a dialog asks in, where it is not served: that of the Request-URI, as
   * the answer is about. A 404 has no such line, and To stands for it.
   */
  #unserved(): string | null {
    const { start, headers, method } = this.head;
    if (start === null || (method !== 'SUBSCRIBE' && method !== 'PUBLISH')) return null;
    const isAsked = start.kind === 'request' && !hasTag(headers.get('to'));
    const uri = isAsked
      ? start.uri
      : start.kind === 'response' && start.status === 404
        ? uriIn(headers.get('to'))
        : null;
    if (uri === null || userIn(uri) === null || this.#around.aorFor(uri) !== null) return null;
    const host = hostIn(uri);
    return host === null ? null : printable(shown(host), longestHost);
  }

  /** A NOTIFY is from whom it is about, to who watches; all else the other way round. */
  #readPersons(): Persons {
    const { headers, method } = this.head;
    const who = (name: string): Aor | null => {
      const uri = uriIn(headers.get(name));
      return uri === null ? null : this.#around.aorFor(uri);
    };
    return method === 'NOTIFY'
      ? { about: who('from'), watcher: who('to') }
      : { about: who('to'), watcher: who('from') };
  }
}
