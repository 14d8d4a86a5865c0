package appliance

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
	"letterbox/control"
)

// Names within the data folder.
const (
	databaseFile  = "letterbox.db"
	blobFolder    = "blobs"
	spoolFolder   = "spool"
	searchFolder  = "search"
	tlsFolder     = "tls"
	traceFile     = "trace.db"
	lockFile      = "lock"
	ControlSocket = "control.sock"
)

// ErrNoData says that a folder holds no mail and was not to be made.
var ErrNoData = errors.New("no mail here")

// An InUseError says that another process owns the data folder.
type InUseError struct {
	Folder  string
	Process string // its number; may be empty
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("data folder %s is in use by process %s; stop that one first, or give this one another folder with --data", e.Folder, e.Process)
}

// Served reports whether the owner is an appliance that takes commands.
func (e *InUseError) Served() bool { return control.Answers(e.Folder, ControlSocket) }

// A folder is a data folder that this process owns until Close.
type folder struct {
	path string
	lock *os.File
}

// openFolder makes the folder when it is missing and takes its lock.
// *InUseError when another process has it.
func openFolder(path string) (*folder, error) {
	if err := claim(path); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	// The kernel lets go of it however this process ends.
	err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		defer lock.Close()
		owner, _ := io.ReadAll(io.LimitReader(lock, 20))
		return nil, &InUseError{path, strings.TrimSpace(string(owner))}
	}
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	f := &folder{path, lock}
	return f, errors.Join(f.sign(), f.makeSubfolders())
}

// claim makes the folder, or takes one that is there, and closes it to others.
// It refuses a folder in which somebody keeps other things: a slip such as
// "--data /tmp" must not change who may enter that.
func claim(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("open the data folder: %w", err)
	}
	var foreign string
	for _, e := range entries {
		switch e.Name() {
		case lockFile, databaseFile, blobFolder:
			return os.Chmod(path, 0o700)
		case ConfigFile, "lost+found":
		default:
			foreign = e.Name()
		}
	}
	if foreign != "" {
		return fmt.Errorf("data folder %s holds other things (%s); give Letterbox a folder of its own with --data", path, foreign)
	}
	return os.Chmod(path, 0o700)
}

// sign writes who owns the folder, for the text of InUseError alone.
func (f *folder) sign() error {
	if err := f.lock.Truncate(0); err != nil {
		return err
	}
	_, err := f.lock.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	return err
}

func (f *folder) makeSubfolders() error {
	for _, name := range []string{blobFolder, spoolFolder, tlsFolder} {
		if err := os.MkdirAll(f.join(name), 0o700); err != nil {
			return fmt.Errorf("make the data folder: %w", err)
		}
	}
	return nil
}

func (f *folder) join(names ...string) string {
	return filepath.Join(append([]string{f.path}, names...)...)
}

func (f *folder) Close() error { return f.lock.Close() }

// hasData reports whether an appliance ever used the folder.
func hasData(path string) (bool, error) {
	_, err := os.Stat(filepath.Join(path, databaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
