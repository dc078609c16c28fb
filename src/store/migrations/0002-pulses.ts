/**
 * What changes with each refresh and each call stands in a narrow table of its own: a hundred rows to a page instead of
 * six, so that a fan-out to a thousand lamps rewrites ten pages and not 170. A row here is newer than the subscription's.
 */
export const pulses = `
CREATE TABLE pulses (
  id INTEGER PRIMARY KEY,
  expires_at INTEGER NOT NULL,
  remote_cseq INTEGER NOT NULL,
  shown TEXT NOT NULL
) STRICT;

CREATE TRIGGER pulse_of_deleted AFTER DELETE ON subscriptions
BEGIN DELETE FROM pulses WHERE id = old.id; END;

CREATE TRIGGER pulse_of_rewritten AFTER UPDATE OF content_type ON subscriptions
BEGIN DELETE FROM pulses WHERE id = old.id; END;
`;
