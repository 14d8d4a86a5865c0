package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// floors says for every package of this module what else of it the package may
// import, lowest floor first. A package that is not here may not exist.
var floors = map[string][]string{
	"assets":       nil,
	"phrase":       nil,
	"quota":        nil,
	"message":      nil,
	"resolver":     nil,
	"mailauth":     {"message", "resolver"},
	"report":       {"message"},
	"certificate":  nil,
	"discover":     nil,
	"imapd/wire":   nil,
	"archive":      {"imapd/wire"}, // modified UTF-7: Maildir folders are named as in IMAP
	"accept":       nil,
	"control":      nil,
	"demo":         nil,
	"database":     nil,
	"store/blob":   nil,
	"store/index":  nil,
	"store":        {"database", "message", "quota", "store/blob", "store/index"},
	"directory":    {"database", "quota"},
	"finding":      {"phrase"},
	"feedback":     {"database", "directory", "finding", "mailauth", "report", "resolver"},
	"habit":        {"finding"},
	"telemetry":    {"habit"},
	"history":      {"telemetry"},
	"watch":        {"finding", "history", "telemetry"},
	"chart":        nil,
	"trace":        nil,
	"records":      {"directory", "discover"},
	"logbook":      nil,
	"junk":         {"database", "mailauth", "message", "resolver", "store"},
	"junk/measure": {"junk"}, // a program: how well it judges
	"delivery": {
		"database",
		"directory",
		"junk",
		"mailauth",
		"message",
		"quota",
		"store",
		"telemetry",
		"trace",
	},
	"queue": {
		"database",
		"delivery",
		"directory",
		"feedback",
		"mailauth",
		"message",
		"quota",
		"report",
		"resolver",
		"store",
		"telemetry",
		"trace",
	},
	"smtpd": {
		"accept",
		"delivery",
		"directory",
		"feedback",
		"habit",
		"junk",
		"mailauth",
		"message",
		"queue",
		"quota",
		"store",
		"telemetry",
		"trace",
	},
	"imapd":  {"accept", "directory", "habit", "imapd/wire", "message", "quota", "store", "telemetry"},
	"backup": {"database", "directory", "message", "phrase", "store", "store/blob"},
	"doctor": {"backup", "certificate", "finding", "queue", "records", "resolver", "store"},
	"admin": {
		"archive",
		"assets",
		"backup",
		"certificate",
		"chart",
		"delivery",
		"directory",
		"discover",
		"doctor",
		"feedback",
		"finding",
		"habit",
		"history",
		"junk",
		"logbook",
		"message",
		"phrase",
		"queue",
		"quota",
		"records",
		"store",
		"store/blob",
		"telemetry",
		"trace",
		"watch",
	},
	"appliance": {
		"accept",
		"admin",
		"backup",
		"certificate",
		"control",
		"database",
		"delivery",
		"directory",
		"discover",
		"doctor",
		"feedback",
		"finding",
		"history",
		"imapd",
		"junk",
		"logbook",
		"mailauth",
		"phrase",
		"queue",
		"quota",
		"records",
		"resolver",
		"smtpd",
		"store",
		"store/blob",
		"telemetry",
		"trace",
		"watch",
	},
	"command": {
		"appliance",
		"archive",
		"backup",
		"certificate",
		"control",
		"database",
		"delivery",
		"demo",
		"directory",
		"discover",
		"doctor",
		"history",
		"junk",
		"message",
		"phrase",
		"queue",
		"quota",
		"records",
		"report",
		"store",
		"store/blob",
		"trace",
		"watch",
	},
	"":                  {"command", "control"}, // main.go
	"internal/fault":    {"store/blob"},         // for tests: breaks storage on purpose
	"internal/dialogue": nil,                    // for tests: plays written conversations with a server
	"internal/zone":     nil,                    // for tests: a name server
	"internal/chromium": nil,                    // for tests: a browser
	"bench":             nil,                    // a program of its own that runs this one as users do
	"clients":           nil,                    // tests alone, likewise
	"packaging":         nil,                    // tests alone, of what is installed
	"packaging/sbom":    nil,                    // a program of its own, for releases
}

// speakSQL are the packages that may import database/sql; the others may carry a
// *database.Tx from one of these to another, and not look into it. trace speaks it
// to a file of its own, which no mail waits for.
var speakSQL = []string{"database", "store", "store/index", "directory", "history", "trace", "queue", "junk", "feedback"}

// TestImports holds the house together: see docs/design.md, "Floors".
func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		name := short(words[0])
		may, known := floors[name]
		if !known {
			t.Errorf("package %q is missing from the table", name)
			continue
		}
		for _, imported := range words[1:] {
			if imported == "database/sql" && !slices.Contains(speakSQL, name) {
				t.Errorf("%s speaks SQL; only %v may", name, speakSQL)
			}
			if inModule(imported) && !slices.Contains(may, short(imported)) {
				t.Errorf("%s may not import %s", name, short(imported))
			}
		}
	}
}

func inModule(path string) bool { return strings.HasPrefix(path, "letterbox/") }

// short is a package's path within the module.
func short(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, "letterbox"), "/")
}
