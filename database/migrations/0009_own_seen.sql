-- Mailboxes in which everybody has a \Seen of their own: owned by package store.

ALTER TABLE mailbox ADD COLUMN own_seen INTEGER NOT NULL DEFAULT 0; -- 1: the flag is the owner's alone, others' are below

CREATE TABLE seen (                           -- what others than the owner have read
	account INTEGER NOT NULL,
	mailbox INTEGER NOT NULL,
	uid     INTEGER NOT NULL,
	PRIMARY KEY (account, mailbox, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_entry ON seen (mailbox, uid);
