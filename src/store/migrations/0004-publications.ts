/** What was published (RFC 3903). Few rows, each rewritten with its publication: no index but the id. */
export const publications = `
CREATE TABLE publications (
  id INTEGER PRIMARY KEY,
  aor TEXT NOT NULL,
  event TEXT NOT NULL,
  publisher TEXT,
  etag TEXT,
  said TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  source TEXT NOT NULL,
  user_agent TEXT
) STRICT;
`;
