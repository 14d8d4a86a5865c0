package admin

// A Setting is a key of the configuration as it is now.
type Setting struct {
	Key     string // "imap.max_connections"
	Doc     string // what it means
	Value   string // as it is written in the file
	Default string
}
