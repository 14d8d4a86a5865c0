-- Annotations of mailboxes and of the server (RFC 5464): owned by package store.

CREATE TABLE metadata (
	mailbox INTEGER NOT NULL,                   -- 0: the server as a whole
	account INTEGER NOT NULL,                   -- whose /private entry it is; 0 for /shared
	name    TEXT NOT NULL COLLATE NOCASE,       -- from /private or /shared on
	value   BLOB NOT NULL,
	PRIMARY KEY (mailbox, account, name)
) STRICT, WITHOUT ROWID;
