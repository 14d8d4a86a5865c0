package appliance

import (
	"context"
	"net"
	"net/http"
	"time"
)

// httpDrain is how long requests under way may take once the appliance stops.
const httpDrain = 5 * time.Second

// serveHTTP serves h on ln until ctx ends, which the requests see too; then it
// lets them finish.
func serveHTTP(ctx context.Context, ln net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler:           h,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	drained := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(drained)
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), httpDrain)
		defer cancel()
		if server.Shutdown(limit) != nil {
			_ = server.Close()
		}
	})
	err := server.Serve(ln)
	if stop() { // it failed by itself
		return err
	}
	<-drained
	return nil
}
