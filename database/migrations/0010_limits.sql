-- Limits of domains, and what is said about limits: owned by package store.

ALTER TABLE account ADD COLUMN warned INTEGER NOT NULL DEFAULT 0;     -- percent of a limit that its owner was last told of
ALTER TABLE account ADD COLUMN full_since INTEGER NOT NULL DEFAULT 0; -- since then mail is refused for want of room; 0: it is not

CREATE TABLE domain_limit (                   -- 0: any
	domain          INTEGER PRIMARY KEY REFERENCES domain(id) ON DELETE CASCADE,
	each_bytes      INTEGER NOT NULL DEFAULT 0, -- of accounts that have no limit of their own
	each_messages   INTEGER NOT NULL DEFAULT 0,
	each_mailboxes  INTEGER NOT NULL DEFAULT 0,
	total_bytes     INTEGER NOT NULL DEFAULT 0, -- of all accounts together
	total_messages  INTEGER NOT NULL DEFAULT 0,
	total_mailboxes INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE usage_day (                      -- what an account held at the end of a day
	account  INTEGER NOT NULL,
	day      INTEGER NOT NULL,                  -- since 1970, UTC
	bytes    INTEGER NOT NULL,
	messages INTEGER NOT NULL,
	disk     INTEGER NOT NULL,                  -- its share of the bodies as they lie on the disk
	PRIMARY KEY (account, day)
) STRICT, WITHOUT ROWID;
