package directory

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	a := Address{"ann.miller", "home.example"}
	tests := []struct {
		password string
		ok       bool
	}{
		{"correct horse 1", true},
		{"zwölf grüne", true},
		{"九つの漢字でできた", true},
		{"🙂🙃😉😊😇🥰😍🤩", true},
		{"8391740284", true},
		{"7 chars", false},
		{"漢字漢字", false}, // twelve octets, four characters
		{"password", false},
		{"Password123!", false},
		{"QWERTZuiop", false},
		{"sommer2024", false},
		{"12345678", false},
		{"correcthorsebatterystaple", false},
		{"abababababab", false},
		{"Ann.Miller", false},
		{"ann.miller@HOME.example", false},
		{"home.example", false},
		{"tab\tinside it", false},
		{"null\x00inside it", false},
		{"not \xff utf-8 at all", false},
		{strings.Repeat("long ", 200), true},
		{strings.Repeat("long ", 200) + ".", false},
	}
	for _, test := range tests {
		prepared, err := preparePassword(test.password)
		if err == nil {
			if err = checkPassword(a, prepared); err != nil && !errors.Is(err, ErrWeakPassword) {
				t.Errorf("%q: %v", test.password, err)
			}
		}
		if (err == nil) != test.ok {
			t.Errorf("%q: %v", test.password, err)
		}
	}
}

func TestCommonPasswordsAreSorted(t *testing.T) {
	t.Parallel()
	words := strings.Fields(common)
	if !slices.IsSorted(words) || len(words) < 300 {
		t.Errorf("%d words, sorted %v", len(words), slices.IsSorted(words))
	}
	for _, word := range words {
		if !isCommon(word) || word != strings.ToLower(word) {
			t.Errorf("%s is not found", word)
		}
	}
}

// However it is typed, a password comes to one form, which stays.
func TestPreparedPasswordStays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		prepared, err := preparePassword(rapid.String().Draw(rt, "password"))
		if err != nil {
			return
		}
		if again, err := preparePassword(prepared); err != nil || again != prepared {
			rt.Fatalf("%q becomes %q, %v", prepared, again, err)
		}
	})
}

// An error about a password must not tell it.
func TestPasswordErrorsAreSilent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, password := range []string{"geheim1", "geheim2\x01xxxxx", "geheim3\xff......", "geheim" + strings.Repeat("4", 2000)} {
		_, err := h.AddUser(t.Context(), "carl@home.example", "", password)
		if !errors.Is(err, ErrWeakPassword) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("got %v", err)
		}
	}
}

func TestGeneratePassword(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^([a-hjkmnp-z2-9]{4}-){4}[a-hjkmnp-z2-9]{4}$`)
	seen, letters := map[string]bool{}, map[rune]int{}
	const rounds = 2000
	for range rounds {
		password := GeneratePassword()
		if !form.MatchString(password) || seen[password] || checkPassword(Address{}, password) != nil {
			t.Fatalf("bad password %s", password)
		}
		seen[password] = true
		for _, letter := range password {
			letters[letter]++
		}
	}
	delete(letters, '-')
	if bits := 20 * math.Log2(float64(len(letters))); bits < 90 {
		t.Errorf("%d letters make %.0f bits", len(letters), bits)
	}
	for letter, n := range letters { // 1290 expected, deviation 35
		if n < 1050 || n > 1550 {
			t.Errorf("%c came %d times", letter, n)
		}
	}
}
