package backup

import (
	"context"
	"io/fs"
	"time"
)

// A Target is a place for objects: whole files that are written once. Safe for
// concurrent use.
type Target interface {
	// Put writes an object, all of it or nothing, over another of its name. It may
	// be seen, and is durable, only after Flush. data is the caller's again when it
	// returns.
	Put(ctx context.Context, name string, data []byte) error

	// Flush makes what was put durable.
	Flush(ctx context.Context) error

	// Get reads an object; ErrMissing.
	Get(ctx context.Context, name string) ([]byte, error)

	// List calls fn for each object whose name begins with a folder and '/'.
	List(ctx context.Context, folder string, fn func(Object) error) error

	// Remove deletes an object; one that is missing is no error.
	Remove(ctx context.Context, name string) error

	// Remote says whether others than this machine's owner may see it.
	Remote() bool

	// String names it without secrets.
	String() string

	Close() error
}

// An Object is what List finds.
type Object struct {
	Name     string
	Size     int64
	Modified time.Time // by the target's clock
}

// ErrMissing says that the target has no such object.
var ErrMissing = fs.ErrNotExist
