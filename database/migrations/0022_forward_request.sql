-- Whom people asked whether their mail may be passed on to them: owned by package
-- directory. A row stays for as long as the link is good, whatever became of it, so
-- that nobody can ask often.

CREATE TABLE forward_request (
	user     INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
	target   TEXT NOT NULL COLLATE NOCASE,      -- an address, ours or elsewhere
	keep     INTEGER NOT NULL,                  -- a copy is to stay, if it is the first target
	hash     BLOB UNIQUE,                       -- of the link's token; NULL: answered, or withdrawn
	asked_at INTEGER NOT NULL,
	PRIMARY KEY (user, target)
) STRICT, WITHOUT ROWID;
