package backup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// orphanAge is up to which age a bundle that no snapshot is known to need is used
// again. A prune elsewhere takes only what is older than pruneGrace.
const orphanAge = pruneGrace / 2

// Result says what a snapshot cost.
type Result struct {
	ID      ID
	Size    int64 // what can be restored
	Bundles int64 // written
	Bytes   int64 // written, as they lie at the target
	Image   time.Duration
	Took    time.Duration
}

// Take takes a snapshot. When it returns without an error the snapshot is whole
// at the target; else there is none, and the next one goes on from what was
// written. With hurry it takes as much of the machine as it can get; without,
// what nobody else wants.
func (k *Keeper) Take(ctx context.Context, t Target, hurry bool) (Result, error) {
	end, err := k.begin("take a snapshot to " + t.String())
	if err != nil {
		return Result{}, err
	}
	defer end()
	result, err := k.take(ctx, t, hurry)
	if err != nil {
		return result, fmt.Errorf("take a snapshot to %s: %w", t, err)
	}
	return result, nil
}

func (k *Keeper) take(ctx context.Context, t Target, hurry bool) (result Result, err error) {
	began, start := k.now(), time.Now()
	if err := k.tidy(); err != nil {
		return result, err
	}
	// Below its reserve mail is refused: a snapshot on the same disk stays well away
	// from that.
	if f, here := t.(*Folder); here {
		if err := f.spare(k.source.Folder, 2*k.source.Reserve); err != nil {
			return result, err
		}
	}
	repo, err := k.ensureRepository(ctx, t)
	if err != nil {
		return result, err
	}
	names, last, err := k.survey(ctx, repo)
	if err != nil {
		return result, err
	}
	// From here on no pack is removed: the copy of the database may refer to it.
	release := k.source.Blobs.Pin()
	defer release()
	imageBegan := time.Now()
	image, err := k.capture(ctx, usable(last.chunks, func(n Name) bool { return names[n] }))
	if err != nil {
		return result, err
	}
	defer image.changed.Close()
	result.Image = time.Since(imageBegan)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the upload, also after an error here
	u := newUpload(ctx, repo, names, hurry, k.did)
	manifest, err := k.store(u, image, last)
	if err == nil {
		manifest.ID, err = k.nextID(ctx, repo, began)
	}
	var text []byte
	if err == nil {
		text, err = manifest.encode(isSealed(manifest), u.put)
	}
	if err != nil {
		cancel()
		return result, errors.Join(firstOf(u.finish(), err), repo.keep(ctx))
	}
	if err := u.finish(); err != nil {
		return result, errors.Join(err, repo.keep(ctx))
	}
	if err := repo.publish(ctx, manifest.ID, text); err != nil {
		return result, err
	}
	if err := k.saveState(repo.id, manifest, image.chunks); err != nil {
		k.log.Warn("the next snapshot has to read everything again", "error", err)
	}
	return Result{
		ID: manifest.ID, Size: manifest.Size(), Bundles: u.bundles.Load(), Bytes: u.bytes.Load(),
		Image: result.Image, Took: time.Since(start),
	}, nil
}

// firstOf prefers why the upload failed to what follows from it.
func firstOf(upload, err error) error {
	if upload != nil && !errors.Is(upload, context.Canceled) {
		return upload
	}
	return err
}

// keep makes durable what a run wrote that comes to nothing: the next one goes on
// from there.
func (r *Repository) keep(ctx context.Context) error {
	return r.target.Flush(context.WithoutCancel(ctx))
}

// publish writes the manifest, after all that it names is durable: with it the
// snapshot exists.
func (r *Repository) publish(ctx context.Context, id ID, text []byte) error {
	sealed, err := r.key.seal(new(room), text)
	if err != nil {
		return err
	}
	if err := r.target.Flush(ctx); err != nil {
		return err
	}
	if err := r.target.Put(ctx, id.object(), sealed); err != nil {
		return err
	}
	return r.target.Flush(ctx)
}

