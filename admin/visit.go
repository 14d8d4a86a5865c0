package admin

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"letterbox/directory"
	"letterbox/phrase"
)

// A visit is one request, from whom it is, and the language they read.
type visit struct {
	*Site
	*phrase.Language

	w       http.ResponseWriter
	r       *http.Request
	route   route
	remote  netip.Addr
	now     time.Time
	user    *directory.User       // nil: a stranger
	session *directory.WebSession // of user
}

func (v *visit) context() context.Context { return v.r.Context() }

// chooseLanguage takes the user's, then what this browser was told, then what it
// asks for.
func (v *visit) chooseLanguage() *phrase.Language {
	set := ""
	if cookie, err := v.r.Cookie(languageCookie); err == nil {
		set = cookie.Value
	}
	if v.user != nil && v.user.Language != "" {
		set = v.user.Language
	}
	return phrase.Choose(set, v.r.Header.Get("Accept-Language"))
}

// A page is what the frame around every page shows.
type page struct {
	*phrase.Language
	Title    string
	Place    string // which of the places in the navigation it belongs to
	Here     string // path and query
	User     *directory.User
	Theme    string // "light", "dark", or "" for the browser's
	Flash    string // what was just done
	Hostname string
	Version  string
	Now      time.Time
	Passkeys bool // can be signed in with
}

// May reports whether the visitor may use routes of a rule: for what is to be
// shown at all.
func (p *page) May(r rule) bool { return r.admits(p.User) }

// page begins a page of a place in the navigation.
func (v *visit) page(place, title string) *page {
	p := &page{
		Language: v.Language, Title: title, Place: place, Here: v.r.URL.RequestURI(),
		User: v.user, Flash: v.said(), Hostname: v.Hostname, Version: v.Version, Now: v.now,
		Passkeys: v.Passkeys != nil,
	}
	if cookie, err := v.r.Cookie(themeCookie); err == nil && isTheme(cookie.Value) {
		p.Theme = cookie.Value
	}
	return p
}

// show renders a whole page before anything of it is sent: one that fails half
// way becomes an error page.
func (v *visit) show(status int, c templ.Component) error {
	var b bytes.Buffer
	if err := c.Render(v.context(), &b); err != nil {
		return fmt.Errorf("render %s: %w", v.route.pattern, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(b.Bytes()) // the browser may have gone
	return nil
}

// redirect sends the browser to another page, by GET.
func (v *visit) redirect(to string) error {
	v.w.Header().Set("Location", local(to))
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// done redirects and says there what was done.
func (v *visit) done(to, key string, args ...any) error {
	v.say(v.Say(key, args...))
	return v.redirect(to)
}

// local makes sure that an address stays within the site: anything that browsers
// could take for another host becomes the start page.
func local(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t\x00") {
		return "/"
	}
	if u.Fragment != "" {
		return u.RequestURI() + "#" + u.EscapedFragment()
	}
	return u.RequestURI()
}
