import type { Aor } from '../model/aor.ts';
import type { ListMember, ListName, ResourceList } from '../model/resource-list.ts';
import type { Subscription } from './record.ts';

/** What a subscription to a list is to: RLMI in each of its NOTIFYs, for as long as it lives (RFC 4662 4.5). */
export interface ListTerms {
  /** The list the phone brought along (RFC 5367); null: the one that `aor` names. */
  readonly own: ResourceList | null;
}

/** The list terms of a subscription; null: it is to a single resource. */
export function listTermsOf({ terms }: Pick<Subscription, 'terms'>): ListTerms | null {
  return terms === null ? null : terms.list;
}

/** RFC 4662 4.1: in the 200 and in each NOTIFY of a list, and nowhere else. */
export const requireEventlist: readonly (readonly [string, string])[] = [['Require', 'eventlist']];

/** Plain data, for JSON. */
export function writeList({ own }: ListTerms): object {
  return own === null ? {} : { names: own.names, members: own.members };
}

/** What `writeList` wrote; null: it is something else. */
export function readList(raw: unknown): ListTerms | null {
  if (!isRecord(raw)) return null;
  const { names, members } = raw;
  if (names === undefined && members === undefined) return { own: null };
  if (!Array.isArray(names) || !Array.isArray(members)) return null;
  return { own: { names: names.flatMap(readName), members: members.flatMap(readMember) } };
}

function readMember(raw: unknown): ListMember | readonly ListMember[] {
  if (!isRecord(raw)) return [];
  const { aor, uri, names } = raw;
  if ((aor !== null && typeof aor !== 'string') || typeof uri !== 'string' || !Array.isArray(names)) return [];
  return { aor: aor as Aor | null, uri, names: names.flatMap(readName) };
}

function readName(raw: unknown): ListName | readonly ListName[] {
  if (!isRecord(raw)) return [];
  const { text, lang } = raw;
  return typeof text === 'string' && (lang === null || typeof lang === 'string') ? { text, lang } : [];
}

function isRecord(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null;
}
