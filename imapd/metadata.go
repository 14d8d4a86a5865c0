package imapd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// Annotations of mailboxes, and of the server where the mailbox's name is empty
// (RFC 5464).

// A metadataQuery is which annotations are asked for.
type metadataQuery struct {
	entries []string
	depth   int   // levels below each entry that are asked for as well
	maxSize int64 // larger values are left out; below 0: none are
}

// deepest is DEPTH infinity.
const deepest = 1 << 10

// getMetadata runs GETMETADATA (RFC 5464 section 4.2).
func getMetadata(ctx context.Context, s *session, d *wire.Decoder, c *call) error {
	d.SP()
	name, q := readMetadataQuery(d)
	if err := d.End(); err != nil {
		return err
	}
	all, err := s.annotations(ctx, name)
	if err != nil {
		return err
	}
	found, longest := q.choose(all)
	s.tellMetadata(name, found)
	if longest > 0 {
		c.code = wire.Code("METADATA LONGENTRIES " + strconv.FormatInt(longest, 10))
		c.text = "GETMETADATA completed without what is too long"
	}
	return nil
}

// annotations returns what the user may see of a mailbox's annotations, or the
// server's.
func (s *session) annotations(ctx context.Context, name string) ([]store.Annotation, error) {
	m, err := s.annotated(ctx, name)
	if err != nil {
		return nil, err
	}
	id := m.ID
	all, err := s.srv.cfg.Store.Metadata(ctx, id, s.account())
	if err == nil && id == store.ServerMetadata {
		all = append(all, s.contact())
	}
	return all, err
}

// annotationRights are those of which one is enough, beside Lookup, to have to do
// with annotations (RFC 5464 section 3.3).
const annotationRights = store.Read | store.KeepSeen | store.Write | store.Insert | store.Post

// annotated finds what annotations are about.
func (s *session) annotated(ctx context.Context, name string) (*store.Mailbox, error) {
	if name == "" {
		return &store.Mailbox{ID: store.ServerMetadata}, nil
	}
	m, err := s.mailbox(ctx, name, store.Lookup)
	if err == nil && !m.Rights.Any(annotationRights) {
		err = noPermission(annotationRights)
	}
	return m, err
}

// contactEntry says how to reach the administrator, and is the server's alone
// (RFC 5464 section 3.2.1.1).
const contactEntry = "/shared/admin"

// contact is the postmaster of the user's domain: every domain has one (RFC
// 2142).
func (s *session) contact() store.Annotation {
	domain := s.user.Address[strings.LastIndexByte(s.user.Address, '@')+1:]
	return store.Annotation{Name: contactEntry, Value: []byte("mailto:postmaster@" + domain)}
}

// choose picks what is asked for. longest is the size of the largest value that
// is left out for its size. An entry that does not exist is NIL where it was
// asked for by its full name.
func (q *metadataQuery) choose(all []store.Annotation) (found []store.Annotation, longest int64) {
	taken := map[string]bool{}
	for _, entry := range q.entries {
		for _, a := range all {
			if !q.covers(entry, a.Name) || taken[strings.ToLower(a.Name)] {
				continue
			}
			taken[strings.ToLower(a.Name)] = true
			if size := int64(len(a.Value)); q.maxSize >= 0 && size > q.maxSize {
				longest = max(longest, size)
				continue
			}
			found = append(found, a)
		}
		if q.depth == 0 && !taken[strings.ToLower(entry)] {
			taken[strings.ToLower(entry)] = true
			found = append(found, store.Annotation{Name: entry})
		}
	}
	return found, longest
}

// covers reports whether a name is the entry or, up to the depth, below it.
func (q *metadataQuery) covers(entry, name string) bool {
	if len(name) < len(entry) || !strings.EqualFold(name[:len(entry)], entry) {
		return false
	}
	below := name[len(entry):]
	return below == "" || below[0] == '/' && strings.Count(below, "/") <= q.depth
}

