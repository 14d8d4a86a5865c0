package admin

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// A form is what somebody typed, and what is wrong with it, by field.
type form struct {
	values url.Values
	errors map[string]string
}

// form reads the one that was posted.
func (v *visit) form() (*form, error) {
	if err := v.r.ParseForm(); err != nil {
		return nil, fmt.Errorf("%w: %w", &refusal{http.StatusBadRequest, "refused.form"}, err)
	}
	return &form{values: v.r.PostForm, errors: map[string]string{}}, nil
}

// blank is a form that nobody filled in yet, with what stands in it already.
func blank(values map[string]string) *form {
	f := &form{values: url.Values{}, errors: map[string]string{}}
	for name, value := range values {
		f.values.Set(name, value)
	}
	return f
}

// Text is a field without space around it. Passwords are read with Raw.
func (f *form) Text(name string) string { return strings.TrimSpace(f.values.Get(name)) }

// Raw is a field as it came.
func (f *form) Raw(name string) string { return f.values.Get(name) }

// Checked reports whether a box was ticked.
func (f *form) Checked(name string) bool { return f.values.Get(name) != "" }

// Reject puts a text beside a field; the first counts.
func (f *form) Reject(name, text string) {
	if f.errors[name] == "" {
		f.errors[name] = text
	}
}

// Good reports whether nothing was rejected.
func (f *form) Good() bool { return len(f.errors) == 0 }

// A field is an input with its label.
type field struct {
	Name, Label  string
	Help         string
	Value, Error string
	Kind         string // of the input: "text" when empty
	Complete     string // what browsers and password managers fill in
	Optional     bool
	Focus        bool // is where one begins to type
}

// field is one of the form, with what was typed kept. Passwords are not.
func (f *form) field(name, label string) field {
	return field{Name: name, Label: label, Value: f.values.Get(name), Error: f.errors[name]}
}

// secret is a field for a password.
func (f *form) secret(name, label, complete string) field {
	return field{Name: name, Label: label, Error: f.errors[name], Kind: "password", Complete: complete}
}

// An option of a choice.
type option struct{ Value, Label, Help string }
