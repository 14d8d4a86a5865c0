package clients

import (
	"fmt"
	"strings"
	"testing"
)

func TestPython(t *testing.T) {
	t.Parallel()
	need(t, "python3", "python3")
	l := serve(t)
	messages := corpus(t)
	out := client(t, t.TempDir(), "python3", "testdata/roundtrip.py",
		fmt.Sprint(l.imaps), fmt.Sprint(l.submission), l.certFile, anna, ben, password, writeFiles(t, messages))
	if want := fmt.Sprintf("%d messages came back", len(messages)); !strings.Contains(out, want) {
		t.Errorf("python3 said %q, want %q", out, want)
	}
}
