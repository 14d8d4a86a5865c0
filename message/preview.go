package message

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode"
)

// Bounds of a preview: characters told (RFC 8970 section 3.1 allows 256), and
// bytes of text looked at for them.
const (
	maxPreview     = 200
	previewFrom    = 16 << 10
	previewOfParts = 8
)

// preview tells the first words of the first text part that has any.
func preview(raw []byte, root *Part) string {
	parts := previewOfParts
	return previewOf(raw, root, &parts)
}

func previewOf(raw []byte, p *Part, parts *int) string {
	if *parts <= 0 || p.Attachment {
		return ""
	}
	if p.Kind != Leaf {
		for i := range p.Children {
			if text := previewOf(raw, &p.Children[i], parts); text != "" {
				return text
			}
		}
		return ""
	}
	if !strings.HasPrefix(p.Type, "text/") {
		return ""
	}
	*parts--
	return words(bufio.NewReaderSize(io.LimitReader(textOf(raw, p), previewFrom), 512))
}

// attribution is the line that mail clients put above what they quote.
var attribution = regexp.MustCompile(`(?i)^(on|am|le|el|il|op|den)\b.{5,200}(wrote|schrieb|écrit|escribió|scritto|schreef|skrev)\s?.{0,40}:$`)

// words joins the lines that the sender wrote: without quotes, attributions and
// signature, unless nothing else is there. It reads no further than it must.
func words(text *bufio.Reader) string {
	var own, all folder
	for !own.full() {
		line, err := text.ReadSlice('\n') // of a long line, a piece
		if string(bytes.TrimRight(line, "\r\n")) == "-- " {
			break
		}
		trimmed := bytes.TrimRight(line, " \t\r\n")
		all.add(trimmed)
		if !bytes.HasPrefix(trimmed, []byte(">")) && !isAttribution(trimmed) {
			own.add(trimmed)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
	}
	if own.text.Len() > 0 {
		return strings.TrimSpace(own.text.String())
	}
	return strings.TrimSpace(all.text.String())
}

func isAttribution(line []byte) bool {
	return bytes.HasSuffix(line, []byte(":")) && attribution.Match(line)
}

// folder gathers text with white space folded, up to a preview's length.
type folder struct {
	text  strings.Builder
	runes int
	space bool
}

func (f *folder) full() bool { return f.runes >= maxPreview }

func (f *folder) add(line []byte) {
	f.space = f.runes > 0
	for _, r := range string(line) {
		switch {
		case f.full():
			return
		case unicode.IsSpace(r), r == '\u00ad', r == '\u200b', r == '\u200c', r == '\u034f', r == '\ufeff':
			f.space = f.space || f.runes > 0
		case unicode.IsControl(r), r == unicode.ReplacementChar:
		default:
			f.rune(r)
		}
	}
}

func (f *folder) rune(r rune) {
	if f.space {
		f.text.WriteByte(' ')
		f.runes++
		f.space = false
		if f.full() {
			return
		}
	}
	f.text.WriteRune(r)
	f.runes++
}
