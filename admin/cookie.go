package admin

import (
	"encoding/base64"
	"net/http"
	"time"
)

// What browsers keep. The prefix makes them refuse a cookie that another host of
// the domain, or a page without encryption, tries to set.
const (
	sessionCookie  = "__Host-letterbox"
	themeCookie    = "__Host-theme"
	languageCookie = "__Host-language"
	saidCookie     = "__Host-said" // what was done, for the next page
)

// yearOld is how long a browser remembers what it was told to look like.
const yearOld = 365 * 24 * time.Hour

// sessionLasts is how long a browser keeps its session; the directory may end it
// sooner.
const sessionLasts = 30 * 24 * time.Hour

// keep sets a cookie; a negative time removes it.
func (v *visit) keep(name, value string, lasting time.Duration) {
	http.SetCookie(v.w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(lasting / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (v *visit) forget(name string) { v.keep(name, "", -time.Second) }

// say leaves a text for the next page.
func (v *visit) say(text string) {
	v.keep(saidCookie, base64.RawURLEncoding.EncodeToString([]byte(text)), time.Minute)
}

// said takes what was left, once.
func (v *visit) said() string {
	cookie, err := v.r.Cookie(saidCookie)
	if err != nil {
		return ""
	}
	v.forget(saidCookie)
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return ""
	}
	return string(text)
}

func isTheme(s string) bool { return s == "light" || s == "dark" }
