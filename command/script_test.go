package command

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"letterbox/appliance"
	"letterbox/control"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"letterbox": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(Main(ctx, os.Args[1:], control.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}})
}

// TestScripts plays command lines as a user would type them. The data folder is
// $LETTERBOX_DATA, and no listener has a port that anybody else could have.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LETTERBOX_DATA", filepath.Join(env.WorkDir, "data"))
			env.Setenv("TZ", "UTC")
			older, err := filepath.Abs("../database/testdata/v9.db")
			if err != nil {
				return err
			}
			env.Setenv("OLDER", older)
			return writeLarge(filepath.Join(env.WorkDir, "large.mbox"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  status,
			"answers": answers,
			"damage":  damage,
		},
	})
}

// status N COMMAND... runs a command that must end with exit status N. Its
// output is there for stdout and stderr.
func status(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// answers waits until the appliance of the script takes commands.
func answers(ts *testscript.TestScript, _ bool, _ []string) {
	for end := time.Now().Add(30 * time.Second); !control.Answers(ts.Getenv("LETTERBOX_DATA"), appliance.ControlSocket); {
		if time.Now().After(end) {
			ts.Fatalf("the appliance does not answer")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// writeLarge writes an mbox of a message of 100 kB and a small one.
func writeLarge(name string) error {
	const from = "From a@example.org Mon Nov 23 10:00:00 2026\n"
	text := from + "\n" + strings.Repeat("0123456789\n", 9091) + "\n" + from + "\nsmall\n\n"
	return os.WriteFile(name, []byte(text), 0o600)
}

// damage FILE N scrambles the page N of a database and every twentieth behind it.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	const page = 4096
	name := ts.MkAbs(args[0])
	first, err := strconv.Atoi(args[1])
	ts.Check(err)
	data, err := os.ReadFile(name)
	ts.Check(err)
	for n := first; n < len(data)/page; n += 20 {
		for i := range data[n*page : (n+1)*page] {
			data[n*page+i] ^= 0x5a
		}
	}
	ts.Check(os.WriteFile(name, data, 0o600))
}
