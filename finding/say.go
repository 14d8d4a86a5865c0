package finding

import (
	"time"

	"letterbox/phrase"
)

// A Text is one of the catalogue, with what is filled in: texts and numbers, and
// what each language writes in its own way: Bytes, time.Time, time.Duration, Text.
type Text struct {
	Key  string
	Args []any
}

// Bytes are a size, among the arguments of a text.
type Bytes int64

// In is the text in a language; "" for none.
func (t Text) In(l *phrase.Language) string {
	if !l.Has(t.Key) {
		return ""
	}
	args := make([]any, len(t.Args))
	for i, a := range t.Args {
		switch a := a.(type) {
		case Bytes:
			args[i] = l.Size(int64(a))
		case time.Time:
			args[i] = l.Moment(a)
		case time.Duration:
			args[i] = l.Span(a)
		case Text:
			args[i] = a.In(l)
		default:
			args[i] = a
		}
	}
	return l.Say(t.Key, args...)
}

// Words are what is said of a finding.
type Words struct {
	Title Text // what is wrong
	Means Text // what that means for those concerned
	Saw   Text // the evidence
	Do    Text // one step that mends it
	Again Text // how we will know that it is mended
}

// A Telling is a finding in somebody's language.
type Telling struct{ Title, Means, Saw, Do, Again string }

// In tells the finding. The texts of a kind are finding.KIND.title and so on, all
// with the same arguments; what to do may be worded for the program that it is
// about (finding.KIND.client.CLIENT), and how we will know is the same for all.
func (f Finding) In(l *phrase.Language) Telling {
	words := f.Words
	if words == nil {
		text := func(part string) Text { return Text{"finding." + f.Kind + "." + part, f.Args} }
		words = &Words{text("title"), text("means"), text("saw"), text("do"), Text{Key: "finding.again"}}
		if special := text("client." + f.Client); l.Has(special.Key) {
			words.Do = special
		}
	}
	return Telling{words.Title.In(l), words.Means.In(l), words.Saw.In(l), words.Do.In(l), words.Again.In(l)}
}
