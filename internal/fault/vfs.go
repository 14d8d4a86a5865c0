package fault

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// VFS registers SQLite's own file layer under the plan, for the life of the
// test, and returns its name: see database.Options.
func (p *Plan) VFS(t testing.TB) string {
	t.Helper()
	v := &vfs{plan: p, open: make(map[uintptr]*sqliteFile)}
	if err := v.register(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.unregister)
	return v.name
}

// vfs is a copy of SQLite's default file layer with another way to open and
// delete. Files it opens have copies of their own methods, of which those that
// write ask the plan first.
//
// SQLite holds addresses of Go functions; v.hooks keeps them alive. What SQLite
// itself looks at (this layer, the method tables) is in libc's memory: Go's
// pointer checks, which the race detector turns on, do not let it look into
// Go's.
type vfs struct {
	plan  *Plan
	name  string
	tls   *libc.TLS
	under uintptr // the default sqlite3_vfs
	self  uintptr // the sqlite3_vfs that is registered
	hooks struct {
		open     func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
		remove   func(tls *libc.TLS, vfs, name uintptr, syncDir int32) int32
		close    func(tls *libc.TLS, file uintptr) int32
		write    func(tls *libc.TLS, file, data uintptr, n int32, off int64) int32
		truncate func(tls *libc.TLS, file uintptr, size int64) int32
		sync     func(tls *libc.TLS, file uintptr, flags int32) int32
	}

	mu   sync.Mutex
	open map[uintptr]*sqliteFile // by the address of their sqlite3_file
}

// sqliteFile is a file that SQLite has open.
type sqliteFile struct {
	name  string
	under *sqlite3.Tsqlite3_io_methods
	own   uintptr // a sqlite3_io_methods
}

var vfsCount atomic.Int64 // names must differ within a process

func (v *vfs) register() error {
	v.tls = libc.NewTLS()
	v.under = sqlite3.Xsqlite3_vfs_find(v.tls, 0)
	v.self = libc.Xmalloc(v.tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	v.name = fmt.Sprintf("fault%d", vfsCount.Add(1))
	name, err := libc.CString(v.name)
	if err != nil || v.under == 0 || v.self == 0 {
		return errors.Join(errors.New("register a SQLite file layer"), err)
	}
	v.hooks.open, v.hooks.remove = v.openFile, v.removeFile
	v.hooks.close, v.hooks.write, v.hooks.truncate, v.hooks.sync = v.closeFile, v.writeFile, v.truncateFile, v.syncFile

	own := at[sqlite3.Tsqlite3_vfs](v.self)
	*own = *at[sqlite3.Tsqlite3_vfs](v.under)
	own.FzName = name
	own.FxOpen = address(&v.hooks.open)
	own.FxDelete = address(&v.hooks.remove)
	if rc := sqlite3.Xsqlite3_vfs_register(v.tls, v.self, 0); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("register a SQLite file layer: code %d", rc)
	}
	return nil
}

func (v *vfs) unregister() {
	sqlite3.Xsqlite3_vfs_unregister(v.tls, v.self)
	libc.Xfree(v.tls, at[sqlite3.Tsqlite3_vfs](v.self).FzName)
	libc.Xfree(v.tls, v.self)
	v.tls.Close()
}

func (v *vfs) openFile(tls *libc.TLS, _, name, file uintptr, flags int32, out uintptr) int32 {
	type open = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	rc := call[open](at[sqlite3.Tsqlite3_vfs](v.under).FxOpen)(tls, v.under, name, file, flags, out)
	methods := &at[sqlite3.Tsqlite3_file](file).FpMethods
	if rc != sqlite3.SQLITE_OK || name == 0 || *methods == 0 { // without a name: temporary
		return rc
	}
	f := &sqliteFile{name: libc.GoString(name), under: at[sqlite3.Tsqlite3_io_methods](*methods)}
	if f.own = v.methods(tls, f.under); f.own == 0 {
		_ = call[func(*libc.TLS, uintptr) int32](f.under.FxClose)(tls, file)
		*methods = 0
		return sqlite3.SQLITE_NOMEM
	}
	*methods = f.own
	v.mu.Lock()
	defer v.mu.Unlock()
	v.open[file] = f
	return rc
}

