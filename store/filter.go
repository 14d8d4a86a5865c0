package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrNoFilter says that there is no filter of a name.
var ErrNoFilter = errors.New("no such filter")

// filterEntries are where filters are kept, among the annotations of the server:
// a user's own come first (RFC 5466 section 3.2).
var filterEntries = [...]string{"/private/filters/values/", "/shared/filters/values/"}

// Filter returns the search that a user has named, in the syntax of SEARCH;
// ErrNoFilter.
func (s *Store) Filter(ctx context.Context, user AccountID, name string) (string, error) {
	all, err := s.Metadata(ctx, ServerMetadata, user)
	if err != nil {
		return "", fmt.Errorf("look filter %q up: %w", name, err)
	}
	for _, root := range filterEntries {
		for _, a := range all {
			if strings.EqualFold(a.Name, root+name) {
				return string(a.Value), nil
			}
		}
	}
	return "", fmt.Errorf("%q: %w", name, ErrNoFilter)
}

// FilterName returns the name of the filter that an annotation of the server
// keeps; false for other annotations.
func FilterName(entry string) (name string, ok bool) {
	for _, root := range filterEntries {
		if len(entry) > len(root) && strings.EqualFold(entry[:len(root)], root) {
			return entry[len(root):], true
		}
	}
	return "", false
}
