package smtpd

import (
	"fmt"
	"testing"
	"time"

	"letterbox/habit"
)

// A clock that is an hour ahead shows in what the device sends. A message that
// waited for a connection has an old date too, but only once.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	st := newStage(t, h)
	st.signIn([]string{"A"})
	send := func(ahead time.Duration) {
		t.Helper()
		date := time.Now().Add(ahead).Format(time.RFC1123Z)
		st.Files["m.eml"] = []byte("From: anna@example.org\r\nDate: " + date + "\r\nUser-Agent: Old Phone 1.0\r\n\r\ntext\r\n")
		for _, line := range []string{
			"A> MAIL FROM:<anna@example.org>", "A< 250 {{.*}}", "A> RCPT TO:<ben@example.org>", "A< 250 {{.*}}",
			"A> DATA", "A< 354 {{.*}}", "A>file m.eml", "A< 250 {{.*}}",
		} {
			st.Line(line)
		}
	}
	send(-3 * time.Hour)
	send(time.Hour)
	send(time.Hour)
	if list := h.telemetry.Habits().Findings(); len(list) > 0 {
		t.Fatalf("found %v", list)
	}
	send(time.Hour)
	list := h.telemetry.Habits().Findings()
	if len(list) != 1 || list[0].Kind != habit.WrongClock || fmt.Sprint(list[0].Args) != "[anna@example.org Old Phone 1.0 60]" {
		t.Fatalf("found %v", list)
	}
	send(0)
	send(0)
	send(0)
	if list := h.telemetry.Habits().Findings(); len(list) > 0 {
		t.Errorf("the clock is right again: %v", list)
	}
}

// Submission is refused before TLS, and that somebody tried is found.
func TestExposed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	st := newStage(t, h)
	for _, line := range []string{"connect A submission", "ehlo A", "A> AUTH PLAIN AGFubmEAdHVsaXBz", "A< 538 {{.*}}"} {
		st.Line(line)
	}
	list := h.telemetry.Habits().Findings()
	if len(list) != 1 || list[0].Kind != habit.Exposed || fmt.Sprint(list[0].Args) != "[ 127.0.0.1 submission]" {
		t.Errorf("found %v", list)
	}
}
