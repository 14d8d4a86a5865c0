package imapd

import (
	"bytes"
	"testing"

	"letterbox/message"
)

// FuzzBodyPart takes the structures of any messages apart: what is found is a
// body, or nothing, and every part that FETCH finds has one.
func FuzzBodyPart(f *testing.F) {
	f.Add([]byte("Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x\nContent-Type: message/rfc822\n\nSubject: \"(\n\nb\n--x--\n"), byte(2), byte(1))
	f.Add([]byte("Subject: x\nContent-Description: a \"quoted\\\" (one\n\nb"), byte(1), byte(1))
	f.Fuzz(func(t *testing.T, raw []byte, a, b byte) {
		m := message.Parse(raw)
		body := message.BodyOf(m.BodyStructure)
		for _, path := range [][]int{nil, {int(a)}, {int(a), int(b)}} {
			part := bodyPart(body, path)
			if part != nil && (part[0] != '(' || part[len(part)-1] != ')' || !bytes.Contains(body, part)) {
				t.Errorf("part %v of %s is %s", path, body, part)
			}
			if found := m.Root.Find(path); found != nil && part == nil {
				t.Errorf("part %v of %s has no structure", path, body)
			}
			if part != nil {
				decodedBody(part, &contents{size: 1})
			}
		}
	})
}