// methods makes a table of methods in which those that write are the hooks; 0
// without memory.
func (v *vfs) methods(tls *libc.TLS, under *sqlite3.Tsqlite3_io_methods) uintptr {
	table := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*under)))
	if table == 0 {
		return 0
	}
	own := at[sqlite3.Tsqlite3_io_methods](table)
	*own = *under
	own.FxClose = address(&v.hooks.close)
	own.FxWrite = address(&v.hooks.write)
	own.FxTruncate = address(&v.hooks.truncate)
	own.FxSync = address(&v.hooks.sync)
	return table
}

func (v *vfs) find(file uintptr) *sqliteFile {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.open[file]
}

func (v *vfs) closeFile(tls *libc.TLS, file uintptr) int32 {
	f := v.find(file)
	v.mu.Lock()
	delete(v.open, file)
	v.mu.Unlock()
	rc := call[func(*libc.TLS, uintptr) int32](f.under.FxClose)(tls, file)
	libc.Xfree(tls, f.own) // SQLite does not look at the methods of a closed file
	return rc
}

func (v *vfs) writeFile(tls *libc.TLS, file, data uintptr, n int32, off int64) int32 {
	f := v.find(file)
	verdict := v.plan.next(write)
	if verdict.err != nil && !verdict.half {
		return result(verdict.err, sqlite3.SQLITE_IOERR_WRITE)
	}
	if verdict.half {
		n /= 2
	}
	if err := v.plan.remember(f.name, off, int64(n)); err != nil {
		return sqlite3.SQLITE_IOERR_WRITE
	}
	type write = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	rc := call[write](f.under.FxWrite)(tls, file, data, n, off)
	if rc == sqlite3.SQLITE_OK {
		rc = result(verdict.err, sqlite3.SQLITE_IOERR_WRITE)
	}
	return rc
}

func (v *vfs) truncateFile(tls *libc.TLS, file uintptr, size int64) int32 {
	f := v.find(file)
	if verdict := v.plan.next(other); verdict.err != nil {
		return result(verdict.err, sqlite3.SQLITE_IOERR_TRUNCATE)
	}
	const all = 1 << 40
	if err := v.plan.remember(f.name, size, all); err != nil {
		return sqlite3.SQLITE_IOERR_TRUNCATE
	}
	return call[func(*libc.TLS, uintptr, int64) int32](f.under.FxTruncate)(tls, file, size)
}

func (v *vfs) syncFile(_ *libc.TLS, file uintptr, _ int32) int32 {
	f := v.find(file)
	if verdict := v.plan.next(flush); verdict.err != nil {
		return result(verdict.err, sqlite3.SQLITE_IOERR_FSYNC)
	}
	v.plan.flushed(f.name)
	return sqlite3.SQLITE_OK
}

func (v *vfs) removeFile(tls *libc.TLS, _, name uintptr, _ int32) int32 {
	if verdict := v.plan.next(other); verdict.err != nil {
		return result(verdict.err, sqlite3.SQLITE_IOERR_DELETE)
	}
	v.plan.flushed(libc.GoString(name)) // there is nothing to take back in it
	type remove = func(*libc.TLS, uintptr, uintptr, int32) int32
	return call[remove](at[sqlite3.Tsqlite3_vfs](v.under).FxDelete)(tls, v.under, name, 0)
}

// result is SQLite's code for a verdict.
func result(err error, failed int32) int32 {
	switch {
	case err == nil:
		return sqlite3.SQLITE_OK
	case errors.Is(err, syscall.ENOSPC):
		return sqlite3.SQLITE_FULL
	}
	return failed
}

// at looks at memory that SQLite knows by its address.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// address gives SQLite a Go function; the variable that holds it must live as
// long as SQLite may call it.
func address[F any](fn *F) uintptr { return *(*uintptr)(unsafe.Pointer(fn)) }

// call makes a Go function of one that SQLite knows by its address.
func call[F any](address uintptr) F { return *(*F)(unsafe.Pointer(&address)) }
