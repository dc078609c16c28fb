import type { Aor } from '../model/aor.ts';
import type { Published } from '../model/publication.ts';
import type { PublicationRow } from '../model/publication-row.ts';
import type { PublicationView } from '../model/views.ts';

/** One publication in RAM. */
export interface PublicationRecord {
  readonly id: number;
  readonly aor: Aor;
  readonly event: string;
  /** null: the API. */
  readonly publisher: Aor | null;
  etag: string | null;
  said: Published | null;
  readonly createdAt: number;
  /** Milliseconds since the epoch; Infinity: until it is removed. */
  expiresAt: number;
  source: string;
  userAgent: string | null;
  /** The expiry wheel's notes. */
  bucket: number;
  nextToExpire: PublicationRecord | null;
  previousToExpire: PublicationRecord | null;
}

/** What may differ from one 200 to the next. */
export type PublicationState = Pick<PublicationRecord, 'etag' | 'said' | 'expiresAt' | 'source' | 'userAgent'>;

export function newRecord(
  fixed: Pick<PublicationRecord, 'id' | 'aor' | 'event' | 'publisher' | 'createdAt'>,
  state: PublicationState,
): PublicationRecord {
  return { ...fixed, ...state, bucket: 0, nextToExpire: null, previousToExpire: null };
}

export function toRow(record: PublicationRecord, state: PublicationState = record): PublicationRow {
  const { id, aor, event, publisher, createdAt } = record;
  const { etag, said, expiresAt, source, userAgent } = state;
  return {
    id,
    aor,
    event,
    publisher,
    etag,
    said: JSON.stringify(said),
    createdAt,
    expiresAt: Number.isFinite(expiresAt) ? expiresAt : null,
    source,
    userAgent,
  };
}

/** null: the row makes no sense. */
export function fromRow(row: PublicationRow): PublicationRecord | null {
  const said = readSaid(row.said);
  if (said === undefined) return null;
  const { id, aor, event, publisher, createdAt, etag, source, userAgent } = row;
  const expiresAt = row.expiresAt ?? Number.POSITIVE_INFINITY;
  return newRecord({ id, aor, event, publisher, createdAt }, { etag, said, expiresAt, source, userAgent });
}

/** We wrote it; what somebody else wrote into the database must not throw later. undefined: nothing of ours. */
function readSaid(text: string): Published | null | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (value === null) return null;
  if (typeof value !== 'object') return undefined;
  const { kind, dialogs, counts, activities, notes } = value as Record<string, unknown>;
  const whole =
    (kind === 'dialogs' && Array.isArray(dialogs)) ||
    (kind === 'mailbox' && typeof counts === 'object' && counts !== null) ||
    (kind === 'presence' && Array.isArray(activities) && Array.isArray(notes));
  return whole ? (value as Published) : undefined;
}

export function toView(record: PublicationRecord): PublicationView {
  const { id, aor, event, publisher, said, createdAt, expiresAt, source, userAgent } = record;
  return {
    id,
    aor,
    event,
    publisher,
    said,
    createdAt,
    expiresAt: Number.isFinite(expiresAt) ? expiresAt : null,
    source,
    userAgent,
  };
}
