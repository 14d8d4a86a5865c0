package directory

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
)

const (
	minPassword = 8    // characters
	maxPassword = 1000 // octets
)

// common.txt lists the passwords that are tried first and the words that they
// begin with, in lower case, one a line, sorted.
//
//go:embed common.txt
var common string

// preparePassword brings a password to the one form that is hashed, so that it
// is the same from every keyboard (RFC 8265 section 4.2, OpaqueString).
func preparePassword(password string) (string, error) {
	if len(password) > maxPassword {
		return "", fmt.Errorf("it has more than %d octets", maxPassword)
	}
	prepared, err := precis.OpaqueString.String(password)
	if err != nil || !utf8.ValidString(password) {
		return "", fmt.Errorf("it holds characters that not every keyboard has") // and err might quote them
	}
	return prepared, nil
}

// checkPassword refuses what is guessed first. The error wraps ErrWeakPassword.
func checkPassword(a Address, prepared string) error {
	lower := strings.ToLower(prepared)
	switch {
	case utf8.RuneCountInString(prepared) < minPassword:
		return fmt.Errorf("%w: take at least %d characters", ErrWeakPassword, minPassword)
	case isCommon(lower):
		return fmt.Errorf("%w: it is one of those that are tried first", ErrWeakPassword)
	case distinct(lower) < 4:
		return fmt.Errorf("%w: it repeats the same few characters", ErrWeakPassword)
	case lower == a.Local, lower == a.Domain, lower == a.String():
		return fmt.Errorf("%w: it is part of the address", ErrWeakPassword)
	}
	return nil
}

// isCommon also finds "Password123!": digits and marks that are put behind a
// common word do not make it less common.
func isCommon(lower string) bool {
	words := strings.Fields(common)
	for _, form := range []string{lower, strings.TrimRight(lower, "0123456789!?.*#$")} {
		if _, found := slices.BinarySearch(words, form); found {
			return true
		}
	}
	return false
}

func distinct(s string) int {
	runes := []rune(s)
	slices.Sort(runes)
	return len(slices.Compact(runes))
}

// GeneratePassword returns a random password that is easy to type.
func GeneratePassword() string { return generateSecret(passwordSize) }
