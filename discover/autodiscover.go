package discover

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// outlookSchema is the answer that Outlook asks for.
const outlookSchema = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"

// maxRequest bounds what is read of a request.
const maxRequest = 16 << 10

// discoverRequest is what Outlook posts (MS-OXDSCLI section 2.2.3).
type discoverRequest struct {
	Address string `xml:"Request>EMailAddress"`
	Schema  string `xml:"Request>AcceptableResponseSchema"`
}

// parseRequest reads a request; an error says what is wrong with it.
func parseRequest(r io.Reader) (q discoverRequest, err error) {
	d := xml.NewDecoder(io.LimitReader(r, maxRequest))
	if err := d.Decode(&q); err != nil {
		return q, fmt.Errorf("no autodiscover request: %w", err)
	}
	q.Address, q.Schema = strings.TrimSpace(q.Address), strings.TrimSpace(q.Schema)
	if !strings.Contains(q.Address, "@") {
		return q, errors.New("no autodiscover request: it has no e-mail address")
	}
	return q, nil
}

type discoverReply struct {
	XMLName  xml.Name      `xml:"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006 Autodiscover"`
	Response discoverInner `xml:"Response"`
}

type discoverInner struct {
	Schema  string          `xml:"xmlns,attr"`
	Account discoverAccount `xml:"Account"`
}

type discoverAccount struct {
	Type      string             `xml:"AccountType"`
	Action    string             `xml:"Action"`
	Protocols []discoverProtocol `xml:"Protocol"`
}

type discoverProtocol struct {
	Type           string `xml:"Type"`
	Server         string `xml:"Server"`
	Port           string `xml:"Port"`
	DomainRequired string `xml:"DomainRequired"`
	LoginName      string `xml:"LoginName,omitempty"`
	SPA            string `xml:"SPA"`
	SSL            string `xml:"SSL"`
	Encryption     string `xml:"Encryption"`
	AuthRequired   string `xml:"AuthRequired"`
}

// autodiscover answers the POX request of Outlook. A request for Exchange's own
// protocols (another schema) gets 404.
func (s *Settings) autodiscover(w http.ResponseWriter, r *http.Request) {
	q, err := parseRequest(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if q.Schema != "" && q.Schema != outlookSchema || s.domainOf(r, q.Address) == "" {
		http.NotFound(w, r)
		return
	}
	s.writeAccount(w, q.Address)
}

// autodiscoverDomain answers those who only ask for the page, as Delta Chat does:
// for the domain that they ask under, and with no name to sign in as.
func (s *Settings) autodiscoverDomain(w http.ResponseWriter, r *http.Request) {
	if s.domainOf(r, "") == "" {
		http.NotFound(w, r)
		return
	}
	s.writeAccount(w, "")
}

func (s *Settings) writeAccount(w http.ResponseWriter, address string) {
	account := discoverAccount{Type: "email", Action: "settings"}
	account.Protocols = append(s.protocols("IMAP", address, s.imap()), s.protocols("SMTP", address, s.submit())...)
	writeXML(w, discoverReply{Response: discoverInner{Schema: outlookSchema, Account: account}})
}

// protocols is the best service of a kind: Outlook takes one.
func (s *Settings) protocols(kind, address string, services []service) []discoverProtocol {
	if len(services) == 0 {
		return nil
	}
	encryption := "TLS"
	if services[0].ssl {
		encryption = "SSL"
	}
	return []discoverProtocol{{
		Type:           kind,
		Server:         s.Hostname,
		Port:           strconv.Itoa(services[0].port),
		DomainRequired: "off",
		LoginName:      address,
		SPA:            "off",
		SSL:            "on",
		Encryption:     encryption,
		AuthRequired:   "on",
	}}
}

// autodiscoverJSON says where a protocol's settings are: of those that Outlook
// asks for, only the POX answer is here.
func (s *Settings) autodiscoverJSON(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	address := r.PathValue("address")
	if address == "" {
		address = q.Get("Email")
	}
	if s.domainOf(r, address) == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if !strings.EqualFold(q.Get("Protocol"), "AutodiscoverV1") {
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(map[string]string{
			"ErrorCode":    "InvalidProtocol",
			"ErrorMessage": "Only AutodiscoverV1 is supported: this server speaks IMAP and SMTP.",
		})
		return
	}
	host := s.Hostname
	if s.HTTPS != 443 {
		host += ":" + strconv.Itoa(s.HTTPS)
	}
	_ = json.NewEncoder(w).Encode(map[string]string{
		"Protocol": "AutodiscoverV1",
		"Url":      "https://" + host + "/autodiscover/autodiscover.xml",
	})
}
