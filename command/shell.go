package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"letterbox/appliance"
	"letterbox/control"
)

// lockPatience is how long a command waits for another that has the data folder
// open. Commands are short; an appliance that starts or stops takes a moment.
const lockPatience = 10 * time.Second

// A shell is where a local command runs.
type shell struct {
	control.Stdio
	flags *cli
	args  []string // the whole command line
}

// data returns the data folder's path.
func (s *shell) data() (string, error) {
	switch {
	case s.flags.Data != "":
		return filepath.Abs(s.flags.Data)
	case os.Geteuid() == 0:
		return "/var/lib/letterbox", nil
	case os.Getenv("XDG_DATA_HOME") != "":
		return filepath.Join(os.Getenv("XDG_DATA_HOME"), "letterbox"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("where is the data folder? Name it with --data (%w)", err)
	}
	return filepath.Join(home, ".local", "share", "letterbox"), nil
}

// config loads what the flags name.
func (s *shell) config() (appliance.Config, error) {
	data, err := s.data()
	if err != nil {
		return appliance.Config{}, err
	}
	return appliance.Load(data, s.flags.ConfigFile, s.flags.Set)
}

// log is for what a command that opens the data folder itself has to complain
// of; what it did is said by its output.
func (s *shell) log() *slog.Logger {
	log, _ := appliance.Log{Level: "warn"}.NewLogger(s.Err)
	return log
}

// A beginner is an inside command that may be the first ever in a data folder.
type beginner interface{ begins() }

// inside runs the inside part of the command line where the data is, with stdio
// as its input and output.
func (s *shell) inside(ctx context.Context, cmd inside, stdio control.Stdio) error {
	c, err := s.config()
	if err != nil {
		return err
	}
	if !control.Answers(c.Data, appliance.ControlSocket) {
		if err := becomeOwner(c.Data); err != nil {
			return err
		}
	}
	_, begins := cmd.(beginner)
	for end := time.Now().Add(lockPatience); ; {
		d, err := appliance.OpenData(ctx, c, s.log(), !begins)
		if err == nil {
			return errors.Join(cmd.inside(asCommandLine(ctx), d, stdio), d.Close())
		}
		var inUse *appliance.InUseError
		if !errors.As(err, &inUse) {
			return err
		}
		status, callErr := control.Call(ctx, c.Data, appliance.ControlSocket, s.args, stdio)
		switch {
		case callErr == nil && status == statusOK:
			return nil
		case callErr == nil:
			return statusError(status)
		case !errors.Is(callErr, control.ErrNotRunning):
			return callErr
		case time.Now().After(end):
			return err
		}
		// Whoever has it is another short command, or not up yet.
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
