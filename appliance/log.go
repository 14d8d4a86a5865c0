package appliance

import (
	"io"
	"log/slog"
)

// NewLogger returns the logger that the configuration asks for.
func (l Log) NewLogger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: l.level()}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func (l Log) level() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		return slog.LevelInfo // Check refuses it before
	}
	return level
}
