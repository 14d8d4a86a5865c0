package report

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A Destination is where a domain wants its reports.
type Destination struct {
	Mail string // an address
	Post string // or an https URL
	Most int64  // bytes that it takes; 0: any number
}

// maxDestinations is how many of a record count (RFC 7489 section 6.2: two at
// least).
const maxDestinations = 5

// Destinations reads the URIs of a rua tag, in their order. What is neither mailto
// nor https is passed over.
func Destinations(uris []string) (all []Destination) {
	for _, text := range uris {
		d, ok := destination(strings.TrimSpace(text))
		if ok && !slices.Contains(all, d) && len(all) < maxDestinations {
			all = append(all, d)
		}
	}
	return all
}

func destination(text string) (d Destination, ok bool) {
	scheme, rest, _ := strings.Cut(text, ":")
	switch strings.ToLower(scheme) {
	case "mailto":
		rest, size, limited := strings.Cut(rest, "!")
		if d.Most, ok = sizeOf(size); limited && !ok {
			return d, false
		}
		rest, _, _ = strings.Cut(rest, "?") // RFC 6068: the subject and the like are ours
		mail, err := url.PathUnescape(rest)
		d.Mail = mail
		return d, err == nil && isAddress(mail)
	case "https":
		u, err := url.Parse(text)
		d.Post = text
		return d, err == nil && u.Hostname() != "" && u.User == nil && len(text) <= 1000
	}
	return d, false
}

// sizeOf reads the size of RFC 7489 section 6.2: a number and perhaps k, m, g or t.
func sizeOf(text string) (int64, bool) {
	if text == "" {
		return 0, false
	}
	shift := 0
	if i := strings.IndexByte("kmgt", text[len(text)-1]|0x20); i >= 0 {
		shift, text = 10*(i+1), text[:len(text)-1]
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return min(n, 1<<62>>shift) << shift, err == nil && n > 0
}

// isAddress says whether a mail can be addressed to it without more ado.
func isAddress(text string) bool {
	local, domain, found := strings.Cut(text, "@")
	if !found || local == "" || domain == "" || len(local) > 64 || len(domain) > 253 {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),:;<>[\]`, r)
	}) && !strings.Contains(domain, "@") && strings.Contains(domain, ".")
}

// TLSDestinations reads the one TLSRPT record among the texts of a name (RFC 8460
// section 3); several are as good as none.
func TLSDestinations(texts []string) []Destination {
	record := ""
	for _, text := range texts {
		if !strings.HasPrefix(text, "v=TLSRPTv1;") {
			continue
		}
		if record != "" {
			return nil
		}
		record = text
	}
	for field := range strings.SplitSeq(record, ";") {
		if key, value, _ := strings.Cut(field, "="); strings.TrimSpace(key) == "rua" {
			return Destinations(strings.Split(value, ","))
		}
	}
	return nil
}
