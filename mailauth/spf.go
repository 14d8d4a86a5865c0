package mailauth

import (
	"context"
	"strings"

	"blitiri.com.ar/go/spf"
)

// SPF says whether the domain lets that machine send for it.
type SPF struct {
	Result Result
	Domain string // that was asked: of the sender, or of HELO where there is none
	Sender string // reverse-path, "" for <>
	Helo   string
	Reason string
}

// CheckSPF asks for SPF alone, under the deadline of Check.
func (v *Verifier) CheckSPF(ctx context.Context, s Session) SPF {
	ctx, cancel := context.WithTimeout(ctx, v.timeout())
	defer cancel()
	return v.spf(ctx, s)
}

func (v *Verifier) spf(ctx context.Context, s Session) SPF {
	out := SPF{Sender: s.Sender, Helo: s.Helo, Domain: domainOf(s.Sender)}
	if out.Domain == "" {
		out.Domain = strings.ToLower(s.Helo) // RFC 7208 section 2.4
	}
	if !s.Remote.IsValid() || out.Domain == "" {
		out.Result = None
		return out
	}
	result, err := spf.CheckHostWithSender(s.Remote.Unmap().AsSlice(), s.Helo, s.Sender,
		spf.WithContext(ctx), spf.WithResolver(v.Resolver))
	out.Result = Result(result)
	if err != nil && out.Result != Pass {
		out.Reason = err.Error()
	}
	return out
}

// domainOf is the domain of an address in lower case, "" when it has none.
func domainOf(address string) string {
	_, domain, _ := cutLast(address, "@")
	return strings.ToLower(domain)
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
