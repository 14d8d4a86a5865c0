package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/mod/semver"
	"letterbox/resolver"
)

// A Release is the newest version of this program, as who makes it says in the DNS:
//
//	v=letterbox1; version=v1.5.0; more=https://example.org/v1.5.0; news=Quicker searches.
//
// The DNS is asked, and no server, since it is asked by way of the name servers: who
// makes the program does not learn who runs it, nor which version.
type Release struct {
	Version string // "v1.5.0"
	More    string // the address of what is new; may be ""
	News    string // in a sentence; may be ""
}

// Limits on what a stranger's record may say.
const (
	maxRecord = 1000
	maxNews   = 300
)

// errNoRelease says that a record is none of a release.
var errNoRelease = errors.New("there is no record of a release (v=letterbox1; version=...)")

// AskRelease asks what the newest release is.
func AskRelease(ctx context.Context, names *resolver.Resolver, name string) (Release, error) {
	records, err := names.LookupTXT(ctx, name)
	if err != nil {
		return Release{}, fmt.Errorf("ask %s for the newest release: %w", name, err)
	}
	for _, text := range records {
		if r, err := ParseRelease(text); err == nil {
			return r, nil
		}
	}
	return Release{}, fmt.Errorf("%s: %w", name, errNoRelease)
}

// ParseRelease reads such a record. What it does not know it passes over.
func ParseRelease(text string) (r Release, err error) {
	if len(text) > maxRecord {
		return Release{}, errNoRelease
	}
	first, rest, _ := strings.Cut(text, ";")
	if strings.TrimSpace(first) != "v=letterbox1" {
		return Release{}, errNoRelease
	}
	for part := range strings.SplitSeq(rest, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch value = strings.TrimSpace(value); key {
		case "version":
			r.Version = value
		case "more":
			if u, err := url.Parse(value); err == nil && u.Scheme == "https" && u.Host != "" {
				r.More = u.String()
			}
		case "news":
			r.News = plain(value)
		}
	}
	if !semver.IsValid(r.Version) {
		return Release{}, errNoRelease
	}
	return r, nil
}

// plain is a text without anything that does not print, and not too long.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > maxNews {
		text = string(runes[:maxNews]) + "…"
	}
	return text
}

// release looks for a newer version, if somebody may be asked.
func release(ctx context.Context, p *Patient) []Result {
	a := machineThing("release", "")
	switch {
	case p.Updates == "":
		return []Result{a.ok("unasked", p.Version)}
	case !semver.IsValid(p.Version):
		return []Result{a.unknown("unversioned", p.Version)}
	}
	newest, err := p.Newest(ctx, p.Updates)
	switch {
	case err != nil:
		return []Result{a.unknown("silent", err.Error())}
	case semver.Compare(newest.Version, p.Version) > 0:
		return []Result{a.amber("newer", newest.Version, p.Version, newest.News, newest.More)}
	}
	return []Result{a.ok("newest", p.Version)}
}

// program looks at whether the program on the disk is the one that runs.
func program(_ context.Context, p *Patient) []Result {
	if p.Replaced == "" {
		return nil
	}
	return []Result{machineThing("program", "").amber("replaced", p.Replaced, p.Version)}
}
