/** Profile documents that came by the API. `readers`: JSON, a list of users or "everybody". */
export const profiles = `
CREATE TABLE profiles (
  kind TEXT NOT NULL,
  domain TEXT NOT NULL,
  name TEXT NOT NULL,
  content_type TEXT NOT NULL,
  content TEXT NOT NULL,
  etag TEXT NOT NULL,
  readers TEXT NOT NULL,
  effective_by INTEGER,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (kind, domain, name)
) STRICT;
`;
