package discover

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
)

// plistHead is how a property list of Apple's begins.
const plistHead = xml.Header + `<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
`

// A dict is a dictionary of a property list, in the order in which it is written.
type dict []entry

type entry struct {
	key   string
	value any // a string, int, bool, dict or []dict
}

// plist writes a property list.
func plist(d dict) []byte {
	b := bytes.NewBufferString(plistHead)
	writeDict(b, d)
	b.WriteString("</plist>\n")
	return b.Bytes()
}

func writeDict(b *bytes.Buffer, d dict) {
	b.WriteString("<dict>\n")
	for _, e := range d {
		fmt.Fprintf(b, "<key>%s</key>", escaped(e.key))
		writeValue(b, e.value)
	}
	b.WriteString("</dict>\n")
}

func writeValue(b *bytes.Buffer, value any) {
	switch v := value.(type) {
	case string:
		fmt.Fprintf(b, "<string>%s</string>\n", escaped(v))
	case int:
		fmt.Fprintf(b, "<integer>%d</integer>\n", v)
	case bool:
		fmt.Fprintf(b, "<%s/>\n", strconv.FormatBool(v))
	case dict:
		b.WriteByte('\n')
		writeDict(b, v)
	case []dict:
		b.WriteString("<array>\n")
		for _, d := range v {
			writeDict(b, d)
		}
		b.WriteString("</array>\n")
	}
}

// escaped is a text as XML has it; what XML cannot say at all is replaced.
func escaped(text string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	return b.String()
}
