-- Mailboxes may have limits of their own: owned by package store.

ALTER TABLE mailbox ADD COLUMN limit_bytes INTEGER NOT NULL DEFAULT 0;    -- 0: as much as the account may hold
ALTER TABLE mailbox ADD COLUMN limit_messages INTEGER NOT NULL DEFAULT 0;
