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
	Origin  string   // where the value comes from: "default", "browser", "file" or "flag"
	Next    string   // the value once the appliance begins anew
	Choose  string   // how it is changed here: "calm", "careful" (with the password), or "" for not at all
	Live    bool     // what is chosen counts at once
	Values  []string // those there are; nil: any
	Unfit   string   // why what was chosen here does not count; "" if it does
}

// Changed reports whether somebody set it to something else.
func (s Setting) Changed() bool { return s.Value != s.Default || s.Waits() }

// Waits reports whether another value counts once the appliance begins anew.
func (s Setting) Waits() bool { return s.Next != s.Value }

// Section is what stands before the point; "" for keys at the top.
func (s Setting) Section() string {
	section, _, found := strings.Cut(s.Key, ".")
	if !found {
		return ""
	}
	return section
}

// path is where the key is changed.
func (s Setting) path() string {
	if s.Choose == "careful" {
		return "/settings/careful/" + s.Key
	}
	return "/settings/change/" + s.Key
}

// A settingsView is what is shown of the configuration.
type settingsView struct {
	Shown            []Setting
	Changed, Waiting int
}

// settings shows the configuration: what is set, what it would be otherwise, where
// that comes from and how to change it.
func (v *visit) settings() error {
	l := v.listing("key")
	all, err := v.Settings(v.context())
	if err != nil {
		return err
	}
	view := &settingsView{}
	for _, s := range all {
		if s.Changed() {
			view.Changed++
		}
		if s.Waits() {
			view.Waiting++
		}
		if l.Matches(s.Key, s.Doc, v.meaning(s), s.Value) && (l.Filter("changed") == "" || s.Changed()) {
			view.Shown = append(view.Shown, s)
		}
	}
	return v.show(http.StatusOK, settingsPage(v.page("settings", v.Say("settings.title")), l, view))
}
