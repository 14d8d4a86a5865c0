package feedback

import (
	"context"
	"errors"

	"letterbox/directory"
)

// Ours reports whether an address is that to which reports about a domain of ours
// come, and returns the domain.
func (f *Feedback) Ours(ctx context.Context, address string) (domain string, ours bool, err error) {
	if f == nil {
		return "", false, nil
	}
	a, err := directory.ParseAddress(address)
	if err != nil || !directory.TakesReports(a) {
		return "", false, nil
	}
	switch _, err := f.Directory.Domain(ctx, a.Domain); {
	case errors.Is(err, directory.ErrNotOurs):
		return "", false, nil
	case err != nil:
		return "", false, err
	}
	return a.Domain, true, nil
}
