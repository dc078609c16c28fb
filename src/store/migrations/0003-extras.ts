/**
 * What few subscriptions have beside the plain (event parameters, rates, the members of a list): in a table of its own, so
 * that all the others pay nothing for it.
 */
export const extras = `
CREATE TABLE extras (
  id INTEGER PRIMARY KEY,
  extra TEXT NOT NULL
) STRICT;

CREATE TRIGGER extra_of_deleted AFTER DELETE ON subscriptions
BEGIN DELETE FROM extras WHERE id = old.id; END;
`;
