// Package queue owns mail that leaves. Until sending is built, it holds it
// durably and shows it.
package queue

import (
	"context"
	"log/slog"
	"time"

	"letterbox/database"
	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/store"
)

// A Recipient of an outbound message with its DSN wishes (RFC 3461).
type Recipient struct {
	Address string
	Notify  string
	ORcpt   string
}

// A Message is to leave for elsewhere.
type Message struct {
	Account              int64
	Sender               string
	Recipients           []Recipient
	Body                 string
	SMTPUTF8, RequireTLS bool
	Ret, EnvID           string
}

type Queue struct {
	DB       *database.DB
	Store    *store.Store
	Delivery *delivery.Delivery
	Log      *slog.Logger
}

// Accept takes a message for local and remote recipients at once: when it
// returns nil, every copy is durable; when it fails, none exists.
func (q *Queue) Accept(ctx context.Context, e delivery.Envelope, raw []byte, local []directory.Recipient, remote *Message) error {
	panic("stub")
}

// An Item is a queued message as it is shown.
type Item struct {
	ID int64
	Message
	Created time.Time
	Size    int64
	States  map[string]string
}

func (q *Queue) List(ctx context.Context) ([]Item, error) { panic("stub") }

// Drop removes a queued message.
func (q *Queue) Drop(ctx context.Context, id int64) error { panic("stub") }
