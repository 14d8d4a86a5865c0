-- Messages that were expunged and can still be brought back: owned by package
-- store. A row counts as one of the message's entries.

CREATE TABLE removed (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	account    INTEGER NOT NULL,
	mailbox    TEXT NOT NULL,                   -- its name then
	message    INTEGER NOT NULL,
	flags      INTEGER NOT NULL,                -- system flags without \Deleted
	keywords   TEXT NOT NULL,                   -- with spaces between
	removed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX removed_account ON removed (account);

-- Whose a deleted mailbox was, if its messages can be brought back.
ALTER TABLE mailbox ADD COLUMN deleted_by INTEGER;
