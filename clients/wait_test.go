package clients

import (
	"os"
	"testing"
	"time"
)

// waitFor polls for what a program in the background brings about.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// needPackage is need for what is no program.
func needPackage(t *testing.T, file, debianPackage string) {
	t.Helper()
	if _, err := os.Stat(file); err == nil {
		return
	}
	lacks(t, "%s is missing (Debian package %s)", file, debianPackage)
}
