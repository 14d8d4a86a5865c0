package backup

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"letterbox/store/blob"
)

// TestStandardToolsAlone restores with the script, which knows the format from
// its description.
func TestStandardToolsAlone(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{false, true} {
		h := newHouse(t)
		h.receive(t, "INBOX", 2500)
		identity := ""
		if encrypted {
			secret, _, err := h.keeper.GenerateOwnerKey()
			must(t, err)
			identity = filepath.Join(t.TempDir(), "key")
			must(t, os.WriteFile(identity, []byte(secret+"\n"), 0o600))
		}
		must(t, os.WriteFile(filepath.Join(h.folder, "tls", "a name with  blanks"), []byte("x"), 0o600))
		target := folderTarget(t)
		take(t, h, target)
		h.empty(t, "INBOX") // so that the database consists of pieces
		h.receive(t, "INBOX", 100)
		take(t, h, target)
		out := filepath.Join(t.TempDir(), "out")
		text, err := exec.Command("../scripts/restore-snapshot", target.path, out, "latest", identity).CombinedOutput()
		if err != nil {
			t.Fatalf("encrypted %v: %v\n%s", encrypted, err, text)
		}
		back := openHouse(t, out, blob.Options{})
		if diff := cmp.Diff(h.mail(t), back.mail(t)); diff != "" {
			t.Errorf("encrypted %v: the mail differs:\n%s", encrypted, diff)
		}
		was, err := h.store.Mailbox(t.Context(), anna, "INBOX")
		must(t, err)
		now, err := back.store.Mailbox(t.Context(), anna, "INBOX")
		must(t, err)
		if now.UIDValidity <= was.UIDValidity {
			t.Errorf("UIDVALIDITY went from %d to %d", was.UIDValidity, now.UIDValidity)
		}
		if text, err := os.ReadFile(filepath.Join(out, "tls", "a name with  blanks")); err != nil || string(text) != "x" {
			t.Errorf("%q, %v", text, err)
		}
	}
}
