package message

import (
	"bytes"
	"io"

	"golang.org/x/text/transform"
)

// Markup reads a text part as UTF-8, HTML with its markup: for somebody who looks
// at where its links lead.
func Markup(raw []byte, p *Part) io.Reader {
	decoded := Decode(bytes.NewReader(slice(raw, p.Body, p.End)), p.Encoding)
	return transform.NewReader(decoded, decoderFor(p.Charset))
}
