package imapd

import (
	"context"
	"strings"

	"letterbox/habit"
	"letterbox/imapd/wire"
)

// maxIDFields bounds the field-value pairs of ID (RFC 2971 section 3.3).
const maxIDFields = 30

// id runs ID (RFC 2971). What clients say of themselves is a label for the log,
// never a switch for behaviour.
func id(ctx context.Context, s *session, d *wire.Decoder, _ *call) error {
	d.SP()
	client := idFields(d)
	if err := d.End(); err != nil {
		return err
	}
	if len(client) > 0 {
		s.log.Info("client introduced itself", "client", client)
		who := introduced(client)
		s.watched.Introduced(who)
		s.client = strings.TrimSpace(who.Name + " " + who.Version)
		s.noteDevice(ctx)
	}
	s.enc.Text(`* ID ("name" "Letterbox"`)
	if v := s.srv.cfg.Version; v != "" {
		s.enc.Text(` "version" `)
		s.enc.String(v)
	}
	s.enc.Text(")")
	s.enc.CRLF()
	return nil
}

// idFields reads the pairs of ID, which may be NIL, to field=value.
func idFields(d *wire.Decoder) []string {
	if d.Peek() != '(' {
		if _, ok := d.NString(); ok {
			d.Fail("a list or NIL")
		}
		return nil
	}
	var fields []string
	d.List(func() {
		name := d.String()
		d.SP()
		if value, ok := d.NString(); ok {
			fields = append(fields, name+"="+value)
		}
		if len(fields) > maxIDFields {
			d.Fail("at most 30 fields")
		}
	})
	return fields
}

// introduced picks what tells clients apart from the fields of ID.
func introduced(fields []string) (c habit.Client) {
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		switch strings.ToLower(name) {
		case "name":
			c.Name = value
		case "version":
			c.Version = value
		case "os":
			c.OS = value
		}
	}
	return c
}
