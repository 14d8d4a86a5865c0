package store

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/emersion/go-imap/v2"
)

// page is a message of 8 kB that compresses about as mail does.
func page(n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Message-ID: <%d@example.org>\r\nSubject: page %d\r\nFrom: Alice <alice@example.org>\r\n\r\n", n, n)
	words := rand.New(rand.NewPCG(uint64(n), 1))
	for b.Len() < 8000 {
		fmt.Fprintf(&b, "%x word and some more of them %d\r\n", words.Uint64(), words.IntN(100))
	}
	return b.Bytes()
}

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			h := build(b)
			in := h.box("INBOX")
			next := make(chan int)
			go func() {
				defer close(next)
				for n := range b.N {
					next <- n
				}
			}()
			failed := make(chan error, writers)
			commits, flushes := h.db.Stats().Commits, h.blobs.Stats().Flushes
			b.ResetTimer()
			for range writers {
				go func() {
					for n := range next {
						_, err := h.Append(b.Context(), Batch{Messages: []NewMessage{{Mailbox: in, Raw: page(n)}}})
						if err != nil {
							failed <- err
							return
						}
					}
					failed <- nil
				}()
			}
			for range writers {
				must(b, <-failed)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
			b.ReportMetric(float64(h.db.Stats().Commits-commits+h.blobs.Stats().Flushes-flushes)/float64(b.N), "flushes/msg")
		})
	}
}

// benchSizes are the messages that the mailbox of a benchmark holds.
func filled(b *testing.B, n int) (*house, MailboxID) {
	h := build(b)
	in := h.box("INBOX")
	h.fill(in, n)
	return h, in
}

func BenchmarkSetFlags(b *testing.B) {
	for _, n := range []imap.UID{1, 10_000} {
		b.Run(fmt.Sprintf("messages=%d", n), func(b *testing.B) {
			h, in := filled(b, 10_000)
			v := h.view(in)
			op := imap.StoreFlagsAdd
			for b.Loop() {
				_, err := h.SetFlags(b.Context(), in, span(1, n), FlagChange{Op: op, Flags: []imap.Flag{imap.FlagFlagged}})
				must(b, err)
				op = imap.StoreFlagsAdd + imap.StoreFlagsDel - op
			}
			_ = v
		})
	}
	b.Run("every-other=5000", func(b *testing.B) {
		h, in := filled(b, 10_000)
		var set imap.UIDSet
		for uid := imap.UID(1); uid < 10_000; uid += 2 {
			set = appendUID(set, uid)
		}
		op := imap.StoreFlagsAdd
		for b.Loop() {
			_, err := h.SetFlags(b.Context(), in, set, FlagChange{Op: op, Flags: []imap.Flag{imap.FlagFlagged}})
			must(b, err)
			op = imap.StoreFlagsAdd + imap.StoreFlagsDel - op
		}
	})
}

func BenchmarkCopy(b *testing.B) {
	h, in := filled(b, 10_000)
	to := h.box("Archive")
	for b.Loop() {
		_, err := h.Copy(b.Context(), in, span(1, 10_000), to)
		must(b, err)
	}
}

func BenchmarkMove(b *testing.B) {
	h, in := filled(b, 10_000)
	from, to := in, h.box("Archive")
	for b.Loop() {
		_, err := h.Move(b.Context(), from, allUIDs(), to)
		must(b, err)
		from, to = to, from
	}
}

func BenchmarkExpunge(b *testing.B) {
	h, in := filled(b, 5_000)
	to := h.box("Archive")
	for b.Loop() {
		b.StopTimer()
		copied, err := h.Copy(b.Context(), in, allUIDs(), to)
		must(b, err)
		_, err = h.SetFlags(b.Context(), to, copied.Dest, FlagChange{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}})
		must(b, err)
		b.StartTimer()
		_, _, err = h.Expunge(b.Context(), to, nil)
		must(b, err)
	}
}

func BenchmarkViewLoad(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("messages=%d", n), func(b *testing.B) {
			h, in := filled(b, n)
			for b.Loop() {
				v, err := h.View(b.Context(), in)
				must(b, err)
				h.views.forget(v) // it would linger
				v.Close()
			}
		})
	}
}

func BenchmarkRows(b *testing.B) {
	h, in := filled(b, 10_000)
	for name, cols := range map[string]Columns{"envelope+structure": WithEnvelope | WithBodyStructure, "header": WithHeader, "none": 0} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must(b, h.Rows(b.Context(), in, allUIDs(), cols, func(*Row) error { return nil }))
			}
		})
	}
}

func BenchmarkOpenBody(b *testing.B) {
	h := build(b)
	added := h.put(h.box("INBOX"), page(1))
	for b.Loop() {
		body, err := h.OpenBody(context.Background(), added.Message)
		must(b, err)
		body.Close()
	}
}

func BenchmarkChanged(b *testing.B) {
	h, in := filled(b, 10_000)
	v := h.view(in)
	s := v.Snapshot()
	var dst []Entry
	for b.Loop() {
		dst = v.Changed(dst[:0], s.UIDs, s.ModSeq-1)
	}
}
