package backup

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Names at a target.
const (
	repositoryObject = "repository"
	dataFolder       = "data"
	snapshotFolder   = "snapshots"
	keysAtTarget     = "keys"
)

// formatVersion of what is written here; another is refused.
const formatVersion = "letterbox-snapshots 1"

// A Repository is what lies at a target: the snapshots of one appliance.
type Repository struct {
	target    Target
	key       *Key
	id        string
	encrypted bool
}

// Open opens a repository; ErrNoSnapshot when nothing is there, ErrLocked when a
// key is needed.
func Open(ctx context.Context, t Target, unlock Unlock) (*Repository, error) {
	return openRepository(ctx, t, unlock)
}

func openRepository(ctx context.Context, t Target, unlock Unlock) (*Repository, error) {
	text, err := t.Get(ctx, repositoryObject)
	if errors.Is(err, ErrMissing) {
		return nil, fmt.Errorf("%s: %w: nothing was kept there yet", t, ErrNoSnapshot)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	r := &Repository{target: t}
	recipient, err := r.parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	if !r.encrypted {
		r.key = noKey()
		return r, nil
	}
	copies, err := r.keyCopies(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	if r.key, err = unlock(copies); err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	if r.key == nil {
		return nil, fmt.Errorf("%s: %w", t, ErrLocked)
	}
	if r.key.recipient() != recipient {
		return nil, fmt.Errorf("%s: the snapshots there belong to another appliance or another key; choose another place, or remove them", t)
	}
	return r, nil
}

// parse reads the repository file.
func (r *Repository) parse(text string) (recipient string, err error) {
	lines := bufio.NewScanner(strings.NewReader(text))
	if !lines.Scan() || lines.Text() != formatVersion {
		return "", fmt.Errorf("this is no place of snapshots, or of a newer letterbox (%.40q)", lines.Text())
	}
	for lines.Scan() {
		switch word, value, _ := strings.Cut(lines.Text(), " "); word {
		case "id":
			r.id = value
		case "encryption":
			recipient = value
		}
	}
	if !isID.MatchString(r.id) || recipient == "" {
		return "", errors.New("the file 'repository' is damaged; it holds a line 'id' and a line 'encryption'")
	}
	r.encrypted = recipient != "none"
	return recipient, nil
}

var isID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// createRepository makes one at a target.
func createRepository(ctx context.Context, t Target, key *Key) (*Repository, error) {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	r := &Repository{target: t, key: key, id: hex.EncodeToString(id[:]), encrypted: key.identity != nil}
	text := fmt.Sprintf("%s\nid %s\nencryption %s\n", formatVersion, r.id, key.recipient())
	if err := errors.Join(t.Put(ctx, repositoryObject, []byte(text)), t.Flush(ctx)); err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	return r, nil
}

// keyCopies reads the copies of the key at the target.
func (r *Repository) keyCopies(ctx context.Context) (map[string][]byte, error) {
	copies := map[string][]byte{}
	err := r.target.List(ctx, keysAtTarget, func(o Object) error {
		if path.Ext(o.Name) == ".age" {
			copies[path.Base(o.Name)] = nil
		}
		return nil
	})
	for name := range copies {
		if err == nil {
			copies[name], err = r.target.Get(ctx, keysAtTarget+"/"+name)
		}
	}
	return copies, err
}

// An ID names a snapshot by its time, so that names sort: 20261124T221500Z.
type ID string

const idLayout = "20060102T150405Z"

// Time is when the snapshot was taken.
func (id ID) Time() time.Time {
	t, _ := time.Parse(idLayout, string(id))
	return t
}

func idAt(t time.Time) ID { return ID(t.UTC().Format(idLayout)) }

func (id ID) object() string { return snapshotFolder + "/" + string(id) }

// Snapshots lists what can be restored, oldest first.
func (r *Repository) Snapshots(ctx context.Context) ([]ID, error) {
	var ids []ID
	err := r.target.List(ctx, snapshotFolder, func(o Object) error {
		if id := ID(path.Base(o.Name)); !id.Time().IsZero() {
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the snapshots of %s: %w", r.target, err)
	}
	slices.Sort(ids)
	return ids, nil
}

// Find returns the snapshot of that name; an empty one, or "latest", is the last.
func (r *Repository) Find(ctx context.Context, name string) (ID, error) {
	ids, err := r.Snapshots(ctx)
	if err != nil {
		return "", err
	}
	if len(ids) == 0 {
		return "", fmt.Errorf("%s: %w: none was taken yet", r.target, ErrNoSnapshot)
	}
	if name == "" || name == "latest" {
		return ids[len(ids)-1], nil
	}
	if slices.Contains(ids, ID(name)) {
		return ID(name), nil
	}
	return "", fmt.Errorf("%s: %w %q; 'letterbox snapshot list' shows those there are", r.target, ErrNoSnapshot, name)
}

// present lists the bundles at the target with their times.
func (r *Repository) present(ctx context.Context) (map[Name]time.Time, error) {
	known := map[Name]time.Time{}
	err := r.target.List(ctx, dataFolder, func(o Object) error {
		if name, err := parseName(path.Base(o.Name)); err == nil && o.Size > 0 {
			known[name] = o.Modified
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list what is at %s: %w", r.target, err)
	}
	return known, nil
}

// bundle reads and checks a bundle.
func (r *Repository) bundle(ctx context.Context, name Name) ([]byte, error) {
	sealed, err := r.target.Get(ctx, name.object())
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", name, err)
	}
	plain, err := r.key.open(sealed)
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w: %w", name, ErrDamaged, err)
	}
	if r.key.name(plain) != name {
		return nil, fmt.Errorf("bundle %s: %w: it holds something else", name, ErrDamaged)
	}
	return plain, nil
}

// ErrDamaged says that an object is not what was written.
var ErrDamaged = errors.New("damaged")

// Manifest reads a snapshot's.
func (r *Repository) Manifest(ctx context.Context, id ID) (*Manifest, error) {
	return r.manifest(ctx, id, r.bundle)
}

func (r *Repository) manifest(ctx context.Context, id ID, read func(context.Context, Name) ([]byte, error)) (*Manifest, error) {
	sealed, err := r.target.Get(ctx, id.object())
	if err != nil {
		return nil, fmt.Errorf("snapshot %s: %w", id, err)
	}
	text, err := r.key.open(sealed)
	if err != nil {
		return nil, fmt.Errorf("snapshot %s: %w: %w", id, ErrDamaged, err)
	}
	m, err := parseManifest(text, func(name Name) ([]byte, error) { return read(ctx, name) })
	if err != nil {
		return nil, fmt.Errorf("snapshot %s: %w", id, err)
	}
	if m.ID != id {
		return nil, fmt.Errorf("snapshot %s: %w: it is %s", id, ErrDamaged, m.ID)
	}
	return m, nil
}

// shareKeys puts the copies of the key that the target lacks there. What the
// owner took away here stays there: whoever had it could have read all anyway.
func (r *Repository) shareKeys(ctx context.Context, copies map[string][]byte) error {
	if !r.encrypted {
		return nil
	}
	there, err := r.keyCopies(ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(copies)) {
		if slices.Equal(there[name], copies[name]) {
			continue
		}
		if err := r.target.Put(ctx, keysAtTarget+"/"+name, copies[name]); err != nil {
			return fmt.Errorf("share the key: %w", err)
		}
	}
	return r.target.Flush(ctx)
}
