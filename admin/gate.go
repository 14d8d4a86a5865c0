package admin

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"letterbox/directory"
)

const (
	proofLasts = 10 * time.Minute // how long a password that was shown permits dangerous acts
	formLimit  = 1 << 20          // bytes of a form
)

// gate is what every request goes through before its route.
func (s *Site) gate(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		s.harden(w.Header())
		request.Body = http.MaxBytesReader(w, request.Body, formLimit)
		v, err := s.receive(w, request, r)
		if err == nil {
			err = v.pass()
		}
		if err != nil {
			v.fail(err)
		}
	})
}

// receive finds out who a request is from.
func (s *Site) receive(w http.ResponseWriter, r *http.Request, to route) (*visit, error) {
	v := &visit{Site: s, w: w, r: r, route: to, now: s.Now(), remote: s.client(r)}
	session, err := v.findSession()
	if session != nil {
		v.session, v.user = session, session.User
		v.r = r.WithContext(directory.ActingAs(r.Context(), v.user.Address, v.remote))
	}
	v.Language = v.chooseLanguage()
	return v, err
}

// findSession returns nil for somebody who is not signed in.
func (v *visit) findSession() (*directory.WebSession, error) {
	cookie, err := v.r.Cookie(sessionCookie)
	if err != nil {
		return nil, nil
	}
	session, err := v.Directory.WebSession(v.r.Context(), cookie.Value)
	if errors.Is(err, directory.ErrNoSession) {
		return nil, nil
	}
	return session, err
}

// pass lets the visitor through to where the rules permit it.
func (v *visit) pass() error {
	switch {
	case v.user == nil && v.route.who&stranger == 0:
		return v.redirect("/signin?" + url.Values{"to": {v.back()}}.Encode())
	case !v.route.who.admits(v.user):
		return &refusal{http.StatusForbidden, "refused.role"}
	case v.route.who.administrative() && !v.mayAdminister():
		return &refusal{http.StatusForbidden, "refused.address"}
	case bool(v.route.need) && v.now.Sub(v.session.Proved) > proofLasts:
		return v.redirect("/proof?" + url.Values{"to": {v.back()}}.Encode())
	}
	return v.route.serve(v)
}

// back is where somebody comes back to after having been sent to sign in: the
// page, or for a form the page of the same path.
func (v *visit) back() string {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		return v.r.URL.RequestURI()
	}
	return v.r.URL.EscapedPath()
}

// mayAdminister reports whether the visitor comes from where the appliance may
// be administered.
func (v *visit) mayAdminister() bool {
	return len(v.AdminFrom) == 0 || within(v.AdminFrom, v.remote)
}

func within(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// harden sets what browsers are told with every answer.
func (s *Site) harden(h http.Header) {
	// Neither script nor style in the page: what a hostile message brings into it
	// runs nowhere.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "+
		"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	// Only where every browser takes the certificate: with one of our own a
	// browser that once saw this header would let nobody in (RFC 6797 section 12.1).
	if s.Certificates != nil && s.Certificates.Trusted() {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
