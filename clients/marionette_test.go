package clients

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// marionette is Mozilla's remote control of its programs: lengths, colons and
// JSON over TCP.
type marionette struct {
	conn net.Conn
	in   *bufio.Reader
	last int
}

// openMarionette takes the control of a program whose window is open.
func openMarionette(conn net.Conn) (*marionette, error) {
	m := &marionette{conn: conn, in: bufio.NewReader(conn)}
	if _, err := m.read(); err != nil { // who it is
		return nil, err
	}
	if _, err := m.call("WebDriver:NewSession", map[string]any{}); err != nil {
		return nil, err
	}
	_, err := m.call("Marionette:SetContext", map[string]any{"value": "chrome"})
	return m, err
}

// run runs a script in the program itself: the body of an async function with
// args, whose value comes back as text.
func (m *marionette) run(script string, args ...any) (string, error) {
	const frame = `const [...given] = arguments, done = given.pop();
		(async (...args) => { %s })(...given).then(v => done([String(v), null]), e => done([null, String(e) + "\n" + e.stack]));`
	if args == nil {
		args = []any{}
	}
	value, err := m.call("WebDriver:ExecuteAsyncScript", map[string]any{"script": fmt.Sprintf(frame, script), "args": args, "scriptTimeout": 60000})
	if err != nil {
		return "", err
	}
	var answer struct{ Value [2]*string }
	if err := json.Unmarshal(value, &answer); err != nil {
		return "", fmt.Errorf("answer of a script: %w: %s", err, value)
	}
	if answer.Value[1] != nil {
		return "", fmt.Errorf("script: %s", *answer.Value[1])
	}
	if answer.Value[0] == nil {
		return "", fmt.Errorf("a script that answers nothing: %s", value)
	}
	return *answer.Value[0], nil
}

// call sends a command and returns its answer.
func (m *marionette) call(name string, parameters map[string]any) (json.RawMessage, error) {
	m.last++
	text, err := json.Marshal([]any{0, m.last, name, parameters})
	if err != nil {
		return nil, err
	}
	m.conn.SetDeadline(time.Now().Add(90 * time.Second))
	if _, err := fmt.Fprintf(m.conn, "%d:%s", len(text), text); err != nil {
		return nil, err
	}
	raw, err := m.read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var answer [4]json.RawMessage // 1, number, error, value
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, raw)
	}
	if string(answer[2]) != "null" {
		return nil, fmt.Errorf("%s: %s", name, answer[2])
	}
	return answer[3], nil
}

func (m *marionette) read() ([]byte, error) {
	m.conn.SetDeadline(time.Now().Add(90 * time.Second))
	head, err := m.in.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(head[:len(head)-1])
	if err != nil {
		return nil, err
	}
	body := make([]byte, n)
	_, err = io.ReadFull(m.in, body)
	return body, err
}