// readMetadataQuery reads the arguments of GETMETADATA. The grammar of RFC 5464
// has the options before the mailbox, its examples have them behind.
func readMetadataQuery(d *wire.Decoder) (name string, q metadataQuery) {
	q.maxSize = -1
	if d.Peek() == '(' {
		q.readOptions(d, readWords(d))
		d.SP()
	}
	name = d.Mailbox()
	d.SP()
	words := readEntries(d)
	if len(words) > 0 && !strings.HasPrefix(words[0], "/") {
		q.readOptions(d, words)
		d.SP()
		words = readEntries(d)
	}
	q.setEntries(d, words)
	return name, q
}

// readEntries reads one entry, several or a list of them.
func readEntries(d *wire.Decoder) []string {
	if d.Peek() == '(' {
		return readWords(d)
	}
	words := []string{d.AString()}
	for d.Accept(' ') { // RFC 5464 has it in section 4.4.1
		words = append(words, d.AString())
	}
	return words
}

func readWords(d *wire.Decoder) (words []string) {
	d.List(func() { words = append(words, d.AString()) })
	return words
}

// maxEntries bounds the entries of one question.
const maxEntries = 1000

func (q *metadataQuery) setEntries(d *wire.Decoder, words []string) {
	if len(words) == 0 || len(words) > maxEntries {
		d.Fail("one entry or more")
	}
	for _, w := range words {
		if err := store.ValidEntry(w); err != nil {
			d.Fail("an entry such as /shared/comment: " + err.Error())
		}
	}
	q.entries = words
}

// readOptions interprets the words between the parentheses (RFC 5464 sections
// 4.2.1 and 4.2.2).
func (q *metadataQuery) readOptions(d *wire.Decoder, words []string) {
	for ; len(words) >= 2; words = words[2:] {
		switch value := words[1]; strings.ToUpper(words[0]) {
		case "MAXSIZE":
			n, err := strconv.ParseUint(value, 10, 32)
			if err != nil {
				d.Fail("a number behind MAXSIZE")
			}
			q.maxSize = int64(n)
		case "DEPTH":
			i := slices.Index([]string{"0", "1", "infinity"}, strings.ToLower(value))
			if i < 0 {
				d.Fail("0, 1 or infinity behind DEPTH")
				return
			}
			q.depth = []int{0, 1, deepest}[i]
		default:
			d.Fail("MAXSIZE or DEPTH")
		}
	}
	if len(words) > 0 {
		d.Fail("MAXSIZE or DEPTH with a value")
	}
}

// tellMetadata writes the METADATA response, if there is anything to tell.
func (s *session) tellMetadata(name string, list []store.Annotation) {
	if len(list) == 0 {
		return
	}
	s.enc.Text("* METADATA ")
	s.enc.Mailbox(name)
	s.enc.Text(" (")
	for i, a := range list {
		if i > 0 {
			s.enc.SP()
		}
		s.tellEntry(a.Name)
		s.enc.SP()
		s.tellValue(a.Value)
	}
	s.enc.Text(")\r\n")
}

// tellEntry writes a name bare, as in the examples of RFC 5464, where it is an
// atom.
func (s *session) tellEntry(name string) {
	if strings.ContainsAny(name, `(){"\]`) {
		s.enc.String(name)
		return
	}
	s.enc.Text(name)
}

// tellValue writes a value: NIL, a string or, with a NUL in it, a literal8.
func (s *session) tellValue(value []byte) {
	if bytes.IndexByte(value, 0) < 0 {
		s.enc.NString(string(value), value != nil)
		return
	}
	w := s.enc.Literal8(int64(len(value)))
	_, _ = w.Write(value)
	_ = w.Close() // errors stick to the encoder
}

