package imapd

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/store"
)

// manyMessages is the size of the mailbox that the benchmarks go through.
const manyMessages = 10_000

// fill makes a mailbox of many messages with an attachment each.
func (h *house) fill(b *testing.B) {
	b.Helper()
	box, err := h.store.Mailbox(b.Context(), h.account(b, annaAddress), "INBOX")
	check(b, err)
	var batch store.Batch
	for i := range manyMessages {
		raw := fmt.Sprintf("Date: Sat, 2 May 2026 10:00:00 +0200\r\nFrom: Sender %d <sender%d@example.org>\r\n"+
			"To: anna@example.org, bob@example.com\r\nSubject: Message number %d about the garden\r\nMessage-ID: <%d@example.org>\r\n"+
			"Received: from a by b; Sat, 2 May 2026 10:00:00 +0200\r\nMIME-Version: 1.0\r\n"+
			"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n"+
			"--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--b--\r\n",
			i, i%100, i, i, bytes.Repeat([]byte("Words about roses and rain.\r\n"), 50), bytes.Repeat([]byte("QUJDREVGRw==\r\n"), 100))
		var flags []imap.Flag
		if i%3 > 0 {
			flags = append(flags, imap.FlagSeen)
		}
		batch.Messages = append(batch.Messages, store.NewMessage{
			Mailbox: box.ID, Raw: []byte(raw), Flags: flags, Received: time.Unix(1_700_000_000+int64(i)*600, 0),
		})
		if len(batch.Messages) == 500 {
			_, err := h.store.Append(b.Context(), batch)
			check(b, err)
			batch.Messages = nil
		}
	}
}

// drain sends a command and reads past its OK; it returns the number of bytes.
func (b *bareConn) drain(t testing.TB, text string) (n int64) {
	t.Helper()
	_ = b.SetDeadline(time.Now().Add(time.Minute))
	_, err := b.Write([]byte("t0815 " + text + "\r\n"))
	check(t, err)
	for {
		line, err := b.r.ReadSlice('\n')
		n += int64(len(line))
		switch {
		case err != nil:
			t.Fatal(err)
		case bytes.HasPrefix(line, []byte("t0815 OK ")):
			return n
		case bytes.HasPrefix(line, []byte("t0815 ")):
			t.Fatalf("%s: %s", text, line)
		}
	}
}

// One operation is a command over a mailbox of 10,000 messages.
func BenchmarkMailbox(b *testing.B) {
	h := newHouse(b)
	h.fill(b)
	conn := h.bare(b)
	conn.command(b, "SELECT INBOX")
	for _, c := range []struct{ name, command string }{
		{"FetchFlags", "UID FETCH 1:* (FLAGS)"},
		{"FetchEnvelope", "UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"},
		{"FetchFields", "UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])"},
		{"FetchBody", "UID FETCH 1:* (BODY.PEEK[])"},
		{"FetchPart", "UID FETCH 1:* (BODY.PEEK[1]<0.200>)"},
		{"FetchOne", "UID FETCH 5000 (BODY.PEEK[])"},
		{"SearchUnseen", "UID SEARCH UNSEEN"},
		{"SearchSince", "UID SEARCH SINCE 1-Jan-2024"},
		{"SearchSubject", "UID SEARCH SUBJECT \"number 777\""},
		{"SearchFrom", "UID SEARCH FROM sender77"},
		{"SearchTextRare", "UID SEARCH TEXT \"number 7777\""},
		{"SearchBodyMissing", "UID SEARCH BODY \"no such words\""},
		{"StoreFlag", "STORE 1:* +FLAGS.SILENT (\\Flagged)"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var n int64
			for b.Loop() {
				n = conn.drain(b, c.command)
			}
			b.SetBytes(n)
		})
	}
}
