-- Mailboxes of others: owned by package store, but for user.kind.

ALTER TABLE user ADD COLUMN kind TEXT NOT NULL DEFAULT ''; -- '': a person; 'team': nobody signs in, members share the mail

CREATE TABLE acl (                            -- RFC 4314; the owner is not listed and may do everything
	mailbox INTEGER NOT NULL,
	account INTEGER NOT NULL,                   -- who; 0: anyone who has signed in
	rights  INTEGER NOT NULL,                   -- bits of store.Rights; never 0
	PRIMARY KEY (mailbox, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX acl_account ON acl (account);

CREATE TABLE member (                         -- who gets rights on every new mailbox of a team
	account INTEGER NOT NULL,                   -- the team's
	member  INTEGER NOT NULL,
	rights  INTEGER NOT NULL,
	PRIMARY KEY (account, member)
) STRICT, WITHOUT ROWID;
