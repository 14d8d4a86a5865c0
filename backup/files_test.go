package backup

import "testing"

func TestLeftOut(t *testing.T) {
	t.Parallel()
	for name, out := range map[string]bool{
		"letterbox.toml":                     false,
		"tls/key.pem":                        false,
		"version":                            false,
		"letterbox.db-wal":                   true,
		"telemetry.db":                       true,
		"trace.db":                           true,
		"trace.db-wal":                       true,
		"blobs":                              true,
		"search":                             true,
		Work:                                 true,
		"upgrades":                           false,
		"upgrades/unfinished":                true,
		"upgrades/20261124T221500Z-version3": true,
		"upgrades/since-20261124T221500Z-version3":           false,
		"upgrades/since-20261124T221500Z-version3/anna.mbox": false,
	} {
		if leftOut(name) != out {
			t.Errorf("%s: left out: %t", name, !out)
		}
	}
}
