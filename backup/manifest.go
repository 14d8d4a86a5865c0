package backup

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Manifest says what a snapshot holds.
type Manifest struct {
	ID      ID
	Host    string
	Program string           // version that took it
	Counts  map[string]int64 // what the database held
	Files   []File

	parts []Name // bundles that hold parts of the manifest itself
}

// A File of the data folder.
type File struct {
	Path    string // with slashes
	Size    int64
	Extents []Extent // in the order of the file, without gaps
}

// An Extent is a stretch of a file, and where in a bundle it lies.
type Extent struct {
	Bundle Name
	Size   int64 // of the whole bundle
	Offset int64 // in the bundle
	Length int64
}

const manifestMagic = "letterbox-snapshot 1"

// Limits that a manifest must keep.
const (
	maxFile  = 1 << 46
	maxDepth = 1 // parts do not have parts
)

// A listing writes the lines of files; bundles are numbered as they come.
type listing struct {
	bytes.Buffer
	numbers map[Name]int
}

func (l *listing) file(f File) {
	if l.numbers == nil {
		l.numbers = map[Name]int{}
	}
	for _, e := range f.Extents {
		if _, known := l.numbers[e.Bundle]; !known {
			l.numbers[e.Bundle] = len(l.numbers)
			fmt.Fprintf(l, "bundle %s %d\n", e.Bundle, e.Size)
		}
	}
	fmt.Fprintf(l, "file %d %s\n", f.Size, f.Path)
	for _, e := range f.Extents {
		fmt.Fprintf(l, "from %d %d %d\n", l.numbers[e.Bundle], e.Offset, e.Length)
	}
}

// encode writes the manifest. Files for which apart says so are handed, as
// listings of their own, to put, which makes bundles of them: what does not
// change from one snapshot to the next is written once.
func (m *Manifest) encode(apart func(File) bool, put func([]byte) (Name, error)) ([]byte, error) {
	var l listing
	fmt.Fprintln(&l, manifestMagic)
	fmt.Fprintf(&l, "id %s\nhost %s\nprogram %s\n", m.ID, m.Host, m.Program)
	for _, name := range slices.Sorted(maps.Keys(m.Counts)) {
		fmt.Fprintf(&l, "count %s %d\n", name, m.Counts[name])
	}
	for _, f := range m.Files {
		if !apart(f) {
			l.file(f)
			continue
		}
		var part listing
		part.file(f)
		name, err := put(part.Bytes())
		if err != nil {
			return nil, err
		}
		m.parts = append(m.parts, name)
		fmt.Fprintf(&l, "part %s %d\n", name, part.Len())
	}
	fmt.Fprintln(&l, "end")
	return l.Bytes(), nil
}

var errBadManifest = errors.New("the manifest is damaged")

// parseManifest reads what encode wrote; part reads a part.
func parseManifest(text []byte, part func(Name) ([]byte, error)) (*Manifest, error) {
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	if string(first) != manifestMagic {
		return nil, fmt.Errorf("%w, or of a newer letterbox: it begins with %.40q", errBadManifest, first)
	}
	body, whole := bytes.CutSuffix(rest, []byte("end\n"))
	if !whole {
		return nil, fmt.Errorf("%w: its end is missing", errBadManifest)
	}
	p := &manifestParser{m: &Manifest{Counts: map[string]int64{}}, part: part}
	if err := p.parse(body, 0); err != nil {
		return nil, err
	}
	return p.m, nil
}

type manifestParser struct {
	m    *Manifest
	part func(Name) ([]byte, error)
}

type namedBundle struct {
	name Name
	size int64
}

// parse reads the lines of a manifest or of a part of one.
func (p *manifestParser) parse(text []byte, depth int) error {
	var bundles []namedBundle
	from := len(p.m.Files)
	for line := range strings.Lines(string(text)) {
		word, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		var err error
		switch word {
		case "id":
			p.m.ID = ID(value)
		case "host":
			p.m.Host = value
		case "program":
			p.m.Program = value
		case "count":
			err = p.count(value)
		case "bundle":
			var b namedBundle
			b.name, b.size, err = parseSized(value)
			bundles = append(bundles, b)
		case "file":
			err = p.file(value)
		case "from":
			err = p.extent(value, from, bundles)
		case "part":
			err = p.readPart(value, depth)
			from = len(p.m.Files)
		default:
			err = fmt.Errorf("unknown line %.40q", line)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errBadManifest, err)
		}
	}
	return p.checkFiles()
}

