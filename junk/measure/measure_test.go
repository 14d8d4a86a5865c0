package main

import (
	"os"
	"testing"

	"letterbox/junk"
)

// TestCorpus holds the filter to what docs/junk.md says of it, by five folds over
// real mail, where there is some: in $LETTERBOX_CORPUS, or beside the project.
func TestCorpus(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("LETTERBOX_CORPUS")
	if folder == "" {
		folder = "../../../shared/corpus"
	}
	mail, err := read(folder)
	if os.IsNotExist(err) || len(mail) == 0 {
		t.Logf("nothing was measured: there is no mail in %s", folder)
		return
	}
	for name, as := range map[string]func([]byte) []byte{"as they came": unchanged, "without what lists add": bare} {
		if testing.Short() && name != "as they came" {
			continue
		}
		for i := range mail {
			mail[i].features = junk.Read(as(mail[i].raw))
		}
		var wrong, missed, wanted, unwanted int
		for n := range 5 {
			o := contest(fold(mail, n, 5))
			wrong += above(o.scores[junk.Wanted], threshold)
			missed += len(o.scores[junk.Junk]) - above(o.scores[junk.Junk], threshold)
			wanted, unwanted = wanted+len(o.scores[junk.Wanted]), unwanted+len(o.scores[junk.Junk])
		}
		t.Logf("%s: %d of %d wanted in Junk, %d of %d junk missed", name, wrong, wanted, missed, unwanted)
		if wrong*1000 > wanted {
			t.Errorf("%s: %d of %d messages that are wanted go to Junk", name, wrong, wanted)
		}
		if missed*1000 > unwanted*35 {
			t.Errorf("%s: %d of %d messages of junk are missed", name, missed, unwanted)
		}
	}
}
