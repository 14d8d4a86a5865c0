package queue

import (
	"fmt"

	"letterbox/database"
	"letterbox/delivery"
	"letterbox/mailauth"
)

// Reports of success for recipients here (RFC 3461 section 5.2.3): owed in the
// transaction that delivers, and paid like all others.

// assured reports whether somebody stands for the sender, so that a report of
// success, which anybody can ask for, goes to nobody whose address was forged.
func assured(e delivery.Envelope) bool {
	return e.User != nil ||
		e.Verdict != nil && (e.Verdict.SPF.Result == mailauth.Pass || e.Verdict.DMARC.Result == mailauth.Pass)
}

func withoutDelivered(m *Message) *Message {
	silent := *m
	silent.Delivered = nil
	return &silent
}

// insertDelivered adds what is owed. Who is also a recipient elsewhere, by some
// detour, is not reported twice.
func (o *outbound) insertDelivered(tx *database.Tx, id int64) error {
	reply := Reply{Code: 250, Enhanced: "2.1.5", Text: "delivered to the mailbox"}
	for _, r := range o.Delivered {
		_, err := tx.Exec(`
			INSERT INTO outbound_recipient (outbound, address, domain, dsn_notify, dsn_orcpt, next_at, state, report, last_reply, last_at)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'sent', ?7, ?8, ?6) ON CONFLICT (outbound, address) DO NOTHING`,
			id, r.Address, r.domain(), r.Notify, r.ORcpt, o.created.Unix(), reportDelivered, reply.String())
		if err != nil {
			return fmt.Errorf("owe a report about %s: %w", r.Address, err)
		}
	}
	return nil
}