func (p *manifestParser) count(value string) error {
	name, number, _ := strings.Cut(value, " ")
	n, err := strconv.ParseInt(number, 10, 64)
	p.m.Counts[name] = n
	return err
}

// parseSized reads a bundle's name and size.
func parseSized(value string) (Name, int64, error) {
	text, number, _ := strings.Cut(value, " ")
	name, err := parseName(text)
	if err != nil {
		return name, 0, err
	}
	size, err := strconv.ParseInt(number, 10, 64)
	if err == nil && (size < 0 || size > maxObject) {
		err = fmt.Errorf("impossible size %d", size)
	}
	return name, size, err
}

func (p *manifestParser) file(value string) error {
	number, name, _ := strings.Cut(value, " ")
	size, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return err
	}
	if size < 0 || size > maxFile || !safePath(name) {
		return fmt.Errorf("impossible file %.80q of %d bytes", name, size)
	}
	p.m.Files = append(p.m.Files, File{Path: name, Size: size})
	return nil
}

// safePath takes a path that stays within the folder it is joined to.
func safePath(name string) bool {
	return name != "" && name != "." && path.Clean(name) == name && !path.IsAbs(name) &&
		name != ".." && !strings.HasPrefix(name, "../") && !strings.ContainsAny(name, "\x00\n")
}

func (p *manifestParser) extent(value string, from int, bundles []namedBundle) error {
	if len(p.m.Files) == from {
		return errors.New("a stretch without a file")
	}
	var n [3]int64
	words := strings.Split(value, " ")
	if len(words) != len(n) {
		return fmt.Errorf("impossible stretch %.80q", value)
	}
	for i, word := range words {
		var err error
		if n[i], err = strconv.ParseInt(word, 10, 64); err != nil {
			return err
		}
	}
	if n[0] < 0 || n[0] >= int64(len(bundles)) {
		return fmt.Errorf("no bundle has number %d", n[0])
	}
	b := bundles[n[0]]
	if n[1] < 0 || n[2] <= 0 || n[1] > b.size || n[2] > b.size-n[1] {
		return fmt.Errorf("a stretch reaches beyond its bundle: %.80q", value)
	}
	f := &p.m.Files[len(p.m.Files)-1]
	f.Extents = append(f.Extents, Extent{b.name, b.size, n[1], n[2]})
	return nil
}

func (p *manifestParser) readPart(value string, depth int) error {
	if depth >= maxDepth {
		return errors.New("a part has parts")
	}
	name, _, err := parseSized(value)
	if err != nil {
		return err
	}
	p.m.parts = append(p.m.parts, name)
	text, err := p.part(name)
	if err != nil {
		return err
	}
	return p.parse(text, depth+1)
}

// checkFiles compares each size with the sum of its stretches.
func (p *manifestParser) checkFiles() error {
	for _, f := range p.m.Files {
		var sum int64
		for _, e := range f.Extents {
			sum += e.Length
		}
		if sum != f.Size {
			return fmt.Errorf("%w: %s has %d of %d bytes", errBadManifest, f.Path, sum, f.Size)
		}
	}
	return nil
}

// file returns a file by its path; an empty one if there is none.
func (m *Manifest) file(name string) File {
	for _, f := range m.Files {
		if f.Path == name {
			return f
		}
	}
	return File{Path: name}
}

// Size is that of all files.
func (m *Manifest) Size() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// Taken is when.
func (m *Manifest) Taken() time.Time { return m.ID.Time() }

// needs calls fn with each bundle that the snapshot needs, perhaps repeatedly.
func (m *Manifest) needs(fn func(Name)) {
	for _, name := range m.parts {
		fn(name)
	}
	for _, f := range m.Files {
		for _, e := range f.Extents {
			fn(e.Bundle)
		}
	}
}
