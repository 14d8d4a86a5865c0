-- What a view holds, packed, so that it is not read row by row: owned by package store.

ALTER TABLE mailbox ADD COLUMN flags_at INTEGER NOT NULL DEFAULT 0; -- modseq of the last change to flags of a message that was there

CREATE TABLE imprint (                        -- may be missing, and may be older than the mailbox
	mailbox INTEGER PRIMARY KEY,
	modseq  INTEGER NOT NULL,                   -- mailbox.modseq when it was taken
	packed  BLOB NOT NULL                       -- uids, flags and modseqs of all messages
) STRICT;
