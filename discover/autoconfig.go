package discover

import (
	"encoding/xml"
	"net/http"
)

// clientConfig is what Thunderbird, and many after it, understand
// (https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat).
type clientConfig struct {
	XMLName  xml.Name      `xml:"clientConfig"`
	Version  string        `xml:"version,attr"`
	Provider emailProvider `xml:"emailProvider"`
}

type emailProvider struct {
	ID        string       `xml:"id,attr"`
	Domain    string       `xml:"domain"`
	Name      string       `xml:"displayName"`
	ShortName string       `xml:"displayShortName"`
	Incoming  []mailServer `xml:"incomingServer"`
	Outgoing  []mailServer `xml:"outgoingServer"`
}

type mailServer struct {
	Type       string `xml:"type,attr"`
	Hostname   string `xml:"hostname"`
	Port       int    `xml:"port"`
	SocketType string `xml:"socketType"`
	Login      string `xml:"authentication"`
	Username   string `xml:"username"`
}

// autoconfig answers config-v1.1.xml.
func (s *Settings) autoconfig(w http.ResponseWriter, r *http.Request) {
	domain := s.domainOf(r, r.URL.Query().Get("emailaddress"))
	if domain == "" {
		http.NotFound(w, r)
		return
	}
	writeXML(w, clientConfig{Version: "1.1", Provider: emailProvider{
		ID:        domain,
		Domain:    domain,
		Name:      domain,
		ShortName: domain,
		Incoming:  s.mailServers("imap", s.imap()),
		Outgoing:  s.mailServers("smtp", s.submit()),
	}})
}

func (s *Settings) mailServers(kind string, services []service) (list []mailServer) {
	for _, v := range services {
		socket := "STARTTLS"
		if v.ssl {
			socket = "SSL"
		}
		list = append(list, mailServer{
			Type:       kind,
			Hostname:   s.Hostname,
			Port:       v.port,
			SocketType: socket,
			Login:      "password-cleartext", // within TLS
			Username:   "%EMAILADDRESS%",
		})
	}
	return list
}

func writeXML(w http.ResponseWriter, v any) {
	text, err := xml.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write(append([]byte(xml.Header), text...))
}
