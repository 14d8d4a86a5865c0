package archive

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"letterbox/imapd/wire"
)

// A Maildir is a folder with cur, new and tmp; its files are messages, with
// flags behind ":2,". Folders below it are either Maildir++ (".Sent.2024") or
// plain directories ("Sent/2024"). Letters from a to z are keywords, named in
// dovecot-keywords.

var maildirLetters = []struct {
	letter byte
	flag   string
}{{'D', `\Draft`}, {'F', `\Flagged`}, {'R', `\Answered`}, {'S', `\Seen`}, {'T', `\Deleted`}}

// CountMaildir returns how many messages ReadMaildir will yield, -1 when the
// folder is no Maildir and has none below it.
func CountMaildir(root string) (messages int64, err error) {
	folders, err := maildirs(root)
	if err != nil || len(folders) == 0 {
		return -1, err
	}
	for _, folder := range folders {
		err := eachFile(folder, func(string) bool {
			messages++
			return true
		})
		if err != nil {
			return 0, err
		}
	}
	return messages, nil
}

// maildirs lists the Maildirs in a tree.
func maildirs(root string) (folders []string, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() {
			return nil
		}
		switch entry.Name() {
		case "cur", "new", "tmp":
			if path != root {
				return fs.SkipDir
			}
		}
		if info, err := os.Stat(filepath.Join(path, "cur")); err == nil && info.IsDir() {
			folders = append(folders, path)
		}
		return nil
	})
	return folders, err
}

// ReadMaildir yields the messages of a Maildir and of those below it. A message
// that cannot be read or is larger than limit bytes is a *MessageError, and
// reading goes on; other errors end it.
func ReadMaildir(root string, limit int64) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		folders, err := maildirs(root)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, folder := range folders {
			if !readFolder(root, folder, limit, yield) {
				return
			}
		}
	}
}

func readFolder(root, folder string, limit int64, yield func(*Entry, error) bool) bool {
	mailbox := folderName(root, folder)
	keywords := readKeywords(folder)
	more := true
	err := eachFile(folder, func(path string) bool {
		more = yield(readFile(path, mailbox, keywords, limit))
		return more
	})
	if err != nil {
		yield(nil, err)
		return false
	}
	return more
}

// eachFile calls fn with the path of each message of a Maildir until it returns
// false: by name, which is by arrival, since names begin with the time.
func eachFile(folder string, fn func(path string) bool) error {
	for _, sub := range []string{"cur", "new"} {
		files, err := os.ReadDir(filepath.Join(folder, sub))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, file := range files {
			if file.IsDir() || strings.HasPrefix(file.Name(), ".") {
				continue
			}
			if !fn(filepath.Join(folder, sub, file.Name())) {
				return nil
			}
		}
	}
	return nil
}

// folderName turns ".Sent.2024" or "Sent/2024" into "Sent/2024". Names are in
// modified UTF-7 there (RFC 3501 section 5.1.3).
func folderName(root, folder string) string {
	relative, err := filepath.Rel(root, folder)
	if err != nil || relative == "." {
		return ""
	}
	var levels []string
	for level := range strings.SplitSeq(filepath.ToSlash(relative), "/") {
		if rest, ok := strings.CutPrefix(level, "."); ok {
			levels = append(levels, strings.Split(rest, ".")...)
		} else {
			levels = append(levels, level)
		}
	}
	for i, level := range levels {
		if name, err := wire.DecodeUTF7(level); err == nil {
			levels[i] = name
		}
	}
	if len(levels) == 1 && strings.EqualFold(levels[0], "INBOX") {
		return ""
	}
	return strings.Join(levels, "/")
}

// readKeywords reads "0 Important" lines; the number is the letter's.
func readKeywords(folder string) map[byte]string {
	file, err := os.Open(filepath.Join(folder, "dovecot-keywords"))
	if err != nil {
		return nil
	}
	defer file.Close()
	keywords := make(map[byte]string)
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		number, name, _ := strings.Cut(lines.Text(), " ")
		if n, err := strconv.Atoi(number); err == nil && n >= 0 && n < 26 && isKeyword(name) {
			keywords[byte('a'+n)] = name
		}
	}
	return keywords
}

