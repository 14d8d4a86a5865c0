package admin

import "letterbox/phrase"

// prefer sets language and colours of this browser, and the language of the user.
func (v *visit) prefer() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	if theme := f.Text("theme"); isTheme(theme) {
		v.keep(themeCookie, theme, yearOld)
	} else if theme != "" {
		v.forget(themeCookie)
	}
	if tag := f.Text("language"); tag != "" {
		if err := v.preferLanguage(tag); err != nil {
			return err
		}
	}
	return v.redirect(f.Raw("to"))
}

// preferLanguage takes a language that there are texts in.
func (v *visit) preferLanguage(tag string) error {
	for _, l := range phrase.Known() {
		if l.Tag() != tag {
			continue
		}
		v.keep(languageCookie, tag, yearOld)
		if v.user != nil {
			return v.Directory.SetLanguage(v.context(), v.user.Address, tag)
		}
	}
	return nil
}
