package appliance

import (
	"io"
	"log/slog"
)

// NewLogger returns the logger that the configuration asks for, and its level, which
// may be changed while it logs.
func (l Log) NewLogger(w io.Writer) (*slog.Logger, *slog.LevelVar) {
	level := &slog.LevelVar{}
	level.Set(l.level())
	options := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options)), level
	}
	return slog.New(slog.NewTextHandler(w, options)), level
}

// useLog has the log begin with the level that c says, from now on.
func (d *Data) useLog(c *Config) error {
	if d.level != nil {
		d.level.Set(c.Log.level())
	}
	return nil
}

func (l Log) level() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return slog.LevelInfo // Check refuses it before
	}
	return level
}
