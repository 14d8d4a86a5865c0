package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

const anna = 7

func openSet(t testing.TB, dir string) *Set {
	t.Helper()
	s, err := Open(dir, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *Set) use(t testing.TB, fn func(*Index) error) {
	t.Helper()
	must(t, s.Use(t.Context(), anna, fn))
}

// numbered makes documents that differ.
func numbered(from, to int64) (docs []Doc) {
	for id := from; id < to; id++ {
		docs = append(docs, Doc{id, fmt.Appendf(nil, "subject: number %d\n", id), fmt.Appendf(nil, "the body of %d and more", id)})
	}
	return docs
}

// find looks a text up and verifies the candidates, as searches do.
func find(t failer, x *Index, text string, in Scope) (found []int64, narrowed int) {
	ids, ok, err := x.Candidates(context.Background(), []byte(text), in)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if !ok {
		ids = x.IDs()
	}
	err = x.Texts(context.Background(), ids, func(id int64, header, body []byte) error {
		h, b := bytes.Contains(header, []byte(text)), bytes.Contains(body, []byte(text))
		if h && in != Body || b && in != Header {
			found = append(found, id)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return found, len(ids)
}

type failer interface {
	Fatalf(string, ...any)
}

func TestFind(t *testing.T) {
	t.Parallel()
	s := openSet(t, t.TempDir())
	s.use(t, func(x *Index) error {
		must(t, x.Add(t.Context(), "here", numbered(1, 300), nil))
		for _, c := range []struct {
			text     string
			in       Scope
			ids      []int64
			narrowed int // candidates at most
		}{
			{"number 77", Whole, []int64{77}, 30},
			{"number 77", Header, []int64{77}, 30},
			{"number 77", Body, nil, 0},
			{"of 123 and", Body, []int64{123}, 5},
			{"of 123 and", Header, nil, 0},
			{"99", Header, []int64{99, 199, 299}, 299}, // too short to be looked up
			{`"') OR x`, Whole, nil, 0},
		} {
			ids, narrowed := find(t, x, c.text, c.in)
			if !slices.Equal(ids, c.ids) || narrowed > c.narrowed {
				t.Errorf("%q in %d: %v of %d candidates", c.text, c.in, ids, narrowed)
			}
		}
		return nil
	})
}

// Whatever the texts, whatever is looked for: nothing is missed, also after
// removals and opening the file again.
func TestNothingIsMissed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	account := int64(0)
	rapid.Check(t, func(t *rapid.T) {
		account++
		s, err := Open(dir, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatalf("%v", err)
		}
		letters := rapid.SampledFrom([]rune("aab \"'*:\x00\n漢字かé\u0301\u0345🙂\uFFFD"))
		text := rapid.Custom(func(t *rapid.T) []byte {
			b := []byte(rapid.StringOfN(letters, 0, 12, -1).Draw(t, "text"))
			if rapid.IntRange(0, 9).Draw(t, "broken") == 0 {
				b = append(b, 0xE3, 'b', 0xFF)
			}
			return b
		})
		docs := map[int64]Doc{}
		use := func(fn func(*Index) error) {
			if err := s.Use(context.Background(), account, fn); err != nil {
				t.Fatalf("%v", err)
			}
		}
		id := int64(0)
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			var some []Doc
			for range rapid.IntRange(0, 5).Draw(t, "docs") {
				id += int64(rapid.IntRange(1, 3).Draw(t, "step"))
				d := Doc{id, text.Draw(t, "header"), text.Draw(t, "body")}
				some, docs[id] = append(some, d), d
			}
			use(func(x *Index) error { return x.Add(context.Background(), "here", some, nil) })
		}
		gone := rapid.SliceOfN(rapid.Int64Range(1, 30), 0, 5).Draw(t, "gone")
		use(func(x *Index) error { return x.Remove(context.Background(), gone) })
		for _, id := range gone {
			delete(docs, id)
		}
		if rapid.Bool().Draw(t, "again") {
			_ = s.Close()
			s, _ = Open(dir, slog.New(slog.DiscardHandler))
		}
		use(func(x *Index) error {
			if x.Len() != len(docs) {
				t.Errorf("%d documents, want %d", x.Len(), len(docs))
			}
			for range 5 {
				needle := rapid.StringOfN(rapid.SampledFrom([]rune("aab \"'*漢字é\u0301🙂")), 1, 5, -1).Draw(t, "needle")
				in := rapid.SampledFrom([]Scope{Whole, Header, Body}).Draw(t, "scope")
				var want []int64
				for id, d := range docs {
					if in != Body && bytes.Contains(d.Header, []byte(needle)) || in != Header && bytes.Contains(d.Body, []byte(needle)) {
						want = append(want, id)
					}
				}
				slices.Sort(want)
				if got, _ := find(t, x, needle, in); !slices.Equal(got, want) {
					t.Errorf("%q in %d: %v, want %v", needle, in, got, want)
				}
			}
			return nil
		})
		_ = s.Drop(account)
		_ = s.Close()
	})
}

func TestPositions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openSet(t, dir)
	s.use(t, func(x *Index) error {
		must(t, x.Add(t.Context(), "here", nil, []Position{{1, 10}, {2, 20}}))
		must(t, x.Add(t.Context(), "here", nil, []Position{{1, 15}}))
		return x.Forget(t.Context(), []int64{2})
	})
	must(t, s.Close())
	openSet(t, dir).use(t, func(x *Index) error {
		positions, err := x.Positions(t.Context())
		must(t, err)
		if len(positions) != 1 || positions[1] != 15 {
			t.Errorf("positions %v", positions)
		}
		return nil
	})
}

// A file that is of no use is found out, thrown away and begun anew.
func TestDamage(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func([]byte) []byte{
		"not a database":  func([]byte) []byte { return []byte("something else entirely") },
		"cut in half":     func(b []byte) []byte { return b[:len(b)/2] },
		"all but page 1":  func(b []byte) []byte { clear(b[4096:]); return b },
		"noise":           func(b []byte) []byte { return append(b[:100:100], bytes.Repeat([]byte{0xa5}, len(b)-100)...) },
		"another version": func(b []byte) []byte { b[63]++; return b }, // user_version, big-endian at 60
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := openSet(t, dir)
			s.use(t, func(x *Index) error { return x.Add(t.Context(), "here", numbered(1, 2000), nil) })
			must(t, s.Close())
			file := s.Path(anna)
			whole, err := os.ReadFile(file)
			must(t, err)
			must(t, os.WriteFile(file, harm(whole), 0o600))

			s = openSet(t, dir)
			err = s.Use(t.Context(), anna, func(x *Index) error {
				ids, _, err := x.Candidates(t.Context(), []byte("number 1234"), Whole)
				if err != nil {
					return err
				}
				return x.Texts(t.Context(), ids, func(int64, []byte, []byte) error { return nil })
			})
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("error %v", err)
			}
			s.use(t, func(x *Index) error {
				if x.Len() != 0 {
					t.Errorf("%d documents", x.Len())
				}
				return x.Add(t.Context(), "here", numbered(1, 10), nil)
			})
		})
	}
}

