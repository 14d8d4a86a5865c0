package junk

import (
	"bytes"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"letterbox/message"
)

// isLink tells a link in text from words.
func isLink(chunk string) bool {
	return strings.Contains(chunk, "://") || strings.HasPrefix(chunk, "www.")
}

// link notes where a link leads, and how it hides that.
func (c *collector) link(text string) {
	if i := strings.Index(text, "://"); i > 0 {
		start := strings.LastIndexFunc(text[:i], func(r rune) bool { return r < 'a' || r > 'z' }) + 1
		text = text[start:]
	} else {
		text = "http://" + text
	}
	text = strings.TrimRight(text, `.,;:!?)>]}"'`)
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		c.add("broken link")
		return
	}
	host := strings.ToLower(u.Hostname())
	if u.User != nil {
		c.add("link with a name before the host")
	}
	if u.Port() != "" {
		c.add("link with a port")
	}
	if strings.Contains(host, "xn--") {
		c.add("link with foreign letters")
	}
	if _, err := netip.ParseAddr(host); err == nil || isNumber(strings.TrimPrefix(host, "0x")) {
		c.add("link to a bare address")
	}
	c.domain("link:", host)
	for _, word := range strings.FieldsFunc(strings.ToLower(u.EscapedPath()), func(r rune) bool {
		return r != '-' && r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}) {
		if len(word) >= minWord && len(word) <= maxWord {
			c.add("link/" + word)
		}
	}
	if strings.Contains(u.RawQuery, "@") {
		c.add("link with an address in it")
	}
}

// html reads the text that is shown, the links, and what is meant not to be seen.
func (c *collector) html(source []byte) {
	z := html.NewTokenizer(bytes.NewReader(source))
	z.SetMaxBuf(maxText)
	var shown bytes.Buffer
	skip := ""
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			c.words("", shown.Bytes())
			return
		case html.TextToken:
			if skip == "" {
				shown.Write(z.Text())
			}
		case html.CommentToken:
			c.add("html comment")
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := string(name)
			if tag == "script" || tag == "style" {
				skip = tag
			}
			c.tag(tag)
			for more {
				var key, value []byte
				key, value, more = z.TagAttr()
				c.attribute(tag, string(key), string(value))
			}
			separate(&shown, tag)
		case html.EndTagToken:
			name, _ := z.TagName()
			if string(name) == skip {
				skip = ""
			}
			separate(&shown, string(name))
		}
	}
}

// separate keeps the words of different blocks apart. Elements within a line
// separate nothing: V<b></b>iagra is one word.
func separate(b *bytes.Buffer, tag string) {
	switch tag {
	case "a", "abbr", "b", "big", "em", "font", "i", "s", "small", "span", "strong", "sub", "sup", "u", "tt", "code":
		return
	}
	b.WriteByte('\n')
}

// tag notes elements that letters rarely have.
func (c *collector) tag(tag string) {
	switch tag {
	case "script", "form", "iframe", "object", "embed", "input", "img", "table", "font", "center", "marquee", "base", "area":
		c.add("html:" + tag)
	}
}

// attribute notes links, and text that is made invisible.
func (c *collector) attribute(tag, key, value string) {
	value = message.Fold(strings.Join(strings.Fields(value), ""))
	switch key {
	case "href", "src", "action", "background":
		switch {
		case strings.HasPrefix(value, "mailto:"):
			_, domain, _ := strings.Cut(value, "@")
			domain, _, _ = strings.Cut(domain, "?")
			c.domain("mailto:", domain)
		case isLink(value):
			if tag == "img" {
				c.add("picture from elsewhere")
			}
			c.link(value)
		}
	case "style":
		for _, hidden := range []string{"display:none", "font-size:0", "font-size:1px", "visibility:hidden", "opacity:0", "color:#fff"} {
			if strings.Contains(value, hidden) {
				c.add("hidden text")
			}
		}
	case "width", "height":
		if value == "1" || value == "0" {
			c.add("picture that nobody sees")
		}
	case "color", "bgcolor":
		c.add("html " + key + " " + shorten(value))
	case "size":
		if tag == "font" {
			c.add("html size " + shorten(value))
		}
	}
}
