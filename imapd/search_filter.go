package imapd

import (
	"bufio"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"letterbox/imapd/wire"
	"letterbox/store"
)

// Filters are searches that the user has named (RFC 5466), kept as annotations
// of the server.

// maxFilters is how deep filters may name each other.
const maxFilters = 10

// filter reads the name of a filter, and puts its search in its place.
func (p *searchParser) filter() searchKey {
	p.d.SP()
	name := p.d.Atom()
	switch {
	case p.d.Err() != nil:
		return allKey{}
	case p.foreign:
		// RFC 5466 section 3.1.
		p.refuse(&reply{imap.StatusResponseTypeBad, badCharsetCode, "FILTER goes with UTF-8 alone"})
		return allKey{}
	}
	text, err := "", error(store.ErrNoFilter)
	if len(p.within) < maxFilters && !slices.Contains(p.within, name) {
		text, err = p.filters(name)
	}
	if errors.Is(err, store.ErrNoFilter) {
		// Also what names itself, by whatever detour.
		err = no(imap.ResponseCode("UNDEFINED-FILTER "+name), "there is no filter %s", name)
	}
	if err != nil {
		p.refuse(err)
		return allKey{}
	}
	return p.readFilter(name, text)
}

// readFilter reads the keys of a filter as if they stood in the command.
func (p *searchParser) readFilter(name, text string) searchKey {
	outer := p.d
	d := wire.NewDecoder(wire.Limits{Line: store.MaxAnnotation, Literal: store.MaxAnnotation, Depth: filterDepth})
	d.Attach(bufio.NewReader(strings.NewReader(text + "\r\n")))
	d.Begin()
	p.d, p.within = d, append(p.within, name)
	key := p.keys()
	p.d, p.within = outer, p.within[:len(p.within)-1]
	if d.End() != nil {
		p.next = ""
		p.refuse(no(imap.ResponseCodeCannot, "filter %s is not a search: %v", name, d.Err()))
		return allKey{}
	}
	return key
}

// checkFilter refuses to keep as a filter what is no search (RFC 5466 section
// 3.2). Filters that it names may come later: those are looked for when it is
// used.
func checkFilter(a *store.Annotation) error {
	name, ok := store.FilterName(a.Name)
	if !ok || a.Value == nil {
		return nil
	}
	p := &searchParser{
		d: wire.NewDecoder(wire.Limits{}), now: time.Now(), late: true, decode: checkUTF8,
		filters: func(string) (string, error) { return "ALL", nil },
	}
	p.readFilter(name, string(a.Value))
	return p.refusal
}

// filterDepth bounds the parentheses in a filter.
const filterDepth = 50

// refuse remembers why the search cannot be done; the first reason counts.
func (p *searchParser) refuse(err error) {
	if p.refusal == nil {
		p.refusal = err
	}
}

// filterText looks a filter of the user up.
func (s *session) filterText(name string) (string, error) {
	return s.srv.cfg.Store.Filter(context.Background(), s.account(), name)
}
