package command

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
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
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  status,
			"answers": answers,
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
