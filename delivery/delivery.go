// Package delivery takes an accepted message to its mailboxes: which folder,
// which header lines for which recipient. The decisions are pure functions.
package delivery

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"letterbox/database"
	"letterbox/directory"
	"letterbox/store"
	"letterbox/telemetry"
)

// An Envelope is what SMTP said about a message.
type Envelope struct {
	ID         string // of the transaction, in Received and the logs
	Sender     string // reverse-path, "" for <>
	Helo       string
	Remote     netip.Addr
	RemoteName string          // verified PTR, may be ""
	Protocol   string          // "ESMTPS" ... (RFC 3848)
	TLS        string          // "TLSv1.3 TLS_AES_128_GCM_SHA256", "" without
	User       *directory.User // who submitted it; nil from outside
	Received   time.Time
}

type Delivery struct {
	Hostname  string
	Store     *store.Store
	Directory *directory.Directory
	Telemetry *telemetry.Telemetry
	Log       *slog.Logger
}

// Deliver adds the message to the mailboxes of all recipients, who are ours, in
// one transaction with what hold and also add (see store.Batch), and returns
// when it is durable. A user who is named twice gets one copy.
func (d *Delivery) Deliver(ctx context.Context, e Envelope, to []directory.Recipient, raw []byte, hold [][]byte, also func(*database.Tx, []store.HeldID) error) error {
	panic("stub")
}
