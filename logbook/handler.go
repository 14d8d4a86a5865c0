package logbook

import (
	"context"
	"log/slog"
	"slices"
	"strings"
)

// hidden are facts that open something: they go where the log goes, and are not shown
// to whoever looks at it from afar.
var hidden = map[string]bool{"code": true, "password": true, "secret": true, "token": true}

// A handler writes into a book what it passes on.
type handler struct {
	slog.Handler
	book  *Book
	facts []Fact // of With
	group string // before the keys: "a.b."
}

// Handler passes lines on to next, and remembers those that next takes.
func (b *Book) Handler(next slog.Handler) slog.Handler { return &handler{Handler: next, book: b} }

func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	l := &Line{At: r.Time, Level: r.Level, Message: short(r.Message), Facts: slices.Clip(h.facts)}
	r.Attrs(func(a slog.Attr) bool {
		l.Facts = appendFact(l.Facts, h.group, a)
		return true
	})
	h.book.write(l)
	return h.Handler.Handle(ctx, r)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *h
	next.Handler, next.facts = h.Handler.WithAttrs(attrs), slices.Clone(h.facts)
	for _, a := range attrs {
		next.facts = appendFact(next.facts, h.group, a)
	}
	return &next
}

func (h *handler) WithGroup(name string) slog.Handler {
	next := *h
	next.Handler = h.Handler.WithGroup(name)
	if name != "" {
		next.group += name + "."
	}
	return &next
}

// appendFact makes facts of an attribute; a group is several.
func appendFact(list []Fact, group string, a slog.Attr) []Fact {
	value := a.Value.Resolve()
	switch {
	case a.Equal(slog.Attr{}):
		return list
	case value.Kind() == slog.KindGroup:
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, one := range value.Group() {
			list = appendFact(list, group, one)
		}
		return list
	case hidden[a.Key]:
		return append(list, Fact{group + a.Key, "…"})
	}
	return append(list, Fact{group + a.Key, short(value.String())})
}

// short bounds a text and makes it one that can be shown.
func short(text string) string {
	if len(text) > maxText {
		text = text[:maxText] + "…"
	}
	return strings.ToValidUTF8(text, "\ufffd")
}
