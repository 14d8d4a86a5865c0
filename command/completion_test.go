package command

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// completed is what each shell is to make of a command line, whose last word is being
// typed: the words that may stand there.
var completed = map[string]string{
	"letterbox sn":                                  "snapshot",
	"letterbox user ":                               "add list passwd set invite remove keep app-password second-factor",
	"letterbox user pa":                             "passwd",
	"letterbox domain list --js":                    "--json",
	"letterbox team member add a@example.org --dat": "--data",
	"letterbox ma":                                  "mailbox", // man is for those who make packages
	"letterbox nonsense sn":                         "snapshot",
}

// completion writes the file of a shell.
func completion(t *testing.T, shell string) string {
	t.Helper()
	var script strings.Builder
	if err := WriteCompletion(&script, shell); err != nil {
		t.Fatal(err)
	}
	return script.String()
}

// ask runs a shell, if it is there.
func ask(t *testing.T, shell string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil && os.Getenv("LETTERBOX_CLIENTS") != "require" {
		t.Skipf("no %s; scripts/install installs it", shell)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v: %s", args[len(args)-1], err, out)
	}
	return strings.TrimSpace(string(out))
}

// TestCompletion has bash complete command lines; the last word is the one that
// is being typed.
func TestCompletion(t *testing.T) {
	t.Parallel()
	script := completion(t, "bash")
	complete := func(line string) string {
		t.Helper()
		how := `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _letterbox; echo "${COMPREPLY[*]}"`
		return ask(t, "bash", append([]string{"-c", script + how, "bash"}, strings.Split(line, " ")...)...)
	}
	lines := maps.Clone(completed)
	lines["letterbox --data = /srv/mail user re"] = "remove" // as bash splits it
	lines["letterbox import testdata/heal"] = "testdata/health.txtar"
	for line, want := range lines {
		if got := complete(line); got != want {
			t.Errorf("%q is completed with %q, want %q", line, got, want)
		}
	}
}

// TestCompletionZsh has zsh find what may follow; to choose among it by what was typed
// is its own work.
func TestCompletionZsh(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "_letterbox")
	if err := os.WriteFile(file, []byte(completion(t, "zsh")), 0o600); err != nil {
		t.Fatal(err)
	}
	ask(t, "zsh", "-f", "-n", file)
	const how = `compdef() {}; _files() { print FILES }; _describe() { print -l -- ${(P)2%%:*} }; source "$1"; shift
		words=("$@"); CURRENT=$#; _letterbox`
	for line, want := range completed {
		typed := strings.Split(line, " ")
		found := ask(t, "zsh", append([]string{"-f", "-c", how, "zsh", file}, typed...)...)
		if got := beginning(found, typed[len(typed)-1]); got != want {
			t.Errorf("%q is completed with %q, want %q", line, got, want)
		}
	}
	if got := ask(t, "zsh", "-f", "-c", how, "zsh", file, "letterbox", "import", "x"); got != "FILES" {
		t.Errorf("import takes %q", got)
	}
}

// TestCompletionFish has fish complete command lines.
func TestCompletionFish(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "letterbox.fish")
	if err := os.WriteFile(file, []byte(completion(t, "fish")), 0o600); err != nil {
		t.Fatal(err)
	}
	ask(t, "fish", "--no-config", "--no-execute", file)
	for line, want := range completed {
		typed := strings.Split(line, " ")
		found := ask(t, "fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", file, line)
		got := strings.Fields(beginning(found, typed[len(typed)-1]))
		if !slices.Equal(got, slices.Sorted(slices.Values(strings.Fields(want)))) { // it has an order of its own
			t.Errorf("%q is completed with %q, want %q", line, got, want)
		}
	}
	if got := ask(t, "fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", file, "letterbox import testdata/heal"); got != "testdata/health.txtar" {
		t.Errorf("import takes %q", got)
	}
}

// beginning are the words among lines that begin so, in the order of completed.
func beginning(lines, with string) string {
	var words []string
	for line := range strings.Lines(lines) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(word, with) {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}
