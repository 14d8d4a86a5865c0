package appliance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// healthTime is how long the database may take to answer before the appliance
// counts as not ready.
const healthTime = 2 * time.Second

// Healthy reports why the appliance cannot serve, or nil.
func (d *Data) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	_, err := d.Directory.Domains(ctx)
	return err
}

// monitoring answers /livez, /readyz and /metrics.
func (a *Appliance) monitoring(d *Data) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		err := d.Healthy(r.Context())
		if a.stopping.Load() {
			err = errors.New("stopping")
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.Handle("GET /metrics", d.Telemetry.Handler())
	return mux
}
