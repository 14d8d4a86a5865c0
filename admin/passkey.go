package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"letterbox/directory"
)

// beginPasskey starts to sign in with a passkey; the script of the page goes on.
func (v *visit) beginPasskey() error {
	if v.Passkeys == nil {
		return missing
	}
	options, ticket, err := v.Passkeys.BeginSignIn()
	if err != nil {
		return err
	}
	return v.ceremony(options, ticket)
}

// ceremony answers a script with what the browser's authenticator is to be asked.
func (v *visit) ceremony(options []byte, ticket string) error {
	answer, err := json.Marshal(map[string]any{"options": json.RawMessage(options), "ticket": ticket})
	if err != nil {
		return fmt.Errorf("answer with options for a passkey: %w", err)
	}
	v.w.Header().Set("Content-Type", "application/json")
	_, _ = v.w.Write(answer) // the browser may have gone
	return nil
}

func (v *visit) signInByPasskey() error {
	if v.Passkeys == nil {
		return missing
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	user, err := v.Passkeys.FinishSignIn(v.context(), v.peer(), f.Raw("ticket"), []byte(f.Raw("response")))
	switch {
	case errors.Is(err, directory.ErrBadPasskey):
		f.Reject("user", v.Say("passkey.failed"))
	case err != nil:
		if err := v.rejectSignIn(f, "user", err); err != nil {
			return err
		}
	}
	if !f.Good() {
		return v.show(http.StatusUnprocessableEntity, signInPage(v.page("", v.Say("signin.title")), f))
	}
	if err := v.begin(user); err != nil {
		return err
	}
	return v.redirect(f.Raw("to"))
}

func (v *visit) addPasskeyPage() error {
	if v.Passkeys == nil {
		return missing
	}
	return v.showAddPasskey(http.StatusOK, blank(nil))
}

func (v *visit) showAddPasskey(status int, f *form) error {
	return v.show(status, addPasskeyPage(v.page("me", v.Say("passkey.title")), f))
}

func (v *visit) beginAddPasskey() error {
	if v.Passkeys == nil {
		return missing
	}
	options, ticket, err := v.Passkeys.BeginAdd(v.context(), v.user)
	if err != nil {
		return err
	}
	return v.ceremony(options, ticket)
}

func (v *visit) addPasskey() error {
	if v.Passkeys == nil {
		return missing
	}
	f, err := v.form()
	if err != nil {
		return err
	}
	if f.Text("name") == "" {
		f.Reject("name", v.Say("devices.unnamed"))
		return v.showAddPasskey(http.StatusUnprocessableEntity, f)
	}
	err = v.Passkeys.FinishAdd(v.context(), v.user, f.Raw("ticket"), f.Text("name"), []byte(f.Raw("response")))
	switch {
	case errors.Is(err, directory.ErrBadPasskey):
		f.Reject("name", v.Say("passkey.failed"))
	case errors.Is(err, directory.ErrTooManyPasskeys):
		f.Reject("name", v.Say("passkey.many"))
	case errors.Is(err, directory.ErrBadName):
		f.Reject("name", v.Say("devices.unnamed"))
	case err != nil:
		return err
	}
	if !f.Good() {
		return v.showAddPasskey(http.StatusUnprocessableEntity, f)
	}
	return v.factorAdded("passkey.done")
}
