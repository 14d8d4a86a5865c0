// Letterbox is a mail server for a family's or a small office's own domains, in
// one program and one data folder. Run 'letterbox demo' to see it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // the program runs where no zoneinfo is installed

	_ "golang.org/x/crypto/x509roots/fallback" // nor root certificates
	"letterbox/command"
	"letterbox/control"
)

func main() {
	// Everything written is mail, keys, or says whose mail there is.
	syscall.Umask(0o077)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks to finish; the second ends the process at once.
	context.AfterFunc(ctx, stop)
	status := command.Main(ctx, os.Args[1:], control.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	os.Exit(status)
}
