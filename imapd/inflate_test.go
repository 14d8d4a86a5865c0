package imapd

import (
	"bytes"
	"compress/flate"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// inflateAll feeds data in pieces of a size and returns what comes out.
func inflateAll(f *inflater, data []byte, piece int) ([]byte, error) {
	var out []byte
	buf := make([]byte, 700)
	for i := 0; ; i++ {
		for f.available() {
			n, err := f.Read(buf)
			out = append(out, buf[:n]...)
			if err != nil {
				return out, err
			}
		}
		if i%(1+4096/piece) == 0 {
			f.rest() // at any moment
		}
		if len(data) == 0 {
			return out, nil
		}
		n := min(piece, len(data))
		f.feed(data[:n])
		data = data[n:]
	}
}

// deflate compresses pieces, with a flush after each.
func deflate(t testing.TB, level int, pieces ...[]byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	check(t, err)
	for _, p := range pieces {
		_, err := w.Write(p)
		check(t, err)
		check(t, w.Flush())
	}
	return b.Bytes()
}

func TestInflate(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 70_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	text := []byte(strings.Repeat("The quick brown fox jumps over the lazy dog. ", 3000))
	for i := range text {
		if random.IntN(20) == 0 {
			text[i] = byte('a' + random.IntN(26))
		}
	}
	for _, level := range []int{flate.HuffmanOnly, flate.NoCompression, 1, 6, 9} {
		for _, piece := range []int{1, 7, 4096} {
			pieces := [][]byte{[]byte("a1 NOOP\r\n"), []byte("a2 NOOP\r\n"), text, noise, text, nil, []byte("x")}
			got, err := inflateAll(&inflater{}, deflate(t, level, pieces...), piece)
			if err != nil || !bytes.Equal(got, bytes.Join(pieces, nil)) {
				t.Errorf("level %d, pieces of %d: %d bytes, %v", level, piece, len(got), err)
			}
		}
	}
}

// Some clients end a command with an empty block of fixed codes rather than a
// stored one (zlib's Z_PARTIAL_FLUSH), of which the last bits may still be to
// come: the command is there all the same.
func TestInflatePartialFlush(t *testing.T) {
	t.Parallel()
	w := &bitWriter{}
	fixed := func(text string) {
		w.bits(0b010, 3) // not the last, fixed codes
		for _, b := range []byte(text) {
			w.code(0x30+uint(b), 8) // bytes up to 143
		}
		w.bits(0, 7)
	}
	f := &inflater{}
	for _, command := range []string{"a1 NOOP\r\n", "a2 CAPABILITY\r\n", "a3 IDLE\r\n"} {
		fixed(command)
		fixed("")
		got, err := inflateAll(f, w.take(), 3)
		if err != nil || string(got) != command {
			t.Errorf("%q became %q, %v", command, got, err)
		}
	}
}

// A bitWriter writes bits in the order of RFC 1951 section 3.1.1.
type bitWriter struct {
	out  []byte
	last uint
	n    int
}

func (w *bitWriter) bits(v uint, n int) {
	for i := range n {
		w.last |= v >> i & 1 << w.n
		if w.n++; w.n == 8 {
			w.out, w.last, w.n = append(w.out, byte(w.last)), 0, 0
		}
	}
}

// code writes a Huffman code, the first bit the highest.
func (w *bitWriter) code(v uint, n int) {
	for i := n - 1; i >= 0; i-- {
		w.bits(v>>i&1, 1)
	}
}

// take takes the whole bytes, as zlib does.
func (w *bitWriter) take() []byte {
	out := w.out
	w.out = nil
	return out
}

// What an idle connection holds is what its client has sent, and never more than
// a match may reach back.
func TestInflaterRestsSmall(t *testing.T) {
	t.Parallel()
	f := &inflater{}
	_, err := inflateAll(f, deflate(t, 6, []byte("a1 SELECT INBOX\r\n"), []byte("a2 IDLE\r\n")), 10)
	check(t, err)
	f.rest()
	if n := cap(f.window) + cap(f.in); n > 200 {
		t.Errorf("%d bytes are held after two commands", n)
	}
	_, err = inflateAll(f, deflate(t, 6, bytes.Repeat([]byte("abc"), 1<<20)), 1000)
	check(t, err)
	f.rest()
	if n := cap(f.window) + cap(f.in); n > inflateWindow+inflateWindow/4+200 {
		t.Errorf("%d bytes are held after many", n)
	}
}

func TestInflateDamaged(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"no such block":       "\x07",
		"stored length":       "\x01\x01\x00\x01\x00",
		"too far back":        "\x03\x02",
		"too many codes":      "\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"all ones, and so on": "\xff\xff\xff\xff",
	} {
		if _, err := inflateAll(&inflater{}, []byte(data), 1); !errors.Is(err, errDeflate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := inflateAll(&inflater{}, []byte("\x03\x00"), 1); !errors.Is(err, errDeflateEnd) {
		t.Errorf("after the last block: %v", err)
	}
}

// Any bytes: what the standard library can read is read the same, in pieces of
// any size; nothing makes it hold more than it may.
func FuzzInflate(f *testing.F) {
	for _, level := range []int{0, 1, 9} {
		f.Add(deflate(f, level, []byte("a1 NOOP\r\n"), bytes.Repeat([]byte("abcabd"), 100)), uint8(3))
	}
	f.Add([]byte("\x03\x02"), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, piece uint8) {
		z := &inflater{}
		got, err := inflateAll(z, data, int(piece)+1)
		if cap(z.window) > 3*inflateWindow {
			t.Errorf("%d bytes are held", cap(z.window))
		}
		var want bytes.Buffer
		_, theirs := want.ReadFrom(flate.NewReader(bytes.NewReader(data)))
		var corrupt flate.CorruptInputError
		if errors.As(theirs, &corrupt) {
			return // as it may be to us, or not: we take incomplete codes
		}
		if errors.Is(err, errDeflate) {
			t.Fatalf("damaged to us, and to others %v", theirs)
		}
		if !bytes.HasPrefix(got, want.Bytes()) {
			t.Errorf("%q, not %q", got, want.Bytes())
		}
	})
}
