// Package phrase holds every text that people read on pages and in mails the
// appliance writes itself, in their language. Texts are keyed by what they mean;
// a language is one folder in texts, with a file for what belongs together.
//
// In the files, a text is a key and a string, in which %s is a text and %d a number
// (%[2]s: the second of them); or a table of its forms by number (one, other), by
// the first argument unless arg says which.
//
// What settings mean (meaning) stands in English beside the settings themselves.
// Log lines, the command line and replies of protocols are English and not here.
//
// Everything is safe for concurrent use and does not change after the first use.
package phrase

import (
	"cmp"
	"slices"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// Language speaks one of the languages that there are texts in.
type Language struct {
	tag     language.Tag
	printer *message.Printer
	keys    map[string]bool
}

// In returns a language by its tag, such as "de" or "de-AT"; English where
// there is none like it.
func In(tag string) *Language { return Choose(tag, "") }

// Choose takes what somebody has set, if anything, and otherwise what their
// browser asks for in Accept-Language.
func Choose(set, accept string) *Language {
	c := catalogue()
	wanted, _, _ := language.ParseAcceptLanguage(accept) // what cannot be read is no wish
	if tag, err := language.Parse(set); set != "" && err == nil {
		wanted = []language.Tag{tag}
	}
	_, i, _ := c.matcher.Match(wanted...)
	return c.languages[i]
}

// Known lists the languages by how they call themselves.
func Known() []*Language {
	return slices.SortedFunc(slices.Values(catalogue().languages), func(a, b *Language) int {
		return cmp.Compare(a.Name(), b.Name())
	})
}

// Tag is for the lang attribute of a page.
func (l *Language) Tag() string { return l.tag.String() }

// Name is what the language calls itself.
func (l *Language) Name() string { return l.Say("language.name") }

// Has reports whether there is a text of that key.
func (l *Language) Has(key string) bool { return l.keys[key] }

// Say returns the text of a key with its arguments filled in, as Sprintf does:
// numbers are grouped as the language does it, and decide about the plural. A
// key that is missing comes back as it is; a test looks for those.
func (l *Language) Say(key string, args ...any) string {
	if !l.keys[key] {
		return key
	}
	return l.printer.Sprintf(key, args...)
}

// Number groups digits.
func (l *Language) Number(n int64) string { return l.printer.Sprint(number.Decimal(n)) }

// Decimal writes a number with at most so many digits after the point.
func (l *Language) Decimal(f float64, digits int) string {
	return l.printer.Sprint(number.Decimal(f, number.MaxFractionDigits(digits)))
}

// Percent writes a whole percentage: 0.42 is "42 %" or "42%".
func (l *Language) Percent(share float64) string {
	return l.Say("number.percent", int64(share*100+0.5))
}

// Size writes bytes in the units that people use: "3.1 GB".
func (l *Language) Size(bytes int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	unit, value := 0, float64(bytes)
	for value >= 999.95 && unit < len(units)-1 {
		value /= 1000
		unit++
	}
	digits := 1
	if unit == 0 || value >= 99.95 {
		digits = 0
	}
	return l.Decimal(value, digits) + "\u00a0" + units[unit]
}
