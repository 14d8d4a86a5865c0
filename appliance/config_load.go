package appliance

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// ConfigFile is the name of the configuration in the data folder.
const ConfigFile = "letterbox.toml"

// Load puts a configuration together: the defaults, then the file, then the
// settings (each "key=value"), and checks it. An empty file name means
// ConfigFile in the data folder, which need not exist.
func Load(data, file string, settings []string) (Config, error) {
	c := Default()
	c.Data = data
	optional := file == ""
	if optional {
		file = filepath.Join(data, ConfigFile)
	}
	text, err := os.ReadFile(file)
	switch {
	case optional && errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return c, fmt.Errorf("read configuration: %w", err)
	default:
		c.File = file
		if err := errors.Join(c.decode(text), c.noteFile(text)); err != nil {
			return c, fmt.Errorf("%s: %w", file, err)
		}
	}
	for _, s := range settings {
		if err := c.Set(s); err != nil {
			return c, fmt.Errorf("--set: %w", err)
		}
	}
	return c, c.Check()
}

// decode reads TOML strictly: what nobody knows is an error.
func (c *Config) decode(text []byte) error {
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(c)
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		var list []error
		for _, e := range unknown.Errors {
			line, _ := e.Position()
			list = append(list, fmt.Errorf("line %d: %w", line, unknownKey(strings.Join(e.Key(), "."))))
		}
		return errors.Join(list...)
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		line, column := wrong.Position()
		return fmt.Errorf("line %d, column %d: %s", line, column, explain(wrong))
	}
	return err
}

// noteFile notes which keys a file has.
func (c *Config) noteFile(text []byte) error {
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		return err
	}
	for _, k := range keys(c) {
		section, name, nested := strings.Cut(k.name, ".")
		table := tree
		if nested {
			table, _ = tree[section].(map[string]any)
		} else {
			name = k.name
		}
		if _, given := table[name]; given {
			c.came(k.name, FromFile)
		}
	}
	return nil
}

// explain says what is wrong with a value in words of the file, not of Go.
func explain(e *toml.DecodeError) string {
	name, c := strings.Join(e.Key(), "."), Default()
	for _, k := range keys(&c) {
		switch {
		case k.name != name:
		case k.value.Kind() == reflect.Bool:
			return name + " wants true or false, without quotes"
		case k.value.Kind() == reflect.String:
			return name + " wants a text in quotes"
		}
	}
	return strings.TrimPrefix(e.Error(), "toml: ")
}
