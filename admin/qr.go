package admin

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// A qrImage is a QR code as the path of an SVG, one unit a module.
type qrImage struct {
	size int // modules, with the quiet zone
	path string
}

// quiet is the margin that readers need (ISO/IEC 18004 asks for four modules).
const quiet = 4

func newQR(text string) (*qrImage, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("make a QR code: %w", err)
	}
	bounds := code.Bounds()
	var path strings.Builder
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return &qrImage{bounds.Dx() + 2*quiet, path.String()}, nil
}
