package database

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "freeze the present version in testdata")

// crashEnv makes the test binary a child that writes until it is killed.
const crashEnv = "LETTERBOX_CRASH_DATABASE"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		writeUntilKilled(path)
	}
	flag.Parse()
	os.Exit(m.Run())
}