// setMetadata runs SETMETADATA (RFC 5464 section 4.3).
func setMetadata(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	name := d.Mailbox()
	d.SP()
	entries, refused := readAnnotations(d)
	if refused != nil {
		return refused
	}
	if err := d.End(); err != nil {
		return err
	}
	m, err := s.annotated(ctx, name)
	if err != nil {
		return err
	}
	for i := range entries {
		if err := s.mayAnnotate(ctx, m, &entries[i]); err != nil {
			return err
		}
	}
	s.touches(name)
	err = s.srv.cfg.Store.SetMetadata(ctx, m.ID, s.account(), entries)
	switch {
	case errors.Is(err, store.ErrTooManyAnnotations):
		return no("METADATA TOOMANY", "%v", err)
	case errors.Is(err, store.ErrBadRetention):
		return no(imap.ResponseCodeCannot, "%v", err)
	case errors.Is(err, store.ErrReadOnlyAnnotation):
		// The use of a mailbox is its owner's; others have none of their own.
		return no("METADATA NOPRIVATE", "%v", err)
	}
	return err
}

// readAnnotations reads entries with their values. Too long or too many ones are
// refused before they are taken.
func readAnnotations(d *wire.Decoder) (list []store.Annotation, refused error) {
	d.List(func() {
		a := store.Annotation{Name: d.AString()}
		if err := store.ValidEntry(a.Name); d.Err() == nil && err != nil {
			d.Fail("an entry such as /shared/comment: " + err.Error())
		}
		d.SP()
		if len(list) == 2*store.MaxAnnotations {
			refused = no("METADATA TOOMANY", "set fewer annotations at once")
		} else {
			a.Value, refused = readValue(d)
		}
		if refused != nil {
			d.Fail("less") // ends the list
		}
		list = append(list, a)
	})
	if len(list) == 0 {
		d.Fail("one entry or more")
	}
	return list, refused
}

// readValue reads a value: nil for NIL.
func readValue(d *wire.Decoder) (value []byte, refused error) {
	if b := d.Peek(); b != '{' && b != '~' {
		s, ok := d.NString()
		if len(s) > store.MaxAnnotation {
			return nil, annotationTooLong()
		}
		if !ok {
			return nil, nil
		}
		return []byte(s), nil
	}
	l := d.Literal()
	switch {
	case l == nil:
		return nil, nil
	case l.Size > store.MaxAnnotation:
		return nil, annotationTooLong()
	}
	value = make([]byte, l.Size)
	_, _ = io.ReadFull(l.Reader(), value) // errors stick to the decoder
	return value, nil
}

func annotationTooLong() error {
	return no(imap.ResponseCode("METADATA MAXSIZE "+strconv.Itoa(store.MaxAnnotation)), "the value is too long")
}

// mayAnnotate fails for annotations that the user may not set. What others see is
// for those to set who may write.
func (s *session) mayAnnotate(ctx context.Context, m *store.Mailbox, a *store.Annotation) error {
	switch {
	case m.ID == store.ServerMetadata:
		if err := s.mayAnnotateServer(ctx, a.Name); err != nil {
			return err
		}
		return checkFilter(a)
	case !store.IsPrivate(a.Name) && !m.Rights.Has(store.Write):
		return noPermission(store.Write)
	}
	if strings.EqualFold(a.Name, store.SpecialUseEntry) && a.Value != nil {
		use, err := specialUse([]imap.MailboxAttr{imap.MailboxAttr(bytes.TrimSpace(a.Value))})
		a.Value = []byte(use)
		return err
	}
	return nil
}

// mayAnnotateServer: what everybody sees of the server is the administrators' to
// say (RFC 5464 section 3.3).
func (s *session) mayAnnotateServer(ctx context.Context, entry string) error {
	switch {
	case strings.EqualFold(entry, contactEntry):
		return no(imap.ResponseCodeCannot, "%s is set by the server", contactEntry)
	case store.IsPrivate(entry):
		return nil
	}
	admin, err := s.isAdmin(ctx)
	if err == nil && !admin {
		return no(imap.ResponseCodeNoPerm, "only administrators annotate the server for all")
	}
	return err
}
