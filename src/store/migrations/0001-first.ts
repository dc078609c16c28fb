/**
 * The first schema. Subscriptions carry no secondary index: the Maps in memory are the indexes, and every index costs
 * on each insert.
 */
export const first = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
  id INTEGER PRIMARY KEY,
  aor TEXT NOT NULL,
  event TEXT NOT NULL,
  event_id TEXT,
  entity TEXT NOT NULL,
  content_type TEXT NOT NULL,
  watcher TEXT,
  device TEXT NOT NULL,
  user_agent TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  dialog TEXT NOT NULL,
  shown TEXT NOT NULL,
  cseq_limit INTEGER NOT NULL,
  version_limit INTEGER NOT NULL
) STRICT;

CREATE TABLE features (
  aor TEXT NOT NULL,
  feature TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  target TEXT,
  ring_count INTEGER,
  rev INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (aor, feature)
) STRICT, WITHOUT ROWID;

CREATE TABLE legs (
  source TEXT NOT NULL,
  aor TEXT NOT NULL,
  legs TEXT NOT NULL,
  PRIMARY KEY (source, aor)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  aor TEXT NOT NULL,
  feature TEXT NOT NULL,
  decision TEXT NOT NULL,
  origin TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL,
  wished TEXT,
  reason TEXT
) STRICT;

CREATE INDEX audit_of_aor ON audit (aor, id);
`;
