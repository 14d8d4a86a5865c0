package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// The generated mail: median about 8 kB, mean about 24 kB, four fifths plain
// text, the rest with attachments of incompressible bytes in base64. The rare
// word stands in one message of a thousand, the common one in 58 of a hundred.
const (
	rareWord   = "quixotically"
	commonWord = "timetable"
)

// mailbag makes the same messages each time.
type mailbag struct {
	median float64 // bytes of text
	random *rand.Rand
	words  []string
	made   int
}

func newMailbag(seed uint64) *mailbag {
	m := &mailbag{median: 8000, random: rand.New(rand.NewPCG(seed, 7))}
	syllables := strings.Fields("ba ke lo mi nu ra se ti vo za pe du fa gri hol jen kul mar nos pla")
	for range 5000 {
		var word strings.Builder
		for range 1 + m.random.IntN(4) {
			word.WriteString(syllables[m.random.IntN(len(syllables))])
		}
		m.words = append(m.words, word.String())
	}
	return m
}

// newSmallMailbag makes messages of about 2 kB, without attachments: a million of
// them have to fit.
func newSmallMailbag(seed uint64) *mailbag {
	m := newMailbag(seed)
	m.median = 700
	return m
}

// word follows Zipf's law roughly, as words do.
func (m *mailbag) word() string {
	return m.words[int(math.Pow(float64(len(m.words)), m.random.Float64()))-1]
}

func (m *mailbag) sentence(b *bytes.Buffer, words int) {
	column := 0
	for range words {
		word := m.word()
		if column += len(word) + 1; column > 72 {
			b.WriteString("\r\n")
			column = len(word)
		}
		b.WriteString(word)
		b.WriteByte(' ')
	}
	b.WriteString("\r\n")
}

// next makes a message.
func (m *mailbag) next() []byte {
	m.made++
	size := int(m.median * math.Exp(m.random.NormFloat64()*1.2)) // log-normal: mean about twice the median
	size = min(max(size, 600), 2<<20)
	attachment := 0
	if m.random.IntN(5) == 0 && m.median > 1000 {
		attachment = m.random.IntN(80000)
	}
	var b bytes.Buffer
	m.header(&b, attachment > 0)
	m.text(&b, min(size, 60000))
	if attachment > 0 {
		m.attach(&b, attachment)
	}
	return b.Bytes()
}

func (m *mailbag) header(b *bytes.Buffer, mixed bool) {
	date := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC).Add(time.Duration(m.made) * 37 * time.Minute)
	from, to := m.random.IntN(200), m.random.IntN(200)
	for hop := range 3 {
		fmt.Fprintf(b, "Received: from mx%d.%s.example (mx%d.%s.example [192.0.2.%d])\r\n\tby in.%s.example with ESMTPS id %08x;\r\n\t%s\r\n",
			hop, m.word(), hop, m.word(), m.random.IntN(255), m.word(), m.random.Uint32(), date.Format(time.RFC1123Z))
	}
	fmt.Fprintf(b, "From: %s %s <person%d@%s.example>\r\nTo: <person%d@bench.example>\r\n", m.word(), m.word(), from, m.words[from], to)
	fmt.Fprintf(b, "Subject: %s %s %s\r\nDate: %s\r\nMessage-ID: <%d.%d@bench.example>\r\n", m.word(), m.word(), m.word(), date.Format(time.RFC1123Z), m.made, m.made*7919)
	if m.made > 3 && m.random.IntN(2) == 0 {
		parent := m.made - 1 - m.random.IntN(min(m.made-1, 40))
		fmt.Fprintf(b, "In-Reply-To: <%d.%d@bench.example>\r\nReferences: <%d.%d@bench.example>\r\n", parent, parent*7919, parent, parent*7919)
	}
	b.WriteString("MIME-Version: 1.0\r\n")
	if mixed {
		b.WriteString("Content-Type: multipart/mixed; boundary=\"=_bench\"\r\n\r\n--=_bench\r\n")
	}
	b.WriteString("Content-Type: text/plain; charset=utf-8\r\n\r\n")
}

func (m *mailbag) text(b *bytes.Buffer, size int) {
	if m.random.IntN(100) < 58 {
		b.WriteString("The " + commonWord + " follows.\r\n")
	}
	if m.made%1000 == 500 {
		b.WriteString("We did it " + rareWord + ".\r\n")
	}
	for end := b.Len() + size; b.Len() < end; {
		m.sentence(b, 10+m.random.IntN(60))
	}
}

func (m *mailbag) attach(b *bytes.Buffer, size int) {
	raw := make([]byte, size)
	for i := range raw {
		raw[i] = byte(m.random.Uint32())
	}
	fmt.Fprintf(b, "\r\n--=_bench\r\nContent-Type: application/octet-stream; name=\"%s.bin\"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n", m.word())
	encoded := base64.StdEncoding.EncodeToString(raw)
	for len(encoded) > 76 {
		b.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	b.WriteString(encoded + "\r\n--=_bench--\r\n")
}