// ensureRepository opens or makes what is at the target, with the owner's keys.
func (k *Keeper) ensureRepository(ctx context.Context, t Target) (*Repository, error) {
	copies, err := k.keyCopies()
	if err != nil {
		return nil, err
	}
	if t.Remote() && len(copies) == 0 {
		return nil, ErrNoKey
	}
	repo, err := k.Repository(ctx, t)
	if errors.Is(err, ErrNoSnapshot) {
		key, loadErr := loadKey(k.work(keyFile))
		if loadErr != nil {
			return nil, loadErr
		}
		if key == nil {
			key = noKey()
		}
		repo, err = createRepository(ctx, t, key)
	}
	if err != nil {
		return nil, err
	}
	if t.Remote() && !repo.encrypted {
		return nil, fmt.Errorf("the snapshots at %s are not encrypted; choose another place for those that leave this machine", t)
	}
	return repo, repo.shareKeys(ctx, copies)
}

// survey finds which bundles at the target can be relied on: those of the last
// snapshot, and young ones that a broken-off run left.
func (k *Keeper) survey(ctx context.Context, repo *Repository) (map[Name]bool, *state, error) {
	present, err := repo.present(ctx)
	if err != nil {
		return nil, nil, err
	}
	last := k.loadState(repo.id)
	ids, err := repo.Snapshots(ctx)
	if err != nil {
		return nil, nil, err
	}
	listed := false
	for _, id := range ids {
		listed = listed || id == last.manifest.ID
	}
	if !listed {
		last = &state{}
	}
	names := make(map[Name]bool, len(present))
	for name, modified := range present {
		if k.now().Sub(modified) < orphanAge {
			names[name] = true
		}
	}
	last.manifest.needs(func(name Name) {
		if _, there := present[name]; there {
			names[name] = true
		}
	})
	return names, last, nil
}

// store writes everything that the snapshot needs and is not there.
func (k *Keeper) store(u *upload, image *image, last *state) (*Manifest, error) {
	m := &Manifest{Host: oneWord(k.source.Host), Program: oneWord(k.source.Program), Counts: image.counts}
	packs := k.source.Blobs.Packs()
	k.expect(image.size)
	for _, p := range packs {
		k.expect(p.Size)
	}
	for _, p := range packs {
		f, err := storePack(u, k.source.Blobs, p, last.manifest.file(packPath(p.Number)))
		if err != nil {
			return nil, err
		}
		m.Files = append(m.Files, f)
	}
	files, err := storeFiles(u, k.source.Folder, k.source.Config)
	if err != nil {
		return nil, err
	}
	m.Files = append(m.Files, files...)
	db, err := image.store(u)
	if err != nil {
		return nil, err
	}
	db.Extents = image.extents()
	m.Files = append(m.Files, db)
	return m, nil
}

// oneWord keeps a text from breaking a line of the manifest.
func oneWord(text string) string { return strings.Join(strings.Fields(text), " ") }

// isSealed tells the packs that do not grow any more: all but the newest. Their
// part of the manifest stays the same from one snapshot to the next.
func isSealed(m *Manifest) func(File) bool {
	newest := ""
	for _, f := range m.Files {
		if strings.HasPrefix(f.Path, blobFolder+"/") {
			newest = max(newest, f.Path)
		}
	}
	return func(f File) bool { return strings.HasPrefix(f.Path, blobFolder+"/") && f.Path != newest }
}

// nextID is named after the time, and later than every snapshot there is: a clock
// that was set back must not overwrite one.
func (k *Keeper) nextID(ctx context.Context, repo *Repository, began time.Time) (ID, error) {
	ids, err := repo.Snapshots(ctx)
	if err != nil {
		return "", err
	}
	id := idAt(began)
	if len(ids) > 0 && id <= ids[len(ids)-1] {
		id = idAt(ids[len(ids)-1].Time().Add(time.Second))
	}
	return id, nil
}
