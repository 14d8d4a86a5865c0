package directory

import (
	"crypto/rand"
	"strings"
)

// Secrets that are made here and typed by people: in lower case, without letters
// that look like others, in groups of four. Each letter has 4.95 bits.
const (
	secretLetters = "abcdefghjkmnpqrstuvwxyz23456789" // 31: no i, l, o, 0, 1

	passwordSize     = 20 // 99 bits
	appPasswordSize  = 24 // 118 bits
	recoveryCodeSize = 16 // 79 bits
)

// bareSecret is what a secret is, however its groups were typed; "" for what
// cannot be one.
func bareSecret(typed string) string {
	if len(typed) > 4*appPasswordSize {
		return ""
	}
	bare := strings.NewReplacer("-", "", " ", "").Replace(strings.ToLower(strings.TrimSpace(typed)))
	if strings.Trim(bare, secretLetters) != "" {
		return ""
	}
	return bare
}

func generateAppPassword() string  { return generateSecret(appPasswordSize) }
func generateRecoveryCode() string { return generateSecret(recoveryCodeSize) }

func generateSecret(size int) string {
	const group = 4
	var b strings.Builder
	for drawn := 0; drawn < size; {
		var draw [1]byte
		rand.Read(draw[:])
		n := int(draw[0] & 31)
		if n == len(secretLetters) {
			continue // draw again, so that every letter is as likely
		}
		if drawn > 0 && drawn%group == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(secretLetters[n])
		drawn++
	}
	return b.String()
}
