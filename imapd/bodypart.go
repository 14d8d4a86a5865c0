package imapd

import (
	"bytes"
	"strconv"
)

// bodyPart finds the part of a body, in the form of FETCH BODY, nil if there is
// none.
func bodyPart(body []byte, path []int) []byte {
	for i, n := range path {
		if body = bodyChild(body, n, i == 0); body == nil {
			return nil
		}
	}
	return body
}

// bodyChild finds part n of a body: of a multipart, of a message within, or of a
// single one at the root, which is its own first part.
func bodyChild(body []byte, n int, root bool) []byte {
	list := elements(body)
	if len(list) == 0 {
		return nil
	}
	if list[0][0] == '(' {
		if n < 1 || n > len(list) || list[n-1][0] != '(' {
			return nil
		}
		return list[n-1]
	}
	isMessage := len(list) > 8 && bytes.EqualFold(list[0], []byte(`"message"`)) && list[8][0] == '('
	switch {
	case root && n == 1:
		return body
	case !root && isMessage:
		return bodyChild(list[8], n, true)
	}
	return nil
}

// decodedBody is a single part's body as it is without transfer encoding (RFC 5524
// section 3.2).
func decodedBody(body []byte, found *contents) []byte {
	list := elements(body)
	if len(list) < 7 || list[0][0] == '(' {
		return body
	}
	list[5], list[6] = []byte(`"BINARY"`), strconv.AppendInt(nil, found.size, 10)
	if len(list) > 7 && bytes.EqualFold(list[0], []byte(`"text"`)) {
		list[7] = strconv.AppendInt(nil, found.lines, 10)
	}
	return append(append([]byte{'('}, bytes.Join(list, []byte{' '})...), ')')
}

// elements are those of a parenthesised list in wire form, which was made here.
func elements(list []byte) (all [][]byte) {
	if len(list) < 2 || list[0] != '(' {
		return nil
	}
	for list = list[1:]; len(list) > 0 && list[0] != ')'; {
		if list[0] == ' ' {
			list = list[1:]
			continue
		}
		n := elementLen(list)
		all = append(all, list[:n])
		list = list[n:]
	}
	return all
}

// elementLen is the length of the first element.
func elementLen(b []byte) int {
	switch b[0] {
	case '(':
		n := 1
		for n < len(b) && b[n] != ')' {
			if b[n] == ' ' {
				n++
				continue
			}
			n += elementLen(b[n:])
		}
		return min(n+1, len(b))
	case '"':
		for n := 1; n < len(b); n++ {
			switch b[n] {
			case '\\':
				n++
			case '"':
				return n + 1
			}
		}
		return len(b)
	case '{':
		end := bytes.IndexByte(b, '}')
		size, err := strconv.Atoi(string(b[1:max(end, 1)]))
		if err != nil {
			return len(b)
		}
		return min(end+len("}\r\n")+size, len(b))
	}
	if n := bytes.IndexAny(b, " ()"); n > 0 {
		return n
	}
	return len(b)
}
