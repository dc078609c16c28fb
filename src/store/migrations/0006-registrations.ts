/** Registrations that went through us to the PBX. `flow` is JSON of the path; `proven`: 0 or 1. */
export const registrations = `
CREATE TABLE registrations (
  id TEXT PRIMARY KEY,
  aor TEXT NOT NULL,
  contact TEXT NOT NULL,
  flow TEXT NOT NULL,
  since INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  user_agent TEXT,
  proven INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;
