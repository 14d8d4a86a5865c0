package queue

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSRS(t *testing.T) {
	t.Parallel()
	key, now := []byte("secret"), time.Unix(1_800_000_000, 0)
	for _, sender := range []string{"bob@far.example", "bob=x+y@far.example", "a.very.long.name@a.very.long.domain.example"} {
		once := srsRewrite(key, sender, "home.example", now)
		if !strings.HasPrefix(once, "SRS0=") || !strings.HasSuffix(once, "@home.example") {
			t.Errorf("%s became %s", sender, once)
		}
		for days, good := range map[int]bool{0: true, 21: true, 23: false, 1000: false} {
			got, err := srsOriginal(key, strings.ToLower(once), now.AddDate(0, 0, days))
			if good != (err == nil) || good && got != sender {
				t.Errorf("after %d days %s became %s, %v", days, once, got, err)
			}
		}
		// The next one who passes it on keeps the first rewriter in it, and so does
		// the one after that.
		twice := srsRewrite([]byte("other"), once, "club.example", now)
		thrice := srsRewrite([]byte("third"), twice, "team.example", now)
		if !strings.HasPrefix(twice, "SRS1=") || !strings.HasPrefix(thrice, "SRS1=") || len(thrice) > len(twice)+2 {
			t.Errorf("%s, then %s, then %s", once, twice, thrice)
		}
		back, err := srsOriginal([]byte("third"), thrice, now)
		if err != nil || back != once {
			t.Errorf("%s goes back to %s, %v; want %s", thrice, back, err, once)
		}
	}
	good := srsRewrite(key, "bob@far.example", "home.example", now)
	for _, bad := range []string{
		strings.Replace(good, "far.example", "spam.example", 1), strings.Replace(good, "=bob@", "=eve@", 1),
		"SRS0=@home.example", "SRS0=x@home.example", "SRS1=x=y@home.example", "bob@home.example", "SRS0", "",
	} {
		if got, err := srsOriginal(key, bad, now); !errors.Is(err, ErrNotOurSRS) {
			t.Errorf("%q became %q, %v", bad, got, err)
		}
	}
}

// TestForward passes mail on under an address of ours, which leads back to its
// sender.
func TestForward(t *testing.T) {
	t.Parallel()
	h := build(t, farZone)
	far := startMX(t)
	h.place("192.0.2.1:25", far.addr)
	h.start()
	h.post(&Message{Sender: "cem@near.example", Recipients: []Recipient{{Address: "bob@far.example", By: "club@home.example"}}}, letter)
	got := far.wait(1)[0]
	h.empty()
	_, rest, _ := strings.Cut(got.mail, "<")
	sender, _, _ := strings.Cut(rest, ">")
	original, err := h.Original(t.Context(), sender)
	if err != nil || original != "cem@near.example" {
		t.Errorf("%q leads back to %q, %v", got.mail, original, err)
	}
	// From <> there is nobody to rewrite.
	h.post(&Message{Sender: "", Recipients: []Recipient{{Address: "bob@far.example", By: "club@home.example"}}}, letter)
	if got := far.wait(2)[1]; !strings.HasPrefix(got.mail, "MAIL FROM:<> ") {
		t.Errorf("%q", got.mail)
	}
	h.empty()
}
