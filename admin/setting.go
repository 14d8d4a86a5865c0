package admin

import (
	"net/http"
	"slices"

	"letterbox/phrase"
)

// meaning is what a setting is about in somebody's language: as the sample file
// says it, where nobody has put it into their words.
func meaning(l *phrase.Language, s Setting) string {
	if key := "meaning." + s.Key; l.Has(key) {
		return l.Say(key)
	}
	return s.Doc
}

func (v *visit) meaning(s Setting) string { return meaning(v.Language, s) }

// setting is the key of the path, where it may be changed by this route.
func (v *visit) setting() (*Setting, error) {
	all, err := v.Settings(v.context())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(s Setting) bool { return s.Key == v.r.PathValue("key") })
	if i < 0 || all[i].path() != v.r.URL.Path {
		return nil, missing
	}
	return &all[i], nil
}

// settingPage shows one key, with a form unless the file has it.
func (v *visit) settingPage() error {
	s, err := v.setting()
	if err != nil {
		return err
	}
	return v.showSetting(http.StatusOK, s, blank(map[string]string{"value": s.Next}))
}

func (v *visit) showSetting(status int, s *Setting, f *form) error {
	return v.show(status, settingPage(v.page("settings", s.Key), s, f))
}

// changeSetting keeps what was chosen, or goes back to the default. What somebody
// wrote into the file is left alone.
func (v *visit) changeSetting() error {
	s, err := v.setting()
	if err != nil {
		return err
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	if s.Choose == "" {
		return &refusal{http.StatusForbidden, "refused.file"}
	}
	if f.Text("do") == "default" {
		err = v.Machine.Unchoose(v.context(), s.Key)
	} else {
		err = v.Machine.Choose(v.context(), s.Key, f.Text("value"))
	}
	if err != nil {
		f.Reject("value", v.Say("settings.bad", err.Error()))
		return v.showSetting(http.StatusUnprocessableEntity, s, f)
	}
	if s.Live {
		return v.done("/settings#"+s.Key, "settings.done.now", s.Key)
	}
	return v.done("/settings#"+s.Key, "settings.done.anew", s.Key)
}

// beginAnew has what was chosen count.
func (v *visit) beginAnew() error {
	err := v.done("/settings", "settings.anew.done")
	v.Machine.BeginAnew()
	return err
}
