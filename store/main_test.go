package store

import (
	"os"
	"testing"
)

// crashEnv makes the test binary a child that works on a folder until it is
// killed; see TestCrash.
const crashEnv = "LETTERBOX_CRASH_STORE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashEnv); dir != "" {
		workUntilKilled(dir)
	}
	os.Exit(m.Run())
}
