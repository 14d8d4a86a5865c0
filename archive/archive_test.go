package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// readAll gathers copies of the entries; errors are told in place.
func readMbox(t *testing.T, text string, limit int64) (bodies []string, entries []Entry, failed []error) {
	t.Helper()
	for entry, err := range ReadMbox(strings.NewReader(text), limit) {
		if err != nil {
			failed = append(failed, err)
			continue
		}
		bodies = append(bodies, string(entry.Body))
		entry.Body = bytes.Clone(entry.Body)
		entries = append(entries, *entry)
	}
	return bodies, entries, failed
}

func TestReadMbox(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, mbox string
		want       []string
	}{
		{"nothing", "", nil},
		{"no mbox at all", "Subject: x\n\nbody\n", nil},
		{"one", "From a@b Mon Nov 23 10:00:00 2026\nSubject: x\n\nbody\n\n", []string{"Subject: x\n\nbody\n"}},
		{"two", "From a@b Mon Nov 23 10:00:00 2026\nA: 1\n\nx\n\nFrom c Mon Nov  2 10:00:00 2026\nB: 2\n\ny\n", []string{"A: 1\n\nx\n", "B: 2\n\ny\n"}},
		{"quoted", "From a Mon Nov 23 10:00:00 2026\n\n>From here\n>>From there\n> From\n\n", []string{"\nFrom here\n>From there\n> From\n"}},
		{"From in the text", "From a Mon Nov 23 10:00:00 2026\nA: 1\n\nx\n\nFrom my point of view\nFrom a Mon Nov 23 10:00:00 2026\n", []string{"A: 1\n\nx\n\nFrom my point of view\nFrom a Mon Nov 23 10:00:00 2026\n"}},
		{"blank lines at the end", "From a Mon Nov 23 10:00:00 2026\nA: 1\n\nx\n\n\n\n", []string{"A: 1\n\nx\n\n\n"}},
		{"no line end at the end", "From a Mon Nov 23 10:00:00 2026\nA: 1\n\nx", []string{"A: 1\n\nx"}},
		{"line of 200 kB", "From a Mon Nov 23 10:00:00 2026\nA: 1\n\n" + strings.Repeat("From ", 40000) + "\n", []string{"A: 1\n\n" + strings.Repeat("From ", 40000) + "\n"}},
	}
	for _, test := range tests {
		for _, ends := range []string{"\n", "\r\n"} {
			got, _, failed := readMbox(t, strings.ReplaceAll(test.mbox, "\n", ends), 1<<20)
			want := slices.Clone(test.want)
			for i := range want {
				want[i] = crlf(want[i])
			}
			if !slices.Equal(got, want) || failed != nil {
				t.Errorf("%s (%q): %q, %v, want %q", test.name, ends, got, failed, want)
			}
		}
	}
}

func TestMboxFlagsAndDate(t *testing.T) {
	t.Parallel()
	bodies, entries, _ := readMbox(t, "From a@b Mon Nov 23 10:00:00 2026\nStatus: RO\nSubject: x\nX-Status: AF\nX-Keywords: Work bad(one\n continued\n\nStatus: text\n", 1<<20)
	if want := crlf("Subject: x\n\nStatus: text\n"); len(bodies) != 1 || bodies[0] != want {
		t.Fatalf("body %q, want %q", bodies, want)
	}
	e := entries[0]
	if want := []string{`\Seen`, `\Answered`, `\Flagged`, "Work"}; !slices.Equal(e.Flags, want) {
		t.Errorf("flags %q, want %q", e.Flags, want)
	}
	if want := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC); !e.Date.Equal(want) {
		t.Errorf("date %v, want %v", e.Date, want)
	}
}

// TestMboxTooLarge: a message over the limit is told with its place, and the
// ones around it are read.
func TestMboxTooLarge(t *testing.T) {
	t.Parallel()
	from := "From a Mon Nov 23 10:00:00 2026\n"
	mbox := from + "A: 1\n\n" + from + strings.Repeat("x", 5000) + "\n\n" + from + "B: 2\n\n"
	bodies, _, failed := readMbox(t, mbox, 1000)
	if want := []string{"A: 1\r\n", "B: 2\r\n"}; !slices.Equal(bodies, want) {
		t.Errorf("read %q, want %q", bodies, want)
	}
	var one *MessageError
	var large *TooLargeError
	if len(failed) != 1 || !errors.As(failed[0], &one) || !errors.As(failed[0], &large) || one.Position != fmt.Sprintf("byte %d", len(from)+6) {
		t.Errorf("errors %v", failed)
	}
}

// TestMboxMemory reads an mbox of 100 MB that is never there as a whole and
// counts what is allocated.
func TestMboxMemory(t *testing.T) {
	message := "From a Mon Nov 23 10:00:00 2026\nA: 1\n\n" + strings.Repeat("some text in a line\n", 500) + "\n"
	n := 0
	allocated := testing.AllocsPerRun(1, func() {
		n = 0
		for entry, err := range ReadMbox(&repeated{text: message, times: 10000}, 1<<20) {
			if err != nil || len(entry.Body) < 10000 {
				t.Fatal(err)
			}
			n++
		}
	})
	if n != 10000 || allocated > 20*10000 {
		t.Errorf("%d messages, %.0f allocations", n, allocated)
	}
}

