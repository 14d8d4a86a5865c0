package directory

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrBadName is no name for a device.
var ErrBadName = errors.New("give the device a name of 1 to 60 characters, such as \"Anna's phone\"")

// trimName is a device's name as it is kept: that of an app password or a passkey.
func trimName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > 60 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", ErrBadName
	}
	return name, nil
}
