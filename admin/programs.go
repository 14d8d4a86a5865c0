package admin

import (
	"strconv"
	"time"

	"letterbox/telemetry"
)

// A program is a mail program that is connected now.
type program struct {
	ID     int64
	Name   string // of its app password, or what it calls itself
	Door   string // the key of what it does
	Remote string
	Since  time.Time
}

// programs are the visitor's, the oldest connection first.
func (v *visit) programs() (list []program) {
	for _, g := range v.Telemetry.Sessions() {
		if g.Who.Account == v.user.ID {
			list = append(list, program{g.ID, v.programName(g.Who), "door." + g.Who.Protocol, g.Who.Remote.String(), g.Since})
		}
	}
	return list
}

func (v *visit) programName(w telemetry.Who) string {
	switch {
	case w.With.Name != "":
		return w.With.Name
	case w.Client.Name != "":
		return w.Client.Name
	}
	return v.Say("sittings.program")
}

// endProgram ends a connection of the visitor's.
func (v *visit) endProgram() error {
	f, err := v.form()
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(f.Raw("id"), 10, 64)
	if err != nil {
		return missing
	}
	v.Telemetry.Kick(func(g telemetry.Glance) bool { return g.ID == id && g.Who.Account == v.user.ID })
	return v.done("/me/sessions", "sittings.ended")
}
