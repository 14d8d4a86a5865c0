//go:build !linux

package backup

// unhurried runs fn; only Linux has priorities for threads.
func unhurried(fn func()) { fn() }
