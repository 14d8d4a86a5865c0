package command

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write generated files anew")

// TestManIsCurrent compares the manual page in docs with the code.
func TestManIsCurrent(t *testing.T) {
	t.Parallel()
	const file = "../docs/letterbox.1"
	var want bytes.Buffer
	if err := WriteMan(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("%s is not current; run 'make generate':\n%s", file, diff)
	}
}
