-- Of which rule for a mailbox its owner was told: owned by package store.

CREATE TABLE retention_told (
	mailbox INTEGER PRIMARY KEY,
	days    INTEGER NOT NULL,                   -- after which messages go
	at      INTEGER NOT NULL
) STRICT;
