package discover

// A Location is an SRV record: where a service of a domain is (RFC 2782).
type Location struct {
	Service  string // _imaps._tcp
	Priority int    // the lowest is asked first
	Port     int
	Target   string // "." says that there is no such service
}

// Locations are the SRV records of a domain for mail programs: RFC 6186, with
// what is encrypted from the start preferred (RFC 8314 section 5.1), and where
// Outlook asks for its settings.
func (s *Settings) Locations() (list []Location) {
	for _, v := range []struct {
		name     string
		priority int
		port     int
	}{
		{"_imaps._tcp", 0, s.IMAPS},
		{"_imap._tcp", 10, s.IMAP},
		{"_submissions._tcp", 0, s.Submissions},
		{"_submission._tcp", 10, s.Submit},
		{"_autodiscover._tcp", 0, s.HTTPS},
	} {
		if v.port != 0 {
			list = append(list, Location{v.name, v.priority, v.port, s.Hostname + "."})
		}
	}
	// RFC 6186 section 3.4: a single "." says that a service is not offered.
	return append(list, Location{"_pop3._tcp", 0, 0, "."}, Location{"_pop3s._tcp", 0, 0, "."})
}
