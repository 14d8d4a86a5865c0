package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
	"letterbox/control"
	"letterbox/directory"
)

// askPassword returns what the inside command is to read as its standard input:
// asked for twice without echo at a terminal, else what standard input has.
func (s *shell) askPassword(ctx context.Context) (io.Reader, error) {
	terminal, ok := s.In.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return s.In, nil
	}
	first, err := s.prompt(ctx, terminal, "Password (empty: one is made up): ")
	if err != nil || first == "" {
		return strings.NewReader("\n"), err
	}
	second, err := s.prompt(ctx, terminal, "The same again: ")
	if err != nil {
		return nil, err
	}
	if first != second {
		return nil, errors.New("the two passwords differ; nothing was changed")
	}
	return strings.NewReader(first + "\n"), nil
}

// prompt reads a line without echo. When ctx ends meanwhile, the terminal is
// set back as it was.
func (s *shell) prompt(ctx context.Context, terminal *os.File, text string) (string, error) {
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(s.Err, text)
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		read <- line{text, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(s.Err)
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	case l := <-read:
		fmt.Fprintln(s.Err)
		return string(l.text), l.err
	}
}

// maxPassword bounds the line that is read; directory has its own limits.
const maxPassword = 4096

// readPassword takes the first line of the input. An empty one asks for a made-up
// password, which is printed: nobody else knows it.
func readPassword(stdio control.Stdio) (password string, generated bool, err error) {
	line, err := bufio.NewReader(io.LimitReader(stdio.In, maxPassword)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", false, fmt.Errorf("read the password: %w", err)
	}
	password = strings.TrimRight(line, "\r\n")
	if len(line) == maxPassword {
		return "", false, errors.New("the password is too long")
	}
	if password == "" {
		return directory.GeneratePassword(), true, nil
	}
	return password, false, nil
}
