-- What people do that says what is junk: owned by package store.

CREATE TABLE sign (                           -- to be learned from
	account INTEGER NOT NULL,
	message INTEGER NOT NULL,
	junk    INTEGER NOT NULL,                   -- 1: it is, 0: it is wanted
	at      INTEGER NOT NULL,                   -- nanoseconds since 1970: a later one is another
	PRIMARY KEY (account, message)
) STRICT, WITHOUT ROWID;

-- What was learned from it: owned by package junk.

CREATE TABLE lesson (
	id         INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they were learned
	account    INTEGER NOT NULL,
	message    INTEGER NOT NULL,
	junk       INTEGER NOT NULL,
	source     TEXT NOT NULL,                   -- 'said', 'trained', 'known', 'kept'
	features   BLOB NOT NULL,                   -- numbers of words and the like, none of which can be read back
	senders    TEXT NOT NULL,                   -- names in the table below that it counted for, a line each
	learned_at INTEGER NOT NULL,
	UNIQUE (account, message)
) STRICT;
CREATE INDEX lesson_class ON lesson (account, junk, id);

CREATE TABLE sender (                         -- how somebody's mail was received before
	account INTEGER NOT NULL,
	name    TEXT NOT NULL,                      -- an address, 'domain:' or 'network:' and which
	wanted  INTEGER NOT NULL DEFAULT 0,         -- lessons
	junk    INTEGER NOT NULL DEFAULT 0,
	seen    INTEGER NOT NULL DEFAULT 0,         -- messages that went to other folders than Junk
	last_at INTEGER NOT NULL,
	PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE sender_rule (                    -- exceptions
	account INTEGER NOT NULL,                   -- 0: everybody
	pattern TEXT NOT NULL,                      -- an address or a domain, lower case
	junk    INTEGER NOT NULL,
	PRIMARY KEY (account, pattern)
) STRICT, WITHOUT ROWID;

CREATE TABLE arrived (                        -- which message an answer is to
	account INTEGER NOT NULL,
	ref     INTEGER NOT NULL,                   -- hash of the Message-ID
	message INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	PRIMARY KEY (account, ref)
) STRICT, WITHOUT ROWID;
