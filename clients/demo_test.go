package clients

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestDemo starts the demo and pastes every command that it prints, but mutt's,
// into a shell.
func TestDemo(t *testing.T) {
	t.Parallel()
	need(t, "curl", "curl")
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	demo := exec.Command(program, "demo")
	demo.Env = append(os.Environ(), "TMPDIR="+home)
	stdout, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	demo.Stderr = t.Output()
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	site, commands := demoCommands(bufio.NewScanner(stdout))
	if len(commands) != 6 {
		t.Errorf("%d commands: %q", len(commands), commands)
	}
	output := client(t, home, "curl", "-k", "-L", "--no-progress-meter", site)
	for _, command := range commands {
		output += client(t, home, "sh", "-c", command)
	}
	for _, want := range []string{
		"<title>",                 // the site
		`\Sent) "/" "Sent"`,       // folders
		"Subject: Boathouse keys", // a message
		"* SEARCH ",               // of the new one
		"ben@letterbox.example",   // users
	} {
		if !strings.Contains(output, want) {
			t.Errorf("no %q in what the commands print:\n%s", want, output)
		}
	}
	if strings.Contains(output, "* SEARCH\r\n") {
		t.Error("Ben has nothing of what was sent to him")
	}
	if err := demo.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := demo.Wait(); err != nil {
		t.Errorf("the demo did not end well: %v", err)
	}
	if left, _ := os.ReadDir(home); len(left) != 0 {
		t.Errorf("the demo left %v behind", left)
	}
}

// demoCommands reads what the demo prints to its last command.
func demoCommands(lines *bufio.Scanner) (site string, commands []string) {
	for lines.Scan() {
		line, indented := strings.CutPrefix(lines.Text(), "  ")
		if !indented {
			continue
		}
		switch word, _, _ := strings.Cut(line, " "); {
		case word == "Browser":
			site = strings.Fields(line)[1]
		case word == "curl", word == "printf":
			commands = append(commands, line)
		case strings.HasSuffix(line, " user list"):
			return site, append(commands, line)
		}
	}
	return site, commands
}
