package queue

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"letterbox/delivery"
	"letterbox/directory"
	"letterbox/mailauth"
)

// The sender of mail that is passed on is rewritten, as this machine is not among
// those that the sender's domain names in SPF: to an address of ours that says
// who it was and is signed, so that bounces find their way back and nobody else
// can use it (the Sender Rewriting Scheme: SRS0=HASH=DAY=DOMAIN=LOCAL@OURS, and
// SRS1 for what others had rewritten before).

// srsDays is how long such an address is good.
const srsDays = 21

// srsSetting is where the key is kept.
const srsSetting = "queue.srs_key"

// ErrNotOurSRS says that an address was not rewritten here, or too long ago.
var ErrNotOurSRS = errors.New("not an address that was rewritten here")

var srsEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Rewrite returns the sender under which a message is passed on in the name of
// one of our domains.
func (q *Queue) Rewrite(ctx context.Context, sender, domain string) (string, error) {
	key, err := q.srsKey(ctx)
	if err != nil {
		return "", err
	}
	return srsRewrite(key, sender, domain, time.Now()), nil
}

// Original returns who stands behind a rewritten address; ErrNotOurSRS.
func (q *Queue) Original(ctx context.Context, address string) (string, error) {
	if !isSRS(address) {
		return "", ErrNotOurSRS
	}
	key, err := q.srsKey(ctx)
	if err != nil {
		return "", err
	}
	return srsOriginal(key, address, time.Now())
}

func (q *Queue) srsKey(ctx context.Context) ([]byte, error) {
	d := q.Delivery.Directory
	text, set, err := d.Setting(ctx, srsSetting)
	if err == nil && !set {
		fresh := make([]byte, 32)
		rand.Read(fresh)
		text, err = hex.EncodeToString(fresh), d.SetSetting(ctx, srsSetting, hex.EncodeToString(fresh))
	}
	if err != nil {
		return nil, fmt.Errorf("key of rewritten senders: %w", err)
	}
	return hex.DecodeString(text)
}

func isSRS(address string) bool {
	lower := strings.ToLower(address)
	return strings.HasPrefix(lower, "srs0=") || strings.HasPrefix(lower, "srs1=")
}

func srsRewrite(key []byte, sender, ours string, now time.Time) string {
	at := strings.LastIndexByte(sender, '@')
	if at < 0 {
		return sender
	}
	local, domain := sender[:at], strings.ToLower(sender[at+1:])
	lower := strings.ToLower(local)
	switch {
	case strings.HasPrefix(lower, "srs0="), strings.HasPrefix(lower, "srs0-"), strings.HasPrefix(lower, "srs0+"):
		rest := domain + "=" + local[4:] // its separator is kept: only its maker reads it
		return "SRS1=" + srsHash(key, rest) + "=" + rest + "@" + ours
	case strings.HasPrefix(lower, "srs1="):
		if _, rest, found := strings.Cut(local[5:], "="); found { // the first one who rewrote it stays
			return "SRS1=" + srsHash(key, rest) + "=" + rest + "@" + ours
		}
	}
	rest := srsDay(now) + "=" + domain + "=" + local
	return "SRS0=" + srsHash(key, rest) + "=" + rest + "@" + ours
}

func srsOriginal(key []byte, address string, now time.Time) (string, error) {
	at := strings.LastIndexByte(address, '@')
	if !isSRS(address) || at < 5 {
		return "", ErrNotOurSRS
	}
	local := address[:at]
	hash, rest, found := strings.Cut(local[5:], "=")
	if !found || !hmac.Equal([]byte(strings.ToLower(hash)), []byte(srsHash(key, rest))) {
		return "", ErrNotOurSRS
	}
	if strings.EqualFold(local[:4], "SRS1") {
		domain, made, found := strings.Cut(rest, "=")
		if !found {
			return "", ErrNotOurSRS
		}
		return "SRS0" + made + "@" + domain, nil
	}
	parts := strings.SplitN(rest, "=", 3)
	if len(parts) != 3 || !srsFresh(parts[0], now) {
		return "", ErrNotOurSRS
	}
	return parts[2] + "@" + parts[1], nil
}

// srsHash signs, whatever the case: some servers change that.
func srsHash(key []byte, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.ToLower(text)))
	return srsEncoding.EncodeToString(mac.Sum(nil))[:8]
}

// srsDay is the day in two letters; it comes round after 1024.
func srsDay(now time.Time) string {
	day := now.Unix() / 86400 % 1024
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	return string([]byte{letters[day/32], letters[day%32]})
}

func srsFresh(day string, now time.Time) bool {
	for age := range srsDays + 1 {
		if strings.EqualFold(day, srsDay(now.AddDate(0, 0, -age))) {
			return true
		}
	}
	return false
}

// passedOn is the domain of ours by way of which a message from outside leaves
// again; "" for one that was written here, and for one from <>, which has no
// sender to rewrite.
func passedOn(m *Message) string {
	if m.Account != 0 || m.Sender == "" {
		return ""
	}
	for _, r := range m.Recipients {
		if a, err := directory.ParseAddress(r.By); err == nil {
			return a.Domain
		}
	}
	return ""
}

// unsure reports whether nothing stands for the sender of a message that is passed
// on. If it could not be delivered, a report would go to somebody whose address
// was forged.
func unsure(e delivery.Envelope, m *Message) bool {
	return passedOn(m) != "" && e.Verdict != nil &&
		e.Verdict.SPF.Result != mailauth.Pass && e.Verdict.DMARC.Result != mailauth.Pass
}

// quiet returns a message of which nobody reports anything, here or further on.
func quiet(m *Message) *Message {
	silent := *m
	silent.Recipients = slices.Clone(m.Recipients)
	for i := range silent.Recipients {
		silent.Recipients[i].Notify = "NEVER"
	}
	return &silent
}
