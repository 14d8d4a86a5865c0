package store

import "letterbox/database"

// Totals are what the whole database holds.
type Totals struct {
	Accounts, Mailboxes, Messages, Bodies int64
}

// Count counts in a reading transaction, by the counters of the mailboxes. What
// was deleted and is being cleared away does not count.
func Count(c *database.Conn) (t Totals, err error) {
	err = c.QueryRow(`
		SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM blob),
			count(*), coalesce(sum(messages), 0)
		FROM mailbox WHERE account IS NOT NULL`).
		Scan(&t.Accounts, &t.Bodies, &t.Mailboxes, &t.Messages)
	return t, err
}

// Recount is Count with the messages counted one by one.
func Recount(c *database.Conn) (t Totals, err error) {
	if t, err = Count(c); err != nil {
		return t, err
	}
	err = c.QueryRow(`
		SELECT count(*) FROM entry AS e JOIN mailbox AS m ON m.id = e.mailbox WHERE m.account IS NOT NULL`).
		Scan(&t.Messages)
	return t, err
}