// repeated is a text many times over.
type repeated struct {
	text  string
	times int
	at    int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.times == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.text[r.at:])
	if r.at += n; r.at == len(r.text) {
		r.at, r.times = 0, r.times-1
	}
	return n, nil
}

func sampleEntries() []Entry {
	return []Entry{
		{Body: []byte(crlf("Subject: one\n\nFrom the start\n>From again\nFrom a Mon Nov 23 10:00:00 2026\n")), Flags: []string{`\Seen`, `\Flagged`, "Work"}, Date: time.Unix(1700000000, 0)},
		{Mailbox: "Sent/Jahr & Tag/Grüße", Body: []byte(crlf("Subject: two\n\n\n\n\n")), Flags: []string{"Work", "Other"}, Date: time.Unix(1600000000, 0)},
		{Body: []byte("\r\n"), Date: time.Unix(1500000000, 0)},
		{Body: []byte(crlf(" no field\n\tnor this\nA: 1\n\n")), Flags: []string{`\Seen`}, Date: time.Unix(1400000000, 0)},
		{Body: []byte(crlf(" no field at all\n")), Flags: []string{`\Flagged`}, Date: time.Unix(1300000000, 0)},
		{Body: []byte(crlf("\n text\n")), Flags: []string{`\Draft`}, Date: time.Unix(1200000000, 0)},
	}
}

func TestMboxRoundTrip(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := NewMboxWriter(&b)
	for _, e := range sampleEntries() {
		if err := w.Write(&e); err != nil {
			t.Fatal(err)
		}
	}
	_, got, failed := readMbox(t, b.String(), 1<<20)
	compare(t, got, sampleEntries(), failed, false)
}

func TestMaildirRoundTrip(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mail")
	w, err := NewMaildirWriter(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range sampleEntries() {
		if err := w.Write(&e); err != nil {
			t.Fatal(err)
		}
	}
	var got []Entry
	var failed []error
	for entry, err := range ReadMaildir(dir, 1<<20) {
		if err != nil {
			failed = append(failed, err)
			continue
		}
		entry.Body = bytes.Clone(entry.Body)
		got = append(got, *entry)
	}
	compare(t, got, sampleEntries(), failed, true)
}

// compare in any order, mailboxes only where the form has them.
func compare(t *testing.T, got, want []Entry, failed []error, mailboxes bool) {
	t.Helper()
	key := func(e Entry) string {
		slices.Sort(e.Flags)
		if !mailboxes {
			e.Mailbox = ""
		}
		return fmt.Sprintf("%q %q %d %q", e.Mailbox, e.Flags, e.Date.Unix(), e.Body)
	}
	var a, b []string
	for _, e := range got {
		a = append(a, key(e))
	}
	for _, e := range want {
		b = append(b, key(e))
	}
	slices.Sort(a)
	slices.Sort(b)
	if !slices.Equal(a, b) || failed != nil {
		t.Errorf("came back as\n%s\nwant\n%s\nerrors %v", strings.Join(a, "\n"), strings.Join(b, "\n"), failed)
	}
}

// TestMaildirFolders reads both ways of keeping folders.
func TestMaildirFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"new/1", "cur/2:2,S", ".Sent.2024/cur/3:2,", "Archive/Old/cur/4:2,FR", ".Gr&APwA3w-e/new/5", "tmp/6", "cur/.hidden"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(filepath.Dir(filepath.Dir(path)), "cur"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("A: 1\n\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for entry, err := range ReadMaildir(dir, 100) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %v %q", entry.Mailbox, entry.Flags, entry.Body))
	}
	slices.Sort(got)
	want := []string{
		` [\Seen] "A: 1\r\n\r\n"`, ` [] "A: 1\r\n\r\n"`, `Archive/Old [\Flagged \Answered] "A: 1\r\n\r\n"`,
		`Grüße [] "A: 1\r\n\r\n"`, `Sent/2024 [] "A: 1\r\n\r\n"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("read\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// FuzzMbox: anything can be read, and what was read comes back when written.
func FuzzMbox(f *testing.F) {
	f.Add([]byte("From a Mon Nov 23 10:00:00 2026\n x\nStatus: R\n y\nA: 1\n\n"))
	f.Add([]byte("From a Mon Nov 23 10:00:00 2026\nStatus: R\nA: 1\n\n>From\n\nFrom b Mon Nov 23 10:00 2026\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var written bytes.Buffer
		w := NewMboxWriter(&written)
		var bodies []string
		for entry, err := range ReadMbox(bytes.NewReader(raw), 1<<20) {
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write(entry); err != nil {
				t.Fatal(err)
			}
			body := string(entry.Body)
			if !strings.HasSuffix(body, "\n") {
				body += "\r\n"
			}
			bodies = append(bodies, body)
		}
		again, _, failed := readMbox(t, written.String(), 2<<20)
		if len(again) != len(bodies) || failed != nil {
			t.Fatalf("%d messages, %d when written and read (%v): %q", len(bodies), len(again), failed, written.String())
		}
		for i := range again {
			if again[i] != bodies[i] {
				t.Fatalf("message %d is %q, was %q", i, again[i], bodies[i])
			}
		}
	})
}
