import type {
  ListedInstance,
  ListedResource,
  ListFormat,
  Rendered,
  RenderRequest,
  Scope,
} from '../event-packages/event-package.ts';
import type { Aor } from '../model/aor.ts';
import type { Logger } from '../model/logger.ts';
import { token } from '../model/random.ts';
import type { ListMember, ResourceList } from '../model/resource-list.ts';
import { maySee } from './list-watches.ts';
import type { StateReader } from './ports.ts';
import type { Subscription } from './record.ts';
import type { Head, RenderTools } from './subscription-render.ts';
import { noParams } from './terms.ts';

export interface ListRenderTools extends Pick<RenderTools, 'sender' | 'random' | 'mayPickUp'> {
  readonly state: Pick<StateReader, 'view' | 'has'>;
  readonly logger: Logger;
}

/** Nobody can have put it into a name before; each NOTIFY has another one. */
const boundaryBits = 64;

/** A datagram has 65,507 bytes at most, and a head. What a fetch has no room for is named without its state. */
const mostInDatagram = 60_000;

const noBody: Rendered['bodies'] = [{ contentType: null, content: '', covers: 'full' }];

/**
 * The NOTIFY that a subscription to a list owes: all of the list, or the members in `scope` that have changed. What has no
 * room is in the `covers` of a second body, to be told next. Each member is written by its package, as it would be for
 * this watcher alone; as its version that of the list serves, which grows with each NOTIFY and over restarts too.
 */
export function renderWatched(
  sub: Subscription,
  list: ResourceList | null,
  scope: Scope,
  head: Head,
  format: ListFormat,
  tools: ListRenderTools,
): Rendered {
  if (list === null) return { bodies: noBody, shown: sub.shown };
  const members = scope === 'full' ? list.members : membersIn(scope, list);
  if (scope !== 'full' && members.length === 0) return { bodies: [], shown: sub.shown }; // all of them have left
  const boundary = token(tools.random, boundaryBits);
  const written: string[][] = [];
  const writer = new MemberWriter(sub, head, boundary, tools);
  const resources = members.map((member, index): ListedResource => {
    const uri = member.uri ?? format.memberUri(sub.entity, member.aor as Aor);
    return {
      uri,
      names: writer.namesOf(member),
      instance: () => {
        const { instance, shown } = writer.write(member, uri);
        written[index] = [...shown];
        return instance;
      },
    };
  });
  const final = sub.debt.occasion === 'final';
  const fetch = final && isFetch(sub);
  const { dialog } = sub.channel;
  const datagram = dialog.flow.transport === 'udp';
  const { contentType, content, told } = format.render({
    uri: sub.entity,
    names: list.names,
    version: sub.version,
    fullState: scope === 'full',
    resources,
    boundary,
    roomBytes: fetch ? mostInDatagram : tools.sender.roomBytes(dialog, head),
    whole: fetch && !datagram,
  });
  // RFC 6665 4.2.1.4: an end may come without the state, and one half of a list is none.
  if (final && !fetch && told < members.length) return { bodies: noBody, shown: sub.shown };
  const shown = nowShown(sub.shown, members.slice(0, told), written);
  if (told === members.length || fetch) return { bodies: [{ contentType, content, covers: scope }], shown };
  const [covers, rest] = [members.slice(0, told), members.slice(told)].map((some) => some.map(keyOf));
  return {
    bodies: [
      { contentType, content, covers: covers ?? [] },
      { contentType: null, content: '', covers: rest ?? [] },
    ],
    shown,
  };
}

/** RFC 6665 4.4.3: state once; it is never kept, and has no number of its own. */
function isFetch({ id }: Subscription): boolean {
  return id === 0;
}

/** What a scope calls a member. */
function keyOf({ aor, uri }: ListMember): string {
  return aor ?? uri ?? '';
}

