package demo

import (
	"bytes"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"mime"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"
	"github.com/emersion/go-message/mail"
)

const domain = "letterbox.example"

var now = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

// TestMailIsWellFormed reads every part of every message with another library.
func TestMailIsWellFormed(t *testing.T) {
	t.Parallel()
	all := Mail(domain, now)
	kinds := map[string]int{}
	for _, m := range all {
		r, err := mail.CreateReader(bytes.NewReader(m.Raw))
		if err != nil {
			t.Fatalf("%s: %v", m.Raw[:200], err)
		}
		if id, err := r.Header.MessageID(); err != nil || id == "" {
			t.Errorf("message id %q: %v", id, err)
		}
		if date, err := r.Header.Date(); err != nil || !date.Equal(m.Received) {
			t.Errorf("date %v, received %v: %v", date, m.Received, err)
		}
		whole, err := message.Read(bytes.NewReader(m.Raw))
		if err != nil {
			t.Fatal(err)
		}
		err = whole.Walk(func(path []int, e *message.Entity, err error) error {
			if err != nil {
				return err
			}
			kind, _, err := e.Header.ContentType()
			kinds[kind]++
			if err != nil || strings.HasPrefix(kind, "multipart/") {
				return err
			}
			_, err = io.Copy(io.Discard, e.Body)
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", m.Raw[:300], err)
		}
		checkLines(t, m.Raw)
	}
	for _, kind := range []string{
		"text/html", "image/jpeg", "image/png", "application/pdf", "message/rfc822",
		"text/calendar", "text/vcard", "audio/wav", "multipart/related", "multipart/report",
	} {
		if kinds[kind] == 0 {
			t.Errorf("no %s among the mail", kind)
		}
	}
	if len(all) < 36 {
		t.Errorf("%d messages are less than a few dozen", len(all))
	}
}

// checkLines: RFC 5322 section 2.1.1, and nothing left to fill in.
func checkLines(t *testing.T, raw []byte) {
	t.Helper()
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n") || strings.Contains(line, "@HERE") {
			t.Errorf("bad line %.100q of %d bytes", line, len(line))
		}
	}
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	for _, c := range head {
		if c >= 0x80 {
			t.Errorf("header is not ASCII: %s", head)
			return
		}
	}
}

func TestMailIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	one, two := Mail(domain, now), Mail(domain, now)
	for i := range one {
		if !bytes.Equal(one[i].Raw, two[i].Raw) {
			t.Errorf("message %d differs:\n%.300s", i, one[i].Raw)
		}
	}
}

func TestThreadsHoldTogether(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	var wanted []string
	for _, m := range Mail(domain, now) {
		r, err := mail.CreateReader(bytes.NewReader(m.Raw))
		if err != nil {
			t.Fatal(err)
		}
		id, _ := r.Header.MessageID()
		ids[id] = true
		references, _ := r.Header.MsgIDList("References")
		wanted = append(wanted, references...)
	}
	for _, id := range wanted {
		if !ids[id] {
			t.Errorf("nothing has the id %s that is referred to", id)
		}
	}
	if len(wanted) < 10 {
		t.Errorf("only %d references", len(wanted))
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{"photo": landscape(300, 200, 0.5), "logo": logo()} {
		if _, _, err := image.Decode(bytes.NewReader(data)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	document := pdf("a (b) \\c")
	start := bytes.LastIndex(document, []byte("xref\n0"))
	if !bytes.Contains(document, []byte(`(a \(b\) \\c) Tj`)) || !bytes.HasSuffix(document, []byte("%%EOF\n")) || start < 0 {
		t.Errorf("pdf:\n%s", document)
	}
	if sound := tune(2); len(sound) != 44+2*22050*2 {
		t.Errorf("sound of %d bytes", len(sound))
	}
	if got := attachment("On – dark.jpg", "image/jpeg", nil).disposition; !strings.Contains(got, "filename*=utf-8''") {
		t.Errorf("name: %s", got)
	}
	if _, params, err := mime.ParseMediaType(attachment(`a "b".txt`, "text/plain", nil).disposition); err != nil || params["filename"] != `a "b".txt` {
		t.Errorf("%v, %v", params, err)
	}
}
