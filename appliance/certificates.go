package appliance

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"letterbox/certificate"
)

// openCertificates opens what the configuration says about TLS.
func openCertificates(d *Data) (*certificate.Keeper, error) {
	c := d.Config.TLS
	authority, err := authority(c, d.Config.Listen)
	if err != nil {
		return nil, err
	}
	keeper, err := certificate.Open(certificate.Options{
		Dir:         d.folder.join(tlsFolder),
		Hostname:    d.Config.Hostname,
		Certificate: c.Certificate,
		Key:         c.Key,
		Authority:   authority,
		Log:         d.Log,
	})
	if err != nil {
		return nil, err
	}
	if authority != nil && len(d.Config.Listen.HTTP) > 0 {
		authority.Reach = keeper.CheckReach(net.DefaultResolver, &http.Client{Timeout: 10 * time.Second})
	}
	return keeper, nil
}

// authority is nil when there is none to ask, or no way to answer when it asks
// back.
func authority(c TLS, l Listen) (*certificate.Authority, error) {
	publisher, err := publisher(c)
	if err != nil {
		return nil, err
	}
	web := len(l.HTTP) > 0 || len(l.HTTPS) > 0
	if c.Authority == "" || publisher == nil && !web {
		return nil, nil
	}
	return &certificate.Authority{
		Directory: c.Authority,
		Contact:   c.Contact,
		UserAgent: "Letterbox/" + Version(),
		DNS:       publisher,
	}, nil
}

// dnsPropagation is how long a zone's other servers may take to learn of a
// change that the first one was told.
const dnsPropagation = 30 * time.Second

func publisher(c TLS) (certificate.Publisher, error) {
	switch {
	case c.DNSCommand != "":
		return certificate.Command(c.DNSCommand), nil
	case c.DNSServer == "":
		return nil, nil
	}
	key, err := os.ReadFile(c.DNSKeyFile)
	if err != nil {
		return nil, fmt.Errorf("tls.dns_key_file: %w", err)
	}
	line, _, _ := strings.Cut(string(key), "\n")
	return &certificate.Update{
		Server:     c.DNSServer,
		Zone:       c.DNSZone,
		KeyName:    c.DNSKeyName,
		KeySecret:  strings.TrimSpace(line),
		Propagates: dnsPropagation,
	}, nil
}
