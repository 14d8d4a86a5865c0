package main

import "context"

// The disk figures are taken first, when only the large mailbox is filled, and
// after a clean stop.
func diskBodies(ctx context.Context, c *contest, s server, _ int) (sample, error) {
	body, _, err := diskAtRest(ctx, s)
	return sample{figure: float64(body) / float64(c.bytes)}, err
}

func diskSearch(ctx context.Context, c *contest, s server, _ int) (sample, error) {
	l, ok := s.(*letterbox)
	if !ok {
		return sample{}, nil
	}
	return sample{figure: float64(l.searchIndex()) / float64(c.bytes)}, nil
}

func diskRest(ctx context.Context, c *contest, s server, _ int) (sample, error) {
	_, rest, err := diskAtRest(ctx, s)
	return sample{figure: float64(rest) / float64(c.bytes)}, err
}

func diskAtRest(ctx context.Context, s server) (body, rest int64, err error) {
	s.Stop()
	body, rest = s.Disk()
	return body, rest, s.Start(ctx)
}
