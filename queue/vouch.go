package queue

import (
	"context"
	"fmt"
	"time"

	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/mailauth"
)

// vouch returns the header lines by which our domains stand for a message that
// leaves: DKIM signatures of the author's domain on what a user wrote, an ARC
// seal on what is passed on. A domain without keys signs nothing; that is in the
// log, and no reason to keep the mail.
func (q *Queue) vouch(ctx context.Context, e delivery.Envelope, m *Message, raw []byte) ([]byte, error) {
	now := time.Now()
	if domain := passedOn(m); domain != "" {
		keys, err := q.keys(ctx, domain)
		if err != nil || len(keys) == 0 || e.Verdict == nil {
			return nil, err
		}
		return mailauth.Seal(raw, keys[0], q.Delivery.Hostname, e.Verdict, now)
	}
	authors, err := delivery.Authors(raw)
	if err != nil || len(authors) == 0 {
		return nil, nil // DSNs of ours and the like
	}
	author, err := directory.ParseAddress(authors[0])
	if err != nil {
		return nil, nil
	}
	keys, err := q.keys(ctx, author.Domain)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		q.Log.WarnContext(ctx, "sent unsigned: the domain has no DKIM keys", "domain", author.Domain, "message", e.ID)
		return nil, nil
	}
	return mailauth.Sign(raw, keys, now)
}

// keys are those with which a domain of ours signs now, RSA first: a seal is
// checked by more people with that.
func (q *Queue) keys(ctx context.Context, domain string) ([]mailauth.Key, error) {
	list, err := q.Delivery.Directory.SigningKeys(ctx, domain)
	if err != nil {
		return nil, fmt.Errorf("keys of %s: %w", domain, err)
	}
	keys := make([]mailauth.Key, len(list))
	for i, k := range list {
		keys[i] = mailauth.Key{Domain: domain, Selector: k.Selector, Private: k.Private}
	}
	return keys, nil
}
