package main

import (
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// rootsEnv makes the test binary a child that looks for root certificates.
const rootsEnv = "LETTERBOX_LOOK_FOR_ROOTS"

func TestMain(m *testing.M) {
	if os.Getenv(rootsEnv) == "" {
		os.Exit(m.Run())
	}
	if pool, err := x509.SystemCertPool(); err != nil || pool.Equal(x509.NewCertPool()) {
		fmt.Println("there are none:", err)
		os.Exit(1)
	}
}

// TestRootCertificatesAreInside: where the system has none, there are those that
// the program brings.
func TestRootCertificatesAreInside(t *testing.T) {
	t.Parallel()
	child := exec.Command(os.Args[0])
	child.Env = []string{rootsEnv + "=1", "SSL_CERT_FILE=/nonexistent", "SSL_CERT_DIR=/nonexistent"}
	if out, err := child.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
