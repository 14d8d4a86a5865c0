package backup

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"letterbox/database"
	"letterbox/store/blob"
)

// BenchmarkStall commits one row after the other while the database, of some
// 400 MB, is copied for a snapshot, and tells the longest that a commit waited:
// without a copy, during the first one, and during one of which nothing has to be
// written.
func BenchmarkStall(b *testing.B) {
	h := openHouse(b, filepath.Join(b.TempDir(), "data"), blob.Options{})
	value := make([]byte, 3000)
	for i := range 130 {
		must(b, h.db.Write(b.Context(), func(tx *database.Tx) error {
			for j := range 1000 {
				for k := range value {
					value[k] = byte(i*7 + j*13 + k*k)
				}
				if _, err := tx.Exec(`INSERT INTO setting (key, value) VALUES (?, ?)`, fmt.Sprint(i, ".", j), fmt.Sprintf("%x", value[:1500])); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	var image *image
	for _, test := range []struct {
		name string
		run  func() error
	}{
		{"nothing", func() error { time.Sleep(3 * time.Second); return nil }},
		{"first", func() (err error) { image, err = h.keeper.capture(b.Context(), nil); return err }},
		{"incremental", func() (err error) { _, err = h.keeper.capture(b.Context(), placed(image)); return err }},
	} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				waits, took := commits(b, h.db, test.run)
				b.ReportMetric(took.Seconds(), "s/copy")
				b.ReportMetric(float64(waits[len(waits)-1].Microseconds())/1000, "ms-longest")
				b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "ms-p99")
				b.ReportMetric(float64(len(waits))/took.Seconds(), "commits/s")
			}
		})
	}
}

// placed makes the chunks of an image look as if they had been stored.
func placed(i *image) []chunk {
	chunks := slices.Clone(i.chunks)
	for n := range chunks {
		chunks[n].place = Extent{Size: chunkSize, Length: chunkSize}
	}
	return chunks
}

// commits runs fn and commits meanwhile; waits are sorted.
func commits(b *testing.B, db *database.DB, fn func() error) (waits []time.Duration, took time.Duration) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() {
		for i := 0; ctx.Err() == nil; i++ {
			began := time.Now()
			err := db.Write(context.Background(), func(tx *database.Tx) error {
				_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES ('bench', ?) ON CONFLICT DO UPDATE SET value = excluded.value`, fmt.Sprint(i))
				return err
			})
			if err != nil {
				done <- err
				return
			}
			waits = append(waits, time.Since(began))
		}
		done <- nil
	}()
	began := time.Now()
	must(b, fn())
	took = time.Since(began)
	cancel()
	must(b, <-done)
	slices.Sort(waits)
	return waits, took
}
