package control

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// drainTime is how long a command that was told to stop may take.
const drainTime = 5 * time.Second

// Serve answers calls on l until ctx ends, which ends the commands too.
func Serve(ctx context.Context, l net.Listener, run Execute) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /run", func(w http.ResponseWriter, r *http.Request) {
		serveCall(w, r, run)
	})
	server := &http.Server{
		Handler:           mux,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
	}
	drained := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(drained)
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		if server.Shutdown(limit) != nil {
			server.Close()
		}
	})
	err := server.Serve(l)
	if stop() { // Serve failed by itself
		return err
	}
	<-drained
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func serveCall(w http.ResponseWriter, r *http.Request, run Execute) {
	control := http.NewResponseController(w)
	// Without it, net/http reads the whole input before the first output.
	if err := control.EnableFullDuplex(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusOK)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	in, feed := io.Pipe()
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		pump(feed, r.Body, cancel)
	}()
	out := &frames{w: w, flush: control.Flush}
	status := run(ctx, r.URL.Query()["arg"], Stdio{
		In:  in,
		Out: stream{out, frameOut},
		Err: stream{out, frameErr},
	})
	in.Close()
	// When the caller is gone nobody is there to be told.
	_, _ = out.write(frameStatus, []byte{byte(status)})
	// The caller may still be sending. It hangs up when it has read the
	// status; closing first could cost it the answer.
	<-fed
}

// pump hands the body to the command, and what the command does not want to
// nobody. Reading it all the time is also how net/http notices that the caller
// went away.
func pump(in *io.PipeWriter, body io.Reader, gone func()) {
	_, err := io.Copy(in, body)
	in.CloseWithError(err)
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		gone()
	}
	_, _ = io.Copy(io.Discard, body)
}