// However many accounts are used, few stay open.
func TestHandlesAreFew(t *testing.T) {
	t.Parallel()
	s := openSet(t, t.TempDir())
	for account := range int64(40) {
		must(t, s.Use(t.Context(), account, func(x *Index) error { return x.Add(t.Context(), "here", numbered(1, 3), nil) }))
	}
	if len(s.open) > maxOpen {
		t.Errorf("%d are open", len(s.open))
	}
	accounts, err := s.Accounts()
	must(t, err)
	if len(accounts) != 40 {
		t.Errorf("%d accounts", len(accounts))
	}
}

// An index that is used again and again is not opened each time, whatever others
// are open.
func TestTheBusyStaysOpen(t *testing.T) {
	t.Parallel()
	s := openSet(t, t.TempDir())
	nothing := func(*Index) error { return nil }
	for account := range int64(2 * maxOpen) {
		must(t, s.Use(t.Context(), 100+account, nothing))
	}
	opened := map[*Index]bool{}
	for account := range int64(2 * maxOpen) {
		s.use(t, func(x *Index) error { opened[x] = true; return nil })
		must(t, s.Use(t.Context(), 200+account, nothing))
	}
	if len(opened) != 1 || len(s.open) > maxOpen {
		t.Errorf("it was opened %d times; %d are open", len(opened), len(s.open))
	}
}

// Dropping an index under somebody who uses it disturbs nobody else.
func TestDropWhileUsed(t *testing.T) {
	t.Parallel()
	s := openSet(t, t.TempDir())
	s.use(t, func(x *Index) error {
		must(t, x.Add(t.Context(), "here", numbered(1, 10), nil))
		must(t, s.Drop(anna))
		s.use(t, func(fresh *Index) error {
			if fresh.Len() != 0 || x.Len() != 9 {
				t.Errorf("%d and %d documents", fresh.Len(), x.Len())
			}
			return nil
		})
		return nil
	})
}

// Ids of another database mean other messages.
func TestForeign(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openSet(t, dir)
	s.use(t, func(x *Index) error { return x.Add(t.Context(), "here", numbered(1, 10), nil) })
	must(t, s.Close())
	s = openSet(t, dir)
	s.use(t, func(x *Index) error {
		if x.Origin() != "here" {
			t.Errorf("origin %q", x.Origin())
		}
		return nil
	})
	err := s.Use(t.Context(), anna, func(x *Index) error { return x.Add(t.Context(), "there", numbered(10, 20), nil) })
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("error %v", err)
	}
	s.use(t, func(x *Index) error {
		if x.Len() != 0 || x.Origin() != "" {
			t.Errorf("%d messages of %q", x.Len(), x.Origin())
		}
		return nil
	})
}
