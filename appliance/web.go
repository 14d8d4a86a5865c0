package appliance

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// web is what HTTPS serves.
func web() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "This is a mail server (Letterbox). Read your mail with a mail program: IMAP on port 993, SMTP on port 465.")
	})
	return mux
}

// redirect sends visitors of port 80 to HTTPS, under this machine's name
// whatever they called it.
func (a *Appliance) redirect(d *Data) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "use https", http.StatusBadRequest)
			return
		}
		addr := a.Addr("https")
		if addr == nil {
			http.NotFound(w, r)
			return
		}
		host := d.Config.Hostname
		if _, port, _ := net.SplitHostPort(addr.String()); port != "443" {
			host = net.JoinHostPort(host, port)
		}
		to := url.URL{Scheme: "https", Host: host, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
		http.Redirect(w, r, to.String(), http.StatusFound)
	})
}
