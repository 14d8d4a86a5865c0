package store

import "testing"

// A message costs one flush of its pack and one commit, and so do many that come
// together.
func TestFlushesOfAppend(t *testing.T) {
	t.Parallel()
	h := build(t)
	in := h.box("INBOX")
	for _, n := range []int{1, 1, 100} {
		batch := Batch{}
		for i := range n {
			batch.Messages = append(batch.Messages, NewMessage{Mailbox: in, Raw: page(1000*n + i)})
		}
		flushes, commits := h.blobs.Stats().Flushes, h.db.Stats().Commits
		_, err := h.Append(t.Context(), batch)
		must(t, err)
		if made := h.blobs.Stats().Flushes - flushes; made != 1 {
			t.Errorf("%d messages: %d flushes of packs", n, made)
		}
		if made := h.db.Stats().Commits - commits; made > 2 { // one may be the cleaner's
			t.Errorf("%d messages: %d commits", n, made)
		}
	}
}
