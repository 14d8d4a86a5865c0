package admin

import (
	"net/http"
	"strings"
)

// A Setting is a key of the configuration as it is now.
type Setting struct {
	Key     string // "imap.max_connections"
	Doc     string // what it means
	Value   string // as it is written in the file
	Default string
}

// Changed reports whether somebody set it to something else.
func (s Setting) Changed() bool { return s.Value != s.Default }

// Section is what stands before the point; "" for keys at the top.
func (s Setting) Section() string {
	section, _, found := strings.Cut(s.Key, ".")
	if !found {
		return ""
	}
	return section
}

// settings shows the configuration: what is set, what it would be otherwise, and
// how to change it. The file and its owner decide; nothing is written from here,
// so that who steals an admin's session cannot make the appliance run a program.
func (v *visit) settings() error {
	l := v.listing("key")
	var shown []Setting
	changed := 0
	if v.Settings != nil {
		for _, s := range v.Settings() {
			if s.Changed() {
				changed++
			}
			if l.Matches(s.Key, s.Doc, s.Value) && (l.Filter("changed") == "" || s.Changed()) {
				shown = append(shown, s)
			}
		}
	}
	return v.show(http.StatusOK, settingsView(v.page("settings", v.Say("settings.title")), l, shown, changed))
}
