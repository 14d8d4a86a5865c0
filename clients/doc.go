// Package clients drives real mail clients and other mail servers, as Debian ships
// them, against the real program: its binary, its command line, TLS, real sockets. It
// has tests only. What is not installed is skipped, unless LETTERBOX_CLIENTS is
// "require", as `make test` sets it after installing them.
package clients
