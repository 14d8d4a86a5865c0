package store

import (
	"errors"
	"testing"
	"time"
)

// Cards are made once, follow arrivals, and forget what is mostly gone.
func TestDeck(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	h.fill(in, 10)
	deck := func() *Deck {
		t.Helper()
		d, err := h.Deck(t.Context(), in, nil)
		must(t, err)
		return d
	}
	before := deck()
	h.put(in, []byte("Subject: Re: LETTER 3\r\nFrom: Zoe <anna@example.org>\r\nReferences: <3@example.org>\r\n\r\n"))
	after := deck()
	if len(before.Cards) != 10 || len(after.Cards) != 11 {
		t.Errorf("%d cards, then %d", len(before.Cards), len(after.Cards))
	}
	parent, at := after.Find(0, 4)
	reply, _ := after.Find(at, 11)
	ranks := after.Ranks()
	if parent == nil || reply == nil || parent.ID != reply.References[0] || parent.Subject != reply.Subject || !reply.Reply || parent.Reply {
		t.Errorf("%+v, %+v", parent, reply)
	}
	if after.Text(reply.From) != "ANNA" || after.Text(reply.FromName) != "ZOE" || ranks[reply.From] >= ranks[reply.FromName] {
		t.Errorf("from %q, shown as %q", after.Text(reply.From), after.Text(reply.FromName))
	}
	if reply.SentDay != NoDay || reply.Sent != reply.Received {
		t.Errorf("without a date: %+v", reply)
	}
	if none, _ := after.Find(0, 12); none != nil {
		t.Errorf("%+v", none)
	}
	stopped := errors.New("stopped")
	h.catalogs.forget()
	if _, err := h.Deck(t.Context(), in, func(int) error { return stopped }); !errors.Is(err, stopped) {
		t.Errorf("error %v", err)
	}
	if d := deck(); len(d.Cards) != 11 {
		t.Errorf("%d cards after a stop", len(d.Cards))
	}
}

// Catalogs that are not used, or too many, go.
func TestCatalogsAreBounded(t *testing.T) {
	t.Parallel()
	var cs catalogs
	for m := range MailboxID(3 * maxCatalogs) {
		cs.get(m)
	}
	if len(cs.list) > maxCatalogs {
		t.Errorf("%d catalogs", len(cs.list))
	}
	big := cs.get(1)
	big.cards = make([]Card, maxCards)
	cs.weigh(big)
	small := cs.get(2)
	small.cards = make([]Card, 1)
	cs.weigh(small)
	if cs.list[1] != nil || cs.list[2] == nil {
		t.Error("the one that was used last is not the one that is left")
	}
	cs.expire(time.Now().Add(2 * catalogIdle))
	if len(cs.list) != 0 {
		t.Errorf("%d catalogs after all that time", len(cs.list))
	}
}

// One operation is what the first SORT of a mailbox of 10,000 messages reads.
func BenchmarkFirstDeck(b *testing.B) {
	h, in := filled(b, 10_000)
	for b.Loop() {
		h.catalogs.forget()
		_, err := h.Deck(b.Context(), in, nil)
		must(b, err)
	}
}
