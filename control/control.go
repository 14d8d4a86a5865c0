// Package control lets a command run inside the appliance that owns the data
// folder: arguments and standard input go there over a Unix socket (HTTP, not
// reachable by network), output and exit status come back while it runs. Both
// directions stream, so that an import of any size needs constant memory.
//
// Whoever may open the socket may do everything; it belongs into a folder that
// only its owner can enter.
package control

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// Stdio is what a command reads and writes. Out and Err are each used by one
// goroutine at a time.
type Stdio struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// An Execute runs a command and returns its exit status. ctx ends when the
// caller went away or the appliance stops.
type Execute func(ctx context.Context, args []string, stdio Stdio) (status int)

// ErrNotRunning says that nobody listens on the socket.
var ErrNotRunning = errors.New("the appliance is not running")

// maxPath is what fits into a socket address on Linux, with its final NUL.
const maxPath = 107

// reach calls fn with a name for base in dir that is short enough for a socket
// address: the path itself, or one by way of a descriptor of the folder.
func reach(dir, base string, fn func(name string) error) error {
	if path := filepath.Join(dir, base); len(path) <= maxPath {
		return fn(path)
	}
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return fn(fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), base))
}

// The answer is a row of frames: one byte for the kind, four for the length,
// the bytes. The last one holds the exit status as one byte.
const (
	frameStatus byte = iota
	frameOut
	frameErr
)

// frames writes frames to one place; safe for concurrent use.
type frames struct {
	mu    sync.Mutex
	w     io.Writer
	flush func() error
}

func (f *frames) write(kind byte, p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	head := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(p)))
	if _, err := f.w.Write(head); err != nil {
		return 0, err
	}
	n, err := f.w.Write(p)
	if err != nil {
		return n, err
	}
	return n, f.flush()
}

// A stream turns what is written to it into frames of one kind.
type stream struct {
	frames *frames
	kind   byte
}

func (s stream) Write(p []byte) (int, error) { return s.frames.write(s.kind, p) }

// readFrames copies the frames to where they belong until the status.
func readFrames(r io.Reader, stdio Stdio) (status int, err error) {
	var head [5]byte
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return 0, fmt.Errorf("the appliance broke off: %w", err)
		}
		body := io.LimitReader(r, int64(binary.BigEndian.Uint32(head[1:])))
		switch head[0] {
		case frameOut:
			_, err = io.Copy(stdio.Out, body)
		case frameErr:
			_, err = io.Copy(stdio.Err, body)
		case frameStatus:
			var code [1]byte
			_, err = io.ReadFull(body, code[:])
			return int(code[0]), err
		default:
			err = fmt.Errorf("unknown kind of answer %d; is the appliance another version?", head[0])
		}
		if err != nil {
			return 0, err
		}
	}
}

// Listen makes the socket. Whoever calls it owns the folder: a socket that a
// crash left behind is replaced.
func Listen(dir, base string) (net.Listener, error) {
	path := filepath.Join(dir, base)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var l net.Listener
	err := reach(dir, base, func(name string) (err error) {
		l, err = net.Listen("unix", name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make the control socket: %w", err)
	}
	return l, os.Chmod(path, 0o600)
}
