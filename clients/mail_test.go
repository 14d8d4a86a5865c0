package clients

import (
	"bytes"
	"compress/gzip"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func pemCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// crlf makes every line end CRLF, as IMAP wants it.
func crlf(raw []byte) []byte {
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	return bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
}

// sample is a message with a bit of everything.
func sample(subject string) []byte {
	return crlf([]byte(fmt.Sprintf(`From: Anna <%s>
To: Ben <%s>
Subject: %s
Date: Mon, 23 Nov 2026 10:00:00 +0100
Message-ID: <%x@letterbox.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Grüße aus dem Briefkasten.
.a line that begins with a dot
From a line that begins with From
`, anna, ben, subject, subject)))
}

// corpus returns the real mail of ../shared/corpus (or LETTERBOX_CORPUS), CRLF,
// and a few messages of our own where it is missing.
func corpus(t *testing.T) [][]byte {
	t.Helper()
	dir := os.Getenv("LETTERBOX_CORPUS")
	if dir == "" {
		dir = "../../shared/corpus"
	}
	messages := [][]byte{sample("one"), sample("two"), bytes.Repeat(sample("many"), 2000)}
	files, _ := filepath.Glob(filepath.Join(dir, "eml", "*.eml"))
	if len(files) == 0 {
		t.Logf("no mail in %s: only our own is used", dir)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, crlf(raw))
	}
	for _, name := range []string{"ham.mbox.gz", "spam.mbox.gz"} {
		messages = append(messages, mbox(t, filepath.Join(dir, name))...)
	}
	return messages
}

// mbox splits an mbox file at its From lines; none when the file is missing.
func mbox(t *testing.T, name string) [][]byte {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	var messages [][]byte
	for _, part := range strings.Split("\n"+string(all), "\nFrom ")[1:] {
		_, body, _ := strings.Cut(part, "\n")
		messages = append(messages, crlf([]byte(body+"\n")))
	}
	return messages
}

// writeFiles writes the messages as 00000.eml ... into a new folder.
func writeFiles(t *testing.T, messages [][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for i, raw := range messages {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d.eml", i)), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// asMaildir writes messages into a new Maildir, which loses nothing of them.
func asMaildir(t *testing.T, messages [][]byte) string {
	t.Helper()
	dir := emptyMaildir(t)
	for i, raw := range messages {
		name := filepath.Join(dir, "cur", fmt.Sprintf("%05d.letterbox:2,S", i))
		if err := os.WriteFile(name, []byte(unixLines(raw)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func emptyMaildir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
