package appliance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestFolderHasOneOwner(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "data")
	f, err := openFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = openFolder(path)
	var inUse *InUseError
	if !errors.As(err, &inUse) || inUse.Process != fmt.Sprint(os.Getpid()) || inUse.Folder != path {
		t.Errorf("second owner: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	again, err := openFolder(path)
	if err != nil {
		t.Fatalf("after closing: %v", err)
	}
	again.Close()
}

func TestFolderIsClosedToOthers(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := openFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range []string{"", blobFolder, spoolFolder, tlsFolder} {
		if info, err := os.Stat(f.join(name)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%q: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestForeignFolderIsLeftAlone(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, "letter.odt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(path); err == nil {
		t.Error("took a folder with other things in it")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("changed it: %v, %v", info.Mode(), err)
	}
}
