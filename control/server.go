package control

import (
	"context"
	"errors"
	"io"
	"net/http"
)

// Handler answers calls. Serve it on what Listen returned, with a base context
// whose end is to stop the commands.
func Handler(run Execute) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /run", func(w http.ResponseWriter, r *http.Request) {
		serveCall(w, r, run)
	})
	return mux
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
