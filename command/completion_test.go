package command

import (
	"os/exec"
	"strings"
	"testing"
)

// TestCompletion has bash complete command lines; the last word is the one that
// is being typed.
func TestCompletion(t *testing.T) {
	t.Parallel()
	var script strings.Builder
	if err := WriteCompletion(&script); err != nil {
		t.Fatal(err)
	}
	complete := func(line string) string {
		t.Helper()
		ask := `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _letterbox; echo "${COMPREPLY[*]}"`
		words := append([]string{"-c", script.String() + ask, "bash"}, strings.Split(line, " ")...)
		out, err := exec.Command("bash", words...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", line, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	for line, want := range map[string]string{
		"letterbox sn":                                  "snapshot",
		"letterbox user ":                               "add list passwd set invite remove keep app-password second-factor",
		"letterbox user pa":                             "passwd",
		"letterbox --data = /srv/mail user re":          "remove",
		"letterbox domain list --js":                    "--json",
		"letterbox team member add a@example.org --dat": "--data",
		"letterbox ma":                                  "mailbox", // man is for those who make packages
		"letterbox import testdata/heal":                "testdata/health.txtar",
		"letterbox nonsense sn":                         "snapshot",
	} {
		if got := complete(line); got != want {
			t.Errorf("%q is completed with %q, want %q", line, got, want)
		}
	}
}
