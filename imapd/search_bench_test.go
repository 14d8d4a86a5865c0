package imapd

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"letterbox/store"
)

// A bag makes mail like that of the comparison with other servers: median some
// 8 kB, a fifth with attachments, one word in 58 messages of a hundred, another
// in one of a thousand.
type bag struct {
	random *rand.Rand
	words  []string
	made   int
}

func newBag() *bag {
	g := &bag{random: rand.New(rand.NewPCG(1, 7))}
	syllables := strings.Fields("ba ke lo mi nu ra se ti vo za pe du fa gri hol jen kul mar nos pla")
	for range 5000 {
		word := ""
		for range 1 + g.random.IntN(4) {
			word += syllables[g.random.IntN(len(syllables))]
		}
		g.words = append(g.words, word)
	}
	return g
}

func (g *bag) word() string {
	return g.words[int(math.Pow(float64(len(g.words)), g.random.Float64()))-1]
}

func (g *bag) next() []byte {
	g.made++
	var b bytes.Buffer
	date := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC).Add(time.Duration(g.made) * 37 * time.Minute)
	for range 3 {
		fmt.Fprintf(&b, "Received: from mx.%s.example (mx.%s.example [192.0.2.%d])\r\n\tby in.%s.example with ESMTPS id %08x;\r\n\t%s\r\n",
			g.word(), g.word(), g.random.IntN(255), g.word(), g.random.Uint32(), date.Format(time.RFC1123Z))
	}
	from := g.random.IntN(200)
	fmt.Fprintf(&b, "From: %s %s <person%d@%s.example>\r\nTo: <person%d@bench.example>\r\nSubject: %s %s %s\r\nDate: %s\r\nMessage-ID: <%d@bench.example>\r\n",
		g.word(), g.word(), from, g.words[from], g.random.IntN(200), g.word(), g.word(), g.word(), date.Format(time.RFC1123Z), g.made)
	if g.made > 3 && g.random.IntN(2) == 0 {
		parent := g.made - 1 - g.random.IntN(min(g.made-1, 40))
		fmt.Fprintf(&b, "In-Reply-To: <%d@bench.example>\r\nReferences: <%d@bench.example>\r\n", parent, parent)
	}
	mixed := g.random.IntN(5) == 0
	b.WriteString("MIME-Version: 1.0\r\n")
	if mixed {
		b.WriteString("Content-Type: multipart/mixed; boundary=bench\r\n\r\n--bench\r\n")
	}
	b.WriteString("Content-Type: text/plain; charset=utf-8\r\n\r\n")
	g.text(&b)
	if mixed {
		raw := make([]byte, g.random.IntN(80000))
		for i := range raw {
			raw[i] = byte(g.random.Uint32())
		}
		fmt.Fprintf(&b, "\r\n--bench\r\nContent-Type: application/octet-stream; name=%s.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--bench--\r\n",
			g.word(), base64.StdEncoding.EncodeToString(raw))
	}
	return b.Bytes()
}

func (g *bag) text(b *bytes.Buffer) {
	size := min(max(int(8000*math.Exp(g.random.NormFloat64()*1.2)), 600), 60_000)
	if g.random.IntN(100) < 58 {
		b.WriteString("The timetable follows.\r\n")
	}
	if g.made%1000 == 500 {
		b.WriteString("We did it quixotically.\r\n")
	}
	for end := b.Len() + size; b.Len() < end; {
		for range 10 {
			b.WriteString(g.word() + " ")
		}
		b.WriteString("\r\n")
	}
}

// fillFromBag fills INBOX with n messages.
func (h *house) fillFromBag(b testing.TB, n int) (bytes int64) {
	b.Helper()
	box, err := h.store.Mailbox(b.Context(), h.account(b, annaAddress), "INBOX")
	check(b, err)
	g := newBag()
	var batch store.Batch
	for i := range n {
		m := store.NewMessage{Mailbox: box.ID, Raw: g.next(), Received: time.Unix(1_700_000_000+int64(i)*600, 0)}
		bytes += int64(len(m.Raw))
		if batch.Messages = append(batch.Messages, m); len(batch.Messages) == 250 || i == n-1 {
			_, err := h.store.Append(b.Context(), batch)
			check(b, err)
			batch.Messages = nil
		}
	}
	return bytes
}

// One operation is a search of 10,000 messages with a full index.
func BenchmarkSearch(b *testing.B) {
	h := newHouse(b)
	bytes := h.fillFromBag(b, manyMessages)
	began := time.Now()
	check(b, h.store.IndexNow(b.Context(), h.account(b, annaAddress)))
	took := time.Since(began)
	info, err := os.Stat(filepath.Join(h.dir, "search", "1.db"))
	check(b, err)
	b.Logf("%d MB of mail indexed in %v: %.2f bytes a byte", bytes>>20, took, float64(info.Size())/float64(bytes))
	conn := h.bare(b)
	conn.command(b, "SELECT INBOX")
	for _, c := range []struct{ name, command string }{
		{"Subject", `UID SEARCH SUBJECT "grihol"`},
		{"From", `UID SEARCH FROM "person42@"`},
		{"TextRare", `UID SEARCH TEXT quixotically`},
		{"BodyCommon", `UID SEARCH BODY timetable`},
		{"BodyShort", `UID SEARCH BODY zq`},
		{"Unseen", `UID SEARCH UNSEEN`},
		{"Since", `UID SEARCH SENTSINCE 1-Jun-2024`},
		{"Received", `UID SEARCH SINCE 1-Jan-2024`},
		{"HeaderID", `UID SEARCH HEADER Message-ID "<7000@bench.example>"`},
		{"SortSubject", `UID SORT (SUBJECT) UTF-8 ALL`},
		{"SortDate", `UID SORT (REVERSE DATE) UTF-8 ALL`},
		{"ThreadReferences", `UID THREAD REFERENCES UTF-8 ALL`},
		{"ThreadSubject", `UID THREAD ORDEREDSUBJECT UTF-8 ALL`},
		{"TextFuzzy", `UID SEARCH FUZZY TEXT qixotically`},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				conn.drain(b, c.command)
			}
		})
	}
}
