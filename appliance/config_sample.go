package appliance

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// WriteSample writes a configuration file in which every key stands with what
// it means and its default, commented out.
func WriteSample(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Letterbox: the configuration, with every key at its default.\n")
	fmt.Fprintf(b, "# It belongs into the data folder as %s. Every key may be left out.\n", ConfigFile)
	fmt.Fprintf(b, "# What stands here counts before what is chosen in the browser, and after a\n")
	fmt.Fprintf(b, "# restart; 'letterbox config show' says where each value comes from.\n\n")
	c := Default()
	v := reflect.ValueOf(&c).Elem()
	for _, k := range keys(&c) {
		if !strings.Contains(k.name, ".") {
			writeKey(b, k, k.name)
		}
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); isSection(f.Type) {
			writeSection(b, f.Tag.Get("toml"), f.Tag.Get("doc"), v.Field(i))
		}
	}
	return b.Flush()
}

func writeSection(b *bufio.Writer, name, doc string, v reflect.Value) {
	fmt.Fprintln(b)
	writeComment(b, doc)
	fmt.Fprintf(b, "[%s]\n\n", name)
	for _, k := range appendKeys(nil, "", v) {
		writeKey(b, k, k.name)
	}
}

func writeKey(b *bufio.Writer, k key, name string) {
	writeComment(b, k.doc)
	fmt.Fprintf(b, "#%s = %s\n\n", name, k.literal())
}

// writeComment breaks text into lines of at most 80 letters.
func writeComment(b *bufio.Writer, text string) {
	line := "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 80 {
			fmt.Fprintln(b, line)
			line = "#"
		}
		line += " " + word
	}
	fmt.Fprintln(b, line)
}
