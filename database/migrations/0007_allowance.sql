-- What users send: owned by package queue.

CREATE TABLE written_to (                     -- whom a user has written to
	account  INTEGER NOT NULL,
	address  TEXT NOT NULL,
	first_at INTEGER NOT NULL,
	PRIMARY KEY (account, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE sent_on (                        -- how much a user sent on a day
	account   INTEGER NOT NULL,
	day       INTEGER NOT NULL,                 -- since 1970, UTC
	messages  INTEGER NOT NULL,
	strangers INTEGER NOT NULL,                 -- recipients who were new
	PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE frozen_sender (                  -- who may not send until somebody looks at it
	account INTEGER PRIMARY KEY,
	at      INTEGER NOT NULL
) STRICT;
