package message

import (
	"io"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxToken bounds one tag or run of text of HTML in memory.
const maxToken = 1 << 20

// htmlText reads the text of HTML: no markup, no scripts or styles, entities
// decoded, a line break where a block begins or ends.
type htmlText struct {
	src       io.Reader
	tokenizer *html.Tokenizer
	out       []byte
	hidden    atom.Atom // the element whose content is left out
	plain     bool      // gave up on markup: the rest passes as it is
	err       error
}

func newHTMLText(src io.Reader) io.Reader {
	h := &htmlText{src: src, tokenizer: html.NewTokenizer(src)}
	h.tokenizer.SetMaxBuf(maxToken)
	return h
}

func (h *htmlText) Read(p []byte) (int, error) {
	for len(h.out) == 0 {
		if h.err != nil {
			return 0, h.err
		}
		if h.plain {
			n, err := h.src.Read(p)
			return n, err
		}
		h.next()
	}
	n := copy(p, h.out)
	h.out = h.out[n:]
	return n, nil
}

func (h *htmlText) next() {
	switch h.tokenizer.Next() {
	case html.ErrorToken:
		h.fail(h.tokenizer.Err())
	case html.TextToken:
		if h.hidden == 0 {
			h.out = append(h.out[:0], h.tokenizer.Text()...)
		}
	case html.StartTagToken:
		h.begin(h.name())
	case html.SelfClosingTagToken:
		h.separate(h.name())
	case html.EndTagToken:
		name := h.name()
		if name == h.hidden {
			h.hidden = 0
		}
		h.separate(name)
	}
}

// fail ends the text; a token that is too large is passed on as it is, and so is
// what follows, rather than lost.
func (h *htmlText) fail(err error) {
	if err == html.ErrBufferExceeded {
		h.out = append(h.out[:0], h.tokenizer.Raw()...)
		h.out = append(h.out, h.tokenizer.Buffered()...)
		h.plain = true
		return
	}
	h.err = err
}

func (h *htmlText) name() atom.Atom {
	name, _ := h.tokenizer.TagName()
	return atom.Lookup(name)
}

func (h *htmlText) begin(name atom.Atom) {
	switch name {
	case atom.Script, atom.Style, atom.Title, atom.Template:
		if h.hidden == 0 {
			h.hidden = name
		}
	}
	h.separate(name)
}

// separate keeps the words of different blocks apart. Inline elements separate
// nothing: "<b>H</b>ello" is one word.
func (h *htmlText) separate(name atom.Atom) {
	switch name {
	case atom.A, atom.Abbr, atom.Acronym, atom.B, atom.Bdi, atom.Bdo, atom.Big, atom.Cite, atom.Code,
		atom.Del, atom.Em, atom.Font, atom.I, atom.Ins, atom.Kbd, atom.Mark, atom.Q, atom.S,
		atom.Samp, atom.Small, atom.Span, atom.Strike, atom.Strong, atom.Sub, atom.Sup, atom.Tt,
		atom.U, atom.Var, atom.Wbr, 0:
		return
	}
	h.out = append(h.out[:0], '\n')
}
