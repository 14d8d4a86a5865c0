-- Keys that authorize URLs (RFC 4467 section 2.2): of each user for each mailbox; owned by package store.

CREATE TABLE url_key (
	account INTEGER NOT NULL,                   -- who authorizes
	mailbox INTEGER NOT NULL,
	key     BLOB NOT NULL,
	PRIMARY KEY (account, mailbox)
) STRICT, WITHOUT ROWID;
CREATE INDEX url_key_mailbox ON url_key (mailbox);
