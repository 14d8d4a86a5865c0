-- Resources of RFC 9208 beyond bytes and messages, and the limit of RFC 7889 for one mailbox.

ALTER TABLE account ADD COLUMN mailboxes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN limit_mailboxes INTEGER NOT NULL DEFAULT 0; -- 0: unlimited
UPDATE account SET mailboxes = (SELECT count(*) FROM mailbox WHERE mailbox.account = account.id);

ALTER TABLE mailbox ADD COLUMN deleted_bytes INTEGER NOT NULL DEFAULT 0; -- of messages with \Deleted
ALTER TABLE mailbox ADD COLUMN append_limit INTEGER NOT NULL DEFAULT 0;  -- bytes of one message; 0: the server's limit
UPDATE mailbox SET deleted_bytes = (SELECT coalesce(sum(size), 0) FROM entry WHERE mailbox = mailbox.id AND flags & 8 <> 0)
	WHERE deleted > 0;
