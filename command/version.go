package command

import (
	"context"
	"fmt"
	"runtime"

	"letterbox/appliance"
)

type versionCmd struct{}

func (c *versionCmd) local(_ context.Context, s *shell) error {
	_, err := fmt.Fprintf(s.Out, "letterbox %s (%s, %s/%s)\n", appliance.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