/** The members that a scope names, in its order; who has left the list since is in none. */
function membersIn(scope: readonly string[], list: ResourceList): readonly ListMember[] {
  const wanted = new Map<string, ListMember | null>(scope.map((key) => [key, null]));
  for (const member of list.members) {
    if (wanted.has(keyOf(member))) wanted.set(keyOf(member), member);
  }
  return [...wanted.values()].filter((member) => member !== null);
}

/** Stored with the member, as ids of dialogs are unique only within a resource. Neither part can hold a line break. */
const divider = '\n';

function nowShown(
  before: readonly string[],
  told: readonly ListMember[],
  written: readonly (readonly string[])[],
): readonly string[] {
  const news = new Set(told.map(keyOf));
  const kept = before.filter((entry) => !news.has(entry.slice(0, entry.indexOf(divider))));
  const shown = told.flatMap((member, index) => (written[index] ?? []).map((id) => `${keyOf(member)}${divider}${id}`));
  return [...kept, ...shown];
}

class MemberWriter {
  readonly #sub: Subscription;
  readonly #head: Head;
  readonly #boundary: string;
  readonly #tools: ListRenderTools;
  readonly #shown = new Map<string, string[]>();

  constructor(sub: Subscription, head: Head, boundary: string, tools: ListRenderTools) {
    this.#sub = sub;
    this.#head = head;
    this.#boundary = boundary;
    this.#tools = tools;
    for (const entry of sub.shown) {
      const at = entry.indexOf(divider);
      const [member, id] = [entry.slice(0, at), entry.slice(at + 1)];
      const there = this.#shown.get(member);
      if (there === undefined) this.#shown.set(member, [id]);
      else there.push(id);
    }
  }

  /** What the list calls it, else the PBX; of whom he may not see, a watcher learns no name. */
  namesOf(member: ListMember): ListedResource['names'] {
    const { aor, names } = member;
    if (names.length > 0 || aor === null || this.#refusal(aor) !== null) return names;
    const { displayName } = this.#tools.state.view(aor);
    return displayName === null ? names : [{ text: displayName, lang: null }];
  }

  write({ aor }: ListMember, uri: string): { readonly instance: ListedInstance; readonly shown: readonly string[] } {
    const reason = aor === null ? 'rejected' : this.#refusal(aor);
    if (aor === null || reason !== null)
      return { instance: { state: 'terminated', reason: reason ?? 'rejected' }, shown: [] };
    const { pkg } = this.#sub;
    const { logger, state } = this.#tools;
    try {
      const { bodies, shown } = pkg.render(state.view(aor), this.#request(aor, uri));
      const { contentType, content } = bodies[0] ?? { contentType: null, content: '' };
      if (contentType !== null) return { instance: { state: 'active', contentType, content }, shown };
    } catch (error) {
      logger.error({ err: error, event: pkg.event, aor }, 'a document could not be written');
    }
    return { instance: { state: 'terminated', reason: 'noresource' }, shown: [] };
  }

  /** Somebody in another tenant is refused before it is known whether he exists. */
  #refusal(aor: Aor): 'rejected' | 'noresource' | null {
    if (!maySee(this.#sub, aor)) return 'rejected';
    return this.#tools.state.has(aor) ? null : 'noresource';
  }

  #request(aor: Aor, entity: string): RenderRequest {
    const { contentType, profile, debt, version, watcher, terms, channel } = this.#sub;
    const tools = this.#tools;
    const head = this.#head;
    return {
      entity,
      contentType,
      profile,
      scope: 'full',
      occasion: debt.occasion,
      version,
      shown: this.#shown.get(aor) ?? [],
      get roomBytes() {
        return tools.sender.roomBytes(channel.dialog, head);
      },
      watcher,
      own: watcher === aor,
      mayPickUp: tools.mayPickUp(watcher, aor),
      boundary: this.#boundary,
      watchers: [],
      params: terms?.params ?? noParams,
    };
  }
}