func readFile(path, mailbox string, keywords map[byte]string, limit int64) (*Entry, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, &MessageError{path, err}
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, &MessageError{path, err}
	}
	raw, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = &TooLargeError{limit}
	}
	body := appendCRLF(make([]byte, 0, len(raw)+len(raw)/40), raw)
	if err == nil && int64(len(body)) > limit {
		err = &TooLargeError{limit}
	}
	if err != nil {
		return nil, &MessageError{path, err}
	}
	return &Entry{Mailbox: mailbox, Flags: maildirFlags(path, keywords), Date: info.ModTime(), Body: body, Position: path}, nil
}

// maildirFlags reads the letters behind ":2,". A message in new has none.
func maildirFlags(path string, keywords map[byte]string) (flags []string) {
	name := filepath.Base(path)
	i := strings.LastIndex(name, "2,")
	if i < 1 || filepath.Base(filepath.Dir(path)) == "new" {
		return nil
	}
	for _, letter := range []byte(name[i+2:]) {
		for _, m := range maildirLetters {
			if m.letter == letter {
				flags = append(flags, m.flag)
			}
		}
		if keyword := keywords[letter]; keyword != "" {
			flags = append(flags, keyword)
		}
	}
	return flags
}

// A MaildirWriter writes a tree of Maildirs in the Maildir++ layout.
type MaildirWriter struct {
	root     string
	keywords map[string][]string // of each folder, by number
	written  int
}

// NewMaildirWriter makes the folder root if it is missing.
func NewMaildirWriter(root string) (*MaildirWriter, error) {
	m := &MaildirWriter{root: root, keywords: make(map[string][]string)}
	return m, m.makeFolder(root)
}

func (m *MaildirWriter) makeFolder(folder string) error {
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(folder, sub), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// Write adds one message: written to tmp, then renamed, so that a reader never
// sees half of one.
func (m *MaildirWriter) Write(e *Entry) error {
	folder := m.root
	if e.Mailbox != "" && e.Mailbox != "INBOX" {
		levels := strings.Split(e.Mailbox, "/")
		for i, level := range levels {
			levels[i] = wire.EncodeUTF7(level)
		}
		folder = filepath.Join(m.root, "."+strings.Join(levels, "."))
		if err := m.makeFolder(folder); err != nil {
			return err
		}
	}
	letters, err := m.letters(folder, e.Flags)
	if err != nil {
		return err
	}
	m.written++
	name := fmt.Sprintf("%d.%08d.letterbox", e.Date.Unix(), m.written)
	temporary := filepath.Join(folder, "tmp", name)
	var lf []byte
	for line := range strings.Lines(string(e.Body)) {
		lf = append(lf, toLF([]byte(line))...)
	}
	if err := os.WriteFile(temporary, lf, 0o600); err != nil {
		return err
	}
	if err := os.Chtimes(temporary, time.Time{}, e.Date); err != nil {
		return err
	}
	return os.Rename(temporary, filepath.Join(folder, "cur", name+":2,"+letters))
}

// letters turns flags into sorted letters; new keywords get the next number.
func (m *MaildirWriter) letters(folder string, flags []string) (string, error) {
	var letters []byte
	for _, flag := range flags {
		i := slices.IndexFunc(maildirLetters, func(l struct {
			letter byte
			flag   string
		}) bool {
			return strings.EqualFold(l.flag, flag)
		})
		if i >= 0 {
			letters = append(letters, maildirLetters[i].letter)
			continue
		}
		number, err := m.keyword(folder, flag)
		if err != nil {
			return "", err
		}
		if number < 26 {
			letters = append(letters, byte('a'+number))
		}
	}
	slices.Sort(letters)
	return string(slices.Compact(letters)), nil
}

// keyword returns the number of a keyword in its folder; from 26 on there is no
// letter for it.
func (m *MaildirWriter) keyword(folder, keyword string) (int, error) {
	known := m.keywords[folder]
	if i := slices.Index(known, keyword); i >= 0 {
		return i, nil
	}
	if len(known) == 26 || !isKeyword(keyword) {
		return 26, nil
	}
	m.keywords[folder] = append(known, keyword)
	var lines strings.Builder
	for i, name := range m.keywords[folder] {
		fmt.Fprintf(&lines, "%d %s\n", i, name)
	}
	return len(known), os.WriteFile(filepath.Join(folder, "dovecot-keywords"), []byte(lines.String()), 0o600)
}
